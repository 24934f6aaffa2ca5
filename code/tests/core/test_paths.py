from dataclasses import replace
from pathlib import Path

from miniscope_to_nwb_zarr.core.paths import relative_path, source_root
from tests.conversions import sessions_in
from tests.recordings import scope_recording


def test_the_root_holds_all_recordings_of_a_session(tmp_path):
    scope_recording(tmp_path)
    (session,) = sessions_in(tmp_path)
    (recording,) = session.recordings
    assert source_root(session) == recording.folder
    second = replace(recording, folder=recording.folder.parent / "10_00_00")
    assert source_root(replace(session, recordings=(recording, second))) == recording.folder.parent


def test_a_file_elsewhere_goes_by_its_name():
    root = Path("/data/m1")
    assert relative_path(root / "HPC" / "0.avi", root) == "HPC/0.avi"
    assert relative_path(Path("/lab/config.json"), root) == "config.json"
