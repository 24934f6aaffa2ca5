"""The user configuration narrows what is found, and tells of devices."""

import json

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.layouts.daq_qt.user_config import read_user_config
from tests import defects
from tests.recordings import save_user_config, small_recording

HPC = "HPC_miniscope1"


def write(path, **settings):
    path.write_text(json.dumps({"devices": {}, **settings}), "utf-8")
    return path


@pytest.mark.parametrize("as_arrays", [False, True])
def test_only_recordings_it_describes(tmp_path, find, as_arrays):
    data = tmp_path / "data"
    mine = small_recording(data, animal="my mouse")
    small_recording(data, animal="other")
    config = save_user_config(mine, tmp_path / "any name.json", as_arrays=as_arrays)
    (session,) = find(data, user_config=config).sessions
    assert session.recordings[0].folder == mine.folder
    kept = {file.path: file.text for file in session.recordings[0].files}
    assert kept[config] == config.read_text("utf-8")


def test_the_folder_of_the_recording_itself_is_described_too(tmp_path, find):
    truth = small_recording(tmp_path / "data")
    config = save_user_config(truth, tmp_path / "config.json")
    assert len(find(truth.folder, user_config=config).sessions) == 1


def test_it_tells_kinds_where_the_recording_does_not(tmp_path, find, scope_of):
    truth = small_recording(tmp_path / "data")
    defects.remove_settings(truth.folder)
    defects.remove_settings(truth.devices["Behavior_camera"].folder)
    config = save_user_config(truth, tmp_path / "config.json")
    (session,) = find(tmp_path / "data", user_config=config, timezone="America/Los_Angeles").sessions
    camera = scope_of(session, "Behavior_camera").device
    assert (camera.kind, camera.label) == (DeviceKind.CAMERA, "Behavior camera")


def test_one_that_matches_nothing_says_so(tmp_path, find):
    small_recording(tmp_path / "data")
    config = write(tmp_path / "c.json", directoryStructure=["animalName", "date"], animalName="no such mouse")
    found = find(tmp_path / "data", user_config=config)
    assert found.sessions == ()
    assert "no_such_mouse" in found.failures[0].message


@pytest.mark.parametrize(
    ("settings", "components"),
    [
        ({"directoryStructure": ["animalName", "date", "time"], "animalName": "a b"}, ("a_b",)),
        ({"directoryStructure": ["animalName", "Date"]}, ("animalNameMissing",)),
        ({"directoryStructure": ["room"], "room": 7}, ("roomMissing",)),
        ({"directoryStructure": ["x"], "x": "a/../b"}, ("a", "..", "b")),
        ({"directoryStructure": "animalName"}, ()),
        ({}, ()),
    ],
)
def test_the_folders_it_describes(tmp_path, settings, components):
    assert read_user_config(write(tmp_path / "c.json", **settings)).components == components


def test_components_must_stand_in_their_order(tmp_path):
    config = read_user_config(write(tmp_path / "c.json", directoryStructure=["a", "b"], a="one", b="two"))
    assert config.describes(tmp_path / "one" / "2026_03_14" / "two" / "x")
    assert not config.describes(tmp_path / "two" / "one")
    assert not config.describes(tmp_path / "one")


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"devices": []}', ""])
def test_a_file_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match="--user_config"):
        read_user_config(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="not there"):
        read_user_config(tmp_path / "c.json")
