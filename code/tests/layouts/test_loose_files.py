"""A recording whose files are named one by one."""

import shutil
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.layouts.daq_qt.loose_files import resolve_videos
from tests.recordings import scope_recording

HPC = "HPC_miniscope1"


@pytest.fixture
def truth(tmp_path):
    return scope_recording(tmp_path / "data", n_frames=110, frames_per_file=10)


def test_files_of_a_device_folder_by_wildcard(truth, find_one, numbers_seen):
    folder = truth.devices[HPC].folder
    session = find_one(Path("nowhere"), video_files=(folder / "*.avi",))
    ((recording, stream),) = session.streams
    assert numbers_seen(stream) == list(range(110))
    assert (recording.start, session.subject_id) == (truth.spec.start, "M770001")
    assert (stream.device.name, stream.device.kind, stream.device.gain) == (HPC, DeviceKind.SCOPE, "Medium")
    assert len(stream.orientation.time_s) == 110
    assert {file.path.name for file in session.source_files} >= {"metaData.json", "timeStamps.csv", "10.avi"}


def test_files_of_any_name_and_place(tmp_path, truth, find_one, numbers_seen):
    folder = truth.devices[HPC].folder
    videos = tmp_path / "elsewhere"
    videos.mkdir()
    for k in range(11):
        shutil.copy(folder / f"{k}.avi", videos / f"msCam{k + 1}.avi")
    session = find_one(
        tmp_path,
        video_files=(videos / "msCam?.avi", videos / "msCam??.avi"),
        timestamps_file=folder / "timeStamps.csv",
        start_time=truth.spec.start,
        subject_id="M1",
    )
    ((_, stream),) = session.streams
    assert numbers_seen(stream) == list(range(110))
    assert session.name == "M1_2026-03-14_09-26-53"
    assert Code.SETTINGS_MISSING in {finding.code for finding in session.findings}


def test_files_in_the_order_given(truth, find_one):
    folder = truth.devices[HPC].folder
    session = find_one(folder, video_files=(folder / "0.avi", folder / "2.avi", folder / "1.avi"))
    ((_, stream),) = session.streams
    assert [segment.path.name for segment in stream.segments] == ["0.avi", "2.avi", "1.avi"]


@pytest.mark.parametrize("numbers", [(1,), (10, 9, 3)])
def test_a_part_of_a_device_folder_keeps_its_stamps(truth, find_one, holds, numbers):
    folder = truth.devices[HPC].folder
    session = find_one(folder, video_files=tuple(folder / f"{k}.avi" for k in numbers))
    ((_, stream),) = session.streams
    rows = [row for k in sorted(numbers) for row in range(10 * k, 10 * k + 10)]
    holds(stream, truth.devices[HPC].rows.stamp_ms, rows)
    missing = {finding.where for finding in session.findings if finding.code is Code.FILE_MISSING}
    assert f"{HPC}/0.avi" in missing


def test_no_table_names_the_option(tmp_path, truth, find_failure):
    lonely = tmp_path / "x.avi"
    shutil.copy(truth.devices[HPC].folder / "0.avi", lonely)
    failure = find_failure(tmp_path, video_files=(lonely,), start_time=truth.spec.start)
    assert "--timestamps_file" in failure.message


def test_no_start_names_the_option(tmp_path, truth, find_failure):
    folder = truth.devices[HPC].folder
    shutil.copy(folder / "0.avi", tmp_path / "x.avi")
    failure = find_failure(tmp_path, video_files=(tmp_path / "x.avi",), timestamps_file=folder / "timeStamps.csv")
    assert "--start_time" in failure.message


@pytest.mark.parametrize("names", [["none*.avi"], ["none.avi"], ["0.avi", "0.avi"], ["*.avi", "1.avi"]])
def test_files_that_cannot_be_meant(truth, names):
    with pytest.raises(InputError, match="--video_files"):
        resolve_videos([truth.devices[HPC].folder / name for name in names])


def test_a_named_table_that_is_not_there(tmp_path, truth, find):
    with pytest.raises(InputError, match="--timestamps_file"):
        find(
            tmp_path,
            video_files=(truth.devices[HPC].folder / "0.avi",),
            timestamps_file=tmp_path / "none.csv",
        )


def test_a_wildcard_is_a_name_where_such_a_file_is(tmp_path):
    for name in ("a?.avi", "ab.avi"):
        (tmp_path / name).touch()
    assert [path.name for path in resolve_videos([tmp_path / "a?.avi"])] == ["a?.avi"]
