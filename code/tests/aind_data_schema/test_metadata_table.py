"""The table of all lines in docs/metadata.md: each line is there, and goes where the table says and nowhere else."""

import datetime as dt
import re
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import facts
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import stated_lines
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.templates import example
from miniscope_to_nwb_zarr.data_conversion.nwb_digest import digest_nwbfile
from miniscope_to_nwb_zarr.run.session_store import build_session
from tests.aind_data_schema.sidecar_lines import sidecar_lines
from tests.conversions import job, sessions_in
from tests.recordings import CAMERA, SCOPE, SECOND_SCOPE, small_recording

METADATA = Path(__file__).resolve().parents[3] / "docs" / "metadata.md"
PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, tzinfo=dt.UTC)
LINES = {".".join(part for part in path if isinstance(part, str)): path for path, _ in sidecar_lines()}
ROW = re.compile(rf"^\| `((?:{'|'.join(Sidecar.model_fields)})\.[a-z_.]+)` \| (.+) \|$", re.MULTILINE)
ROWS = dict(ROW.findall(METADATA.read_text("utf-8")))
# they tell what is meant: another value is another thing
NAMES = {"subject.subject_id", "imaging.scopes.name", "rig.cameras.name"}
# another value of lines that do not hold any text or number
OTHER = {
    "subject.species": "Rattus norvegicus",
    "subject.sex": "M",
    "subject.date_of_birth": "2025-11-30",
    "subject.weight_g": "25.5",
    "session.timezone": "America/Vancouver",
    "session.protocol": "10.17504/protocols.io.other",
    "imaging.location": "CA3",
    "imaging.scopes.location": "PL",
    "dataset.investigators.orcid": "0000-0001-5109-3700",
    "dataset.license": "MIT",
    "rig.modification_date": "2026-01-16",
    "rig.cameras.target": "face",
    "rig.cameras.relative_position": "inferior",
    "surgeries.date": "2026-01-21",
    "surgeries.protocol": "10.17504/protocols.io.other",
    "surgeries.weight_before_g": "25.5",
    "surgeries.weight_after_g": "25.5",
    "surgeries.injections.titer_gc_per_ml": 2e12,
    "surgeries.injections.profile": "bolus",
    "surgeries.injections.area": "CA3",
    "surgeries.has_baseplate": "false",
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    # one scope by the lines for all, one by its own
    small_recording(folder, animal="m770001", devices=(SCOPE, SECOND_SCOPE, CAMERA))
    (session,) = sessions_in(folder)
    return session


@pytest.fixture(scope="module")
def outputs(recorded):
    """The digest of the NWB file and the texts of the metadata files for the example with one value changed."""

    def make(values):
        sidecar = Sidecar.model_validate(values)
        session = facts.complete(recorded, sidecar)
        nwbfile = build_session(session, job(Path(), sidecar=sidecar), PACKAGED)
        return {"NWB": digest_nwbfile(nwbfile), **make_bundle(session, sidecar, PACKAGED).files}

    made = make(values_of_example())

    def changed(values):
        other = make(values)
        return {name for name in made.keys() | other.keys() if made.get(name) != other.get(name)}

    return changed


def values_of_example():
    return parse_sidecar(example(), "example").model_dump(mode="python")


def test_every_line_is_in_the_table_once():
    text = METADATA.read_text("utf-8")
    assert set(ROWS) == set(LINES)
    assert not [name for name in LINES if text.count(f"\n| `{name}` |") != 1]


def test_every_line_that_is_given_is_in_the_table_of_the_nwb_file():
    sidecar = Sidecar.model_validate(values_of_example())
    lines = [re.sub(r"\.[0-9]+", "", line) for line, _ in stated_lines(sidecar)]
    assert set(lines) == set(LINES) - {"subject.age", "session.notes"}


@pytest.mark.parametrize("name", [name for name in LINES if name not in NAMES])
def test_a_line_goes_where_the_table_says_and_nowhere_else(outputs, name):
    in_nwb, in_aind = ROWS[name].split(" | ")
    said = set(re.findall(r"[a-z_]+\.json", in_aind)) | ({"NWB"} if in_nwb != "`lab_facts`" else set())
    values = place = values_of_example()
    *around, last = LINES[name]
    for part in around:
        place = place[part - 1] if isinstance(part, int) else place[part]
    before = place[last]
    place[last] = OTHER.get(name) or (before + 1 if isinstance(before, float) else f"Other {before}")
    if name == "subject.age":
        place.update(date_of_birth=None, age="P80D")
    assert outputs(values) == said
