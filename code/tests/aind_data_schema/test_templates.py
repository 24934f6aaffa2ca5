import pytest

from miniscope_to_nwb_zarr.aind_data_schema import templates
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar, parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import load_subjects, parse_subjects
from miniscope_to_nwb_zarr.sources import strict_yaml
from tests.aind_data_schema.sidecar_lines import sidecar_lines

NAMES = ["session_metadata.yml", "subjects.csv", "session_metadata.schema.json", "analysis_parameters.yml"]


def value_at(facts, path):
    for part in path:
        facts = facts[part - 1] if isinstance(part, int) else getattr(facts, part)
    return facts


def filled_in(text, left_out=()):
    """The template with the example of every field written behind its colon."""
    lines = text.splitlines()
    document = strict_yaml.parse(text, "template")
    for path, field in sidecar_lines():
        location = tuple(part - 1 if isinstance(part, int) else part for part in path)
        number = document.lines[location] - 1
        example = field.examples[0]
        given = example if isinstance(example, str) else str(example)
        if path not in left_out:
            lines[number] = lines[number].replace(f"{path[-1]}:", f"{path[-1]}: {given}", 1)
    return "\n".join(lines)


def test_the_example_fills_in_every_line():
    filled = parse_sidecar(templates.example(), "example")
    for path, _ in sidecar_lines():
        assert value_at(filled, path) or path in {("subject", "age"), ("session", "notes")}, path


def test_the_empty_template_says_nothing():
    assert parse_sidecar(templates.text_of(templates.SIDECAR), "template") == Sidecar()
    assert not parse_subjects(templates.text_of(templates.SUBJECTS), "table", is_table=True).rows


def test_the_template_filled_in_is_valid_and_has_every_line():
    text = templates.text_of(templates.SIDECAR)
    filled = parse_sidecar(filled_in(text, left_out={("subject", "age")}), "template")
    for path, _ in sidecar_lines():
        assert value_at(filled, path) or path == ("subject", "age"), path
    assert parse_sidecar(filled_in(text, left_out={("subject", "date_of_birth")}), "template").subject.age == "P90D"


def test_the_table_filled_in_with_the_examples_of_its_remarks_is_valid():
    row = 'm770001,Mus musculus,F,2025-12-01,,Thy1-GCaMP6f/wt,C57BL/6J,Jackson Laboratory,23.1,"tail, cut"\n'
    animals = parse_subjects(templates.text_of(templates.SUBJECTS) + row, "table", is_table=True)
    assert animals.rows["m770001"][0].description == "tail, cut"


def test_templates_are_written_beside_what_is_there(tmp_path):
    folder = tmp_path / "new" / "results"
    written, kept = templates.write_templates(folder)
    assert [path.name for path in written] == NAMES
    assert not kept
    assert load_sidecar(folder / "session_metadata.yml") == Sidecar()
    assert not load_subjects(folder / "subjects.csv").rows
    (folder / "subjects.csv").write_text("mine")
    (folder / "session_metadata.yml").unlink()
    written, kept = templates.write_templates(folder)
    assert [path.name for path in written] == ["session_metadata.yml"]
    assert [path.name for path in kept] == NAMES[1:]
    assert (folder / "subjects.csv").read_text() == "mine"


@pytest.mark.parametrize("name", [templates.SIDECAR, templates.SUBJECTS])
def test_templates_are_plain_text_that_fits_a_screen(name):
    text = templates.text_of(name)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 125
