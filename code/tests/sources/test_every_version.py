import pytest

from miniscope_to_nwb_zarr.core.model import Note, PropertyChange
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion
from miniscope_to_nwb_zarr.sources.device_settings import device_facts
from miniscope_to_nwb_zarr.sources.notes_csv import read_notes
from miniscope_to_nwb_zarr.sources.orientation_csv import read_orientation
from miniscope_to_nwb_zarr.sources.settings_json import read_json
from miniscope_to_nwb_zarr.sources.start_time import start_time
from miniscope_to_nwb_zarr.sources.timestamps_csv import read_time_table
from miniscope_to_nwb_zarr.sources.tree import walk
from tests.recordings import CAMERA, SCOPE, SMALL, small_recording


@pytest.mark.parametrize("version", SoftwareVersion)
def test_every_file_of_every_version_is_read_without_a_finding(tmp_path, version):
    truth = small_recording(tmp_path, version)
    found = walk(tmp_path)
    assert found.findings == ()
    for name, device in truth.devices.items():
        folder = found.folders[truth.folder.resolve() / name]
        table, findings = read_time_table(folder.file("timeStamps.csv"), "x")
        assert findings == ()
        assert (table.time_s * 1000).round().tolist() == device.rows.stamp_ms.tolist()
        assert table.queue_depth.tolist() == device.rows.queue_depth.tolist()
        settings, _, findings = read_json(folder.file("metaData.json"), "x")
        facts, doubts = device_facts(settings, "x")
        assert findings + doubts == ()
        assert facts.frames_per_file == device.spec.frames_per_file


@pytest.mark.parametrize("version", SoftwareVersion)
def test_orientation_start_and_notes_of_every_version(tmp_path, version):
    truth = small_recording(tmp_path, version)
    scope = truth.devices[SCOPE.folder_name]
    orientation, findings = read_orientation(truth.folder / SCOPE.folder_name / "headOrientation.csv", "x")
    assert findings == ()
    assert orientation.is_valid.all()
    assert set((orientation.time_s * 1000).round()) <= set(scope.rows.stamp_ms)
    settings, _, findings = read_json(truth.folder / "metaData.json", "x")
    start, doubts = start_time(settings, "x")
    assert findings + doubts == ()
    assert start.instant == SMALL.start
    assert start.instant.utcoffset() == SMALL.start.utcoffset()
    labels = {SCOPE.name, CAMERA.name}
    notes, changes, findings = read_notes(truth.folder / "notes.csv", "x", labels)
    assert findings == ()
    assert notes == tuple(Note(ms / 1000, text) for ms, text in SMALL.notes)
    assert changes in {(), tuple(PropertyChange(ms / 1000, *change) for ms, *change in SMALL.property_changes)}
    assert bool(changes) is truth.spec.habits.notes_property_changes
