"""Which files make a recording of the V3 software, what is said of halves, and files named one by one."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.v3 import CAMERA, SCOPE
from miniscope_to_nwb_zarr.layouts.discovery import Request, nothing_found
from tests.recordings import scope_recording
from tests.v3_recordings import TABLE, ZONE, found_in, stream_of, v3_recording

SETTINGS = "settings_and_notes.dat"


def test_files_of_other_names_are_told_by_what_is_in_them(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    (truth.folder / TABLE).rename(truth.folder / "times.txt")
    (truth.folder / SETTINGS).rename(truth.folder / "mouse.txt")
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    assert session.subject_id == "mouse1"
    assert [finding.where for finding in found_in(session, Code.STAMP_MENDED)] == ["times.txt (msCam)"]


def test_files_of_other_programs_are_named(tmp_path, find_one):
    truth = v3_recording(tmp_path)
    (truth.folder / "ms.mat").write_bytes(b"MATLAB 5.0 MAT-file\0\1")
    (truth.folder / "readme.txt").write_text("the left one", "utf-8")
    shutil.copy(truth.folder / "msCam1.avi", truth.folder / "msCam1_corrected.avi")
    shutil.copy(truth.folder / "msCam1.avi", truth.folder / "msCam01.avi")
    shutil.copy(truth.folder / TABLE, truth.folder / "timestamp (copy).dat")
    session = find_one(tmp_path, **ZONE)
    assert stream_of(session).n_frames == 25
    (left_out,) = found_in(session, Code.FILE_IGNORED)
    assert left_out.numbers == {"count": 3}
    assert all(name in left_out.sentence for name in ("ms.mat", "msCam01.avi", "msCam1_corrected.avi"))
    assert {"readme.txt", "timestamp (copy).dat"} <= {file.path.name for file in session.recordings[0].files}


def test_a_table_that_is_gone_is_missed_by_name(tmp_path, find_failure):
    truth = v3_recording(tmp_path)
    (truth.folder / TABLE).unlink()
    failure = find_failure(tmp_path, **ZONE)
    assert failure.folder == truth.folder
    assert failure.message.startswith("there is no timestamp.dat: when the frames were taken is not known")


def test_several_that_may_be_the_table_are_named(tmp_path, find_failure):
    truth = v3_recording(tmp_path)
    shutil.copy(truth.folder / TABLE, truth.folder / "a.dat")
    (truth.folder / TABLE).rename(truth.folder / "b.dat")
    message = find_failure(tmp_path, **ZONE).message
    assert "a.dat, b.dat" in message
    assert "--timestamps_file" in message


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (
            ("msCam1.avi", "msCam2.avi", "behavCam1.avi"),
            "holds 3 video files named as msCam1.avi, and no timestamp.dat",
        ),
        ((TABLE,), "holds timestamp.dat and no video named as msCam1.avi"),
        ((TABLE, SETTINGS), "holds timestamp.dat and no video"),
    ],
)
def test_a_folder_with_a_half_is_named_with_what_it_lacks(tmp_path, find, left, said):
    truth = v3_recording(tmp_path, folder="rec")
    for path in truth.folder.iterdir():
        if path.name not in left:
            path.unlink()
    found = find(tmp_path, **ZONE)
    assert (found.sessions, found.failures) == ((), ())
    (half,) = found_in(found, Code.FOLDER_INCOMPLETE)
    assert half.where == "rec"
    assert said in half.sentence
    sentence = nothing_found(tmp_path, found, Request())
    assert said in sentence
    assert "msCam1.avi, msCam2.avi, ... and timestamp.dat" in sentence


def test_a_half_beside_a_whole_is_named(tmp_path, find):
    truth = v3_recording(tmp_path, folder="rec/3_4_2018/H9_M6_S2", label="m1_")
    shutil.copy(truth.folder / "m1_msCam1.avi", truth.folder / "m2_msCam1.avi")
    found = find(tmp_path, **ZONE)
    assert len(found.sessions) == 1
    (half,) = found_in(found, Code.FOLDER_INCOMPLETE)
    assert half.sentence.startswith("holds 1 video file of 'm2'")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"camNum\tframeNum\tsysClock\tbuffer\r\n",
        b"\0" * 100,
        b"camNum\tframeNum\tsysClock\tbuffer\r\n\0\0\0\0",
        b"\x89PNG\r\n",
        b"camNum\tframeNum\r\n1\t1\r\n",
        b"camNum\tframeNum\tsysClock\tbuffer\r\n" + b"".join(b"%d\t1\t5\t1\r\n" % k for k in range(20)),
    ],
)
def test_a_table_without_a_row_that_can_be_read(tmp_path, find_failure, raw):
    truth = v3_recording(tmp_path)
    (truth.folder / TABLE).write_bytes(raw)
    message = find_failure(tmp_path, **ZONE).message
    assert message.startswith("timestamp.dat holds no row that can be read")


def test_a_colour_video_of_the_scope_is_refused_with_a_reason(tmp_path, find_failure):
    v3_recording(tmp_path, scope=replace(SCOPE, scene="arena", encoding=CAMERA.encoding))
    message = find_failure(tmp_path, **ZONE).message
    assert "msCam: the videos of this scope hold colour pictures" in message
    assert "If it is a behaviour camera, name its files behavCam1.avi" in message
    assert "metaData.json" not in message


def test_no_video_that_can_be_read(tmp_path, find_failure):
    truth = v3_recording(tmp_path, camera=None)
    for path in truth.folder.glob("*.avi"):
        path.write_bytes(b"no video")
    assert "no frame of msCam can be read" in find_failure(tmp_path, **ZONE).message


def test_both_families_in_one_tree(tmp_path, find):
    v3_recording(tmp_path)
    scope_recording(tmp_path / "later")
    assert [session.layout for session in find(tmp_path, **ZONE).sessions] == ["Miniscope V3", "Miniscope DAQ"]
    # what one of them lacks does not stop the other
    assert [session.layout for session in find(tmp_path).sessions] == ["Miniscope DAQ"]
    only = find(tmp_path, layout="Miniscope DAQ")
    assert [session.layout for session in only.sessions] == ["Miniscope DAQ"]
    assert any("'Miniscope V3'" in finding.sentence for finding in found_in(only, Code.FILE_IGNORED))


# files named one by one


def named(truth, videos="msCam*.avi", **request):
    return {"video_files": (truth.folder / videos,), "timestamps_file": truth.folder / TABLE, **ZONE, **request}


def test_files_by_wildcard(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    session = find_one(Path("nowhere"), **named(truth))
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    assert [stream.device.kind for _, stream in session.streams] == [DeviceKind.SCOPE]
    assert (session.subject_id, session.layout) == ("mouse1", "Miniscope V3")


def test_files_of_both_cameras_with_the_table_beside_them(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    session = find_one(tmp_path, **named(truth, "*.avi", timestamps_file=None))
    for name, device in truth.devices.items():
        holds(stream_of(session, name), device.rows.stamp_ms)


def test_a_file_left_out_keeps_its_place(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    files = tuple(truth.folder / f"msCam{k}.avi" for k in (3, 1))
    session = find_one(tmp_path, **named(truth, video_files=files))
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, [*range(10), *range(20, 25)])


def test_files_of_any_name_and_place(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path / "data")
    for place, name in enumerate(("x.avi", "b.avi", "c.avi"), start=1):
        shutil.copy(truth.folder / f"msCam{place}.avi", tmp_path / name)
    shutil.copy(truth.folder / TABLE, tmp_path / "stamps")
    request = {
        "video_files": tuple(tmp_path / name for name in ("x.avi", "b.avi", "c.avi")),
        "timestamps_file": tmp_path / "stamps",
        "device_metadata_file": truth.folder / SETTINGS,
        **ZONE,
    }
    session = find_one(tmp_path, start_time=truth.spec.start, **request)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    assert session.subject_id == "mouse1"


def test_named_files_without_start_or_zone(tmp_path, find_failure):
    truth = v3_recording(tmp_path, folder="rec")
    assert "--start_time" in find_failure(tmp_path, **named(truth)).message
    request = named(truth, start_time=truth.spec.start) | {"timezone": None}
    assert "--timezone" in find_failure(tmp_path, **request).message


def test_settings_that_are_none_are_refused(tmp_path, find):
    truth = v3_recording(tmp_path)
    with pytest.raises(InputError, match="--device_metadata_file"):
        find(tmp_path, **named(truth, device_metadata_file=truth.folder / TABLE))


def test_a_pipe_in_place_of_the_table_does_not_hang(tmp_path, find):
    truth = v3_recording(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="--timestamps_file"):
        find(tmp_path, **named(truth, timestamps_file=tmp_path / "pipe"))
