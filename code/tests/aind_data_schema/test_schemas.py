"""The published JSON schemas: in step with the models, and true to what the program accepts."""

import json
import re
from typing import ClassVar

import jsonschema
import pytest
import yaml

from make_sidecar_schema import FOLDER, schemas
from miniscope_to_nwb_zarr.aind_data_schema import templates
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import parse_subjects
from miniscope_to_nwb_zarr.core.errors import InputError

SUBJECTS = """\
- subject_id: 007
  species: Mus musculus
  weight_g: 23.1
  surgeries:
    date: 2026-01-20
    has_baseplate: true
    injections:
      - virus: AAV1-Syn-GCaMP6f-WPRE-SV40
        titer_gc_per_ml: 1.2e+12
"""


class Typed(yaml.SafeLoader):
    """YAML as editors type it: numbers and true are what they look like, dates are texts."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def validator(name):
    schema = json.loads(templates.text_of(name))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_the_committed_schemas_are_made_from_the_models():
    for name, text in schemas().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run scripts/make_sidecar_schema.py"


@pytest.mark.parametrize("name", [templates.SIDECAR, "example_session_metadata.yml"])
def test_editors_find_the_schema_and_accept_the_templates(name):
    text = templates.text_of(name)
    (named,) = re.findall(r"^# yaml-language-server: \$schema=\./(.+)$", text.splitlines()[0])
    document = yaml.load(text, Typed)
    assert list(validator(named).iter_errors(document)) == []


def test_a_table_of_animals_is_accepted():
    document = yaml.load(SUBJECTS, Typed)
    assert list(validator(templates.SUBJECTS_SCHEMA).iter_errors(document)) == []
    assert parse_subjects(SUBJECTS, "x", is_table=False).rows.keys() == {"007"}


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("subject", "sexe", "F"),
        ("subject", "sex", "female"),
        ("subject", "weight_g", "heavy"),
        ("imaging", "excitation_nm", 20),
        ("dataset", "license", "GPL"),
        ("rig", "cameras", [{"name": "a", "target": "nose"}]),
        ("rig", "cameras", [{"target": "body"}]),
        ("rig", "arena", 40),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(section, name, value):
    document = {section: {name: value}}
    assert list(validator(templates.SIDECAR_SCHEMA).iter_errors(document))
    with pytest.raises(InputError, match=r"x, line 1: "):
        parse_sidecar(json.dumps(document), "x")
