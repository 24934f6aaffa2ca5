"""All seven files of a recording whose lab filled in every line, as they lie beside its store."""

import json
import time
from datetime import UTC, datetime

import pytest
from aind_data_schema.core.acquisition import Acquisition
from aind_data_schema.core.data_description import DataDescription
from aind_data_schema.core.instrument import Instrument
from aind_data_schema.core.metadata import Metadata
from aind_data_schema.core.procedures import Procedures
from aind_data_schema.core.processing import Processing
from aind_data_schema.core.quality_control import QualityControl
from aind_data_schema.core.subject import Subject
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.aind_data_schema import facts, nwb_agreement
from miniscope_to_nwb_zarr.aind_data_schema.bundle import check
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo import example
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.phases import Phases
from tests.conversions import convert, job, no_processes, sessions_in
from tests.recordings import CAMERA, SCOPE, SECOND_SCOPE, small_recording

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")

MODELS = {
    "subject": Subject,
    "data_description": DataDescription,
    "procedures": Procedures,
    "instrument": Instrument,
    "processing": Processing,
    "acquisition": Acquisition,
    "quality_control": QualityControl,
}
PACKAGED = datetime(2026, 11, 20, 20, 5, 7, 123_456, UTC)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder of a small recording, its session and what the demo's lab says of it."""
    folder = tmp_path_factory.mktemp("recording")
    small_recording(folder, devices=(SCOPE, SECOND_SCOPE, CAMERA))
    example.write_sidecar(folder)
    sidecar = load_sidecar(folder / example.SIDECAR_NAME)
    (session,) = sessions_in(folder)
    return folder, facts.complete(session, sidecar), sidecar


@pytest.fixture(scope="module")
def output(recorded, tmp_path_factory):
    _, session, sidecar = recorded
    return convert(session, tmp_path_factory.mktemp("results"), sidecar=sidecar)


def read(folder):
    return {name: model.model_validate_json((folder / f"{name}.json").read_text()) for name, model in MODELS.items()}


def test_demo_with_its_filled_sidecar_gives_all_seven_files(recorded, output):
    models = read(output.output)
    check(recorded[1], models)
    whole = Metadata(name=models["data_description"].name, location="", **models)
    assert whole.instrument.instrument_id == whole.acquisition.instrument_id
    assert {path.stem for path in output.output.glob("*.json")} == {*MODELS, "receipt"}
    assert not [finding for finding in output.receipt.findings if finding.code is Code.FACT_MISSING]


def test_nothing_that_the_successor_of_the_schema_refuses(output):
    """Null coordinate systems, deprecated fields, code without a version, two devices of one name."""
    for name in MODELS:
        text = (output.output / f"{name}.json").read_text()
        assert "null" not in text
        assert '"coordinate_system":' not in text
        assert '"size_unit": "centimeter"' not in text
    acquisition = json.loads((output.output / "acquisition.json").read_text())
    assert all(code["version"] for stream in acquisition["data_streams"] for code in stream["code"])
    models = read(output.output)
    names = models["instrument"].get_component_names()
    assert len(names) == len(set(names))


def test_store_files_and_folders_call_the_devices_alike(output):
    models = read(output.output)
    with NWBZarrIO(str(output.output / f"{output.output.name}.nwb.zarr"), "r") as io:
        nwbfile = io.read()
        assert nwb_agreement.compare(nwbfile, models) == []
        cameras = {path.name for path in (output.output / "behavior-videos").iterdir()}
        assemblies = {c.name for c in models["instrument"].components if c.object_type == "Camera assembly"}
        assert cameras == assemblies
        assert cameras <= set(nwbfile.devices)
    active = set(models["acquisition"].data_streams[0].active_devices)
    assert cameras <= active <= set(models["instrument"].get_component_names())


def test_files_are_the_same_in_every_zone_of_the_machine(recorded, tmp_path, monkeypatch):
    folder, _, sidecar = recorded
    monkeypatch.setattr(session_job, "open_pool", no_processes)
    texts = []
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        (found,) = sessions_in(folder)
        wanted = job(tmp_path / zone.replace("/", "-"), metadata_only=True, sidecar=sidecar)
        session = facts.complete(found, sidecar)
        made = session_job.convert_session(session, wanted, lambda: PACKAGED, lambda _frames, _bytes: None, Phases())
        texts.append(
            {path.name: path.read_text() for path in made.output.glob("*.json") if path.name != "receipt.json"}
        )
    monkeypatch.undo()
    time.tzset()
    assert set(texts[0]) == {f"{name}.json" for name in MODELS}
    assert texts[0] == texts[1] == texts[2]
