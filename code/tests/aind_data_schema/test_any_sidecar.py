"""Whatever a lab writes gives files that agree with each other and with the NWB file, or a message: no traceback."""

import copy
import datetime as dt
import json
from pathlib import Path

import pytest
from aind_data_schema.core.acquisition import Acquisition
from aind_data_schema.core.data_description import DataDescription
from aind_data_schema.core.instrument import Instrument
from aind_data_schema.core.procedures import Procedures
from aind_data_schema.core.subject import Subject
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.aind_data_schema import facts, nwb_agreement, templates
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.core.errors import InputError, MetadataError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.run.session_store import build_session
from tests.aind_data_schema.sidecar_lines import sidecar_lines
from tests.conversions import job, sessions_in
from tests.recordings import CAMERA, SCOPE, SECOND_SCOPE, SMALL, small_recording

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")

MODELS = {
    "subject.json": Subject,
    "acquisition.json": Acquisition,
    "data_description.json": DataDescription,
    "instrument.json": Instrument,
    "procedures.json": Procedures,
}
PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, tzinfo=dt.UTC)
# what is special somewhere: names of devices and parts, words of the schema, other animals, other times
TELLING = [
    SMALL.animal, "m_1", "none", "HPC_miniscope1", "HPC_miniscope1 sensor", "Behavior_camera", "Square arena", "CA1",
    "body", "other", "bolus", "left", "F", "O", "P3M", "P9999W9999D", "P0D", "Rattus norvegicus", "2026-03-14",
    "2027-01-01", "0001-01-01", "UTC", "Asia/Tokyo", "America", "Allen Institute", "AI", "UCLA", "Unknown", "Other",
    "10.1234/x", "MIT", "1e-400", "NaN", "470.5", "0", "-1", "1e15", "true",
]  # fmt: skip
KNOWN = st.none() | st.sampled_from(TELLING)
ANYTHING = st.text(max_size=12) | st.integers() | st.floats() | st.just([])


def examples_of(field):
    return st.sampled_from(field.examples) if field.examples else st.nothing()


LINES = st.one_of(
    [st.tuples(st.just(path), st.none() | examples_of(field) | KNOWN | ANYTHING) for path, field in sidecar_lines()]
)


def given_lines():
    values = parse_sidecar(templates.example(), "example").model_dump(mode="json")
    values["subject"]["subject_id"] = SMALL.animal
    return values


def with_line(values, path, value):
    """Set one line; of a list the first item, or one more."""
    *way, last = path
    place = values
    for part, following in zip(way, [*way[1:], last], strict=True):
        key = part - 1 if isinstance(part, int) else part
        if isinstance(place, list):
            while len(place) <= key:
                place.append({})
        elif place.get(key) is None or isinstance(place.get(key), list) != isinstance(following, int):
            place[key] = [] if isinstance(following, int) else {}
        place = place[key]
    place[last] = value


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    small_recording(folder, devices=(SCOPE, SECOND_SCOPE, CAMERA))
    (session,) = sessions_in(folder)
    return session


def described(recorded, values):
    """The session with what the lab wrote, the sidecar and the bundle; None and the message where there is none."""
    try:
        sidecar = parse_sidecar(json.dumps(values), "lab.json")
        session = facts.complete(recorded, sidecar)
        return (session, sidecar, make_bundle(session, sidecar, PACKAGED)), ""
    except (InputError, MetadataError) as error:
        event(type(error).__name__)
        return None, str(error)


# a few odd lines at a time, so that most examples get past the first check
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=3), start=st.sampled_from(["filled", "filled", "empty", "twice"]))
def test_any_sidecar_gives_a_bundle_that_agrees_or_a_message(recorded, lines, start):
    values = {} if start == "empty" else copy.deepcopy(given_lines())
    if start == "twice":
        values["surgeries"] *= 2
        values["rig"]["cameras"] *= 2
    for path, value in lines:
        with_line(values, path, copy.deepcopy(value))
    found, message = described(recorded, values)
    if found is None:
        # valid facts never contradict themselves behind the lab's back
        assert "contradict" not in message
        assert "refuses" not in message
        return
    session, sidecar, made = found
    event(f"{len(made.files)} files")
    for name, text in made.files.items():
        MODELS[name].model_validate_json(text)
    left_out = {finding.where for finding in made.findings if finding.code is Code.FACT_MISSING}
    assert left_out == set(MODELS) - set(made.files)
    nwbfile = build_session(session, job(Path(), sidecar=sidecar), PACKAGED)
    assert nwb_agreement.compare(nwbfile, made.models) == []
