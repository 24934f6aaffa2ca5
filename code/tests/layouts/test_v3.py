"""Recordings of the V3 software as they should be: every frame and stamp against what was recorded."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind, Note
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.v3 import CAMERA, SCOPE
from miniscope_to_nwb_zarr.layouts.v3.folders import named_start
from tests.v3_recordings import NAME, TABLE, ZONE, found_in, stream_of, v3_recording

START = datetime(2018, 3, 4, 17, 6, 2, tzinfo=UTC)


@pytest.fixture
def holds_all(holds):
    """That a session has every frame of both cameras at its own stamp."""

    def check(session, truth):
        assert {stream.device.name for _, stream in session.streams} == set(truth.devices)
        for name, device in truth.devices.items():
            holds(stream_of(session, name), device.rows.stamp_ms)

    return check


def test_a_recording_with_a_behaviour_camera(tmp_path, find_one, holds_all):
    truth = v3_recording(tmp_path)
    session = find_one(tmp_path, **ZONE)
    assert (session.name, session.layout, session.subject_id) == (NAME, "Miniscope V3", "mouse1")
    assert session.start == START
    assert [(s.device.name, s.device.kind) for _, s in session.streams] == [
        ("msCam", DeviceKind.SCOPE),
        ("behavCam", DeviceKind.CAMERA),
    ]
    holds_all(session, truth)
    (recording,) = session.recordings
    assert recording.settings == {"animal": "mouse1", "excitation": 36, "msCamExposure": 255, "recordLength": 600}
    assert recording.notes == (Note(1.0, "entered arm A, left"),)
    assert stream_of(session).device.settings == {"camNum": 1, "excitation": 36, "msCamExposure": 255}
    assert stream_of(session, "behavCam").device.settings == {"camNum": 0}
    assert {(f.code, f.where) for f in session.findings} == {
        (Code.STAMP_MENDED, f"{TABLE} (msCam)"),
        (Code.NO_CHECKSUM, "msCam"),
        (Code.NO_CHECKSUM, "behavCam"),
        (Code.START_UNCERTAIN, "."),
    }


def test_what_is_not_known_is_not_made_up(tmp_path, find_one):
    v3_recording(tmp_path)
    device = stream_of(find_one(tmp_path, **ZONE)).device
    assert (device.model, device.led_percent, device.nominal_rate_hz, device.gain) == (None, None, None, None)


def test_all_columns_and_texts_are_kept(tmp_path, find_one):
    truth = v3_recording(tmp_path)
    session = find_one(tmp_path, **ZONE)
    for name, device in truth.devices.items():
        extra = stream_of(session, name).table.extra
        assert extra["sysClock (ms)"].tolist() == truth.written_ms(name)
        assert extra["buffer"].tolist() == (device.rows.queue_depth + 1).tolist()
    texts = {file.path.name: file.text for file in session.recordings[0].files}
    names = (TABLE, "settings_and_notes.dat")
    assert texts == {name: (truth.folder / name).read_bytes().decode("cp1252") for name in names}


@pytest.mark.parametrize(("scope_number", "camera_number"), [(0, 1), (1, 0), (2, 0), (0, 7)])
def test_camera_numbers_are_told_by_the_counts(tmp_path, find_one, holds_all, scope_number, camera_number):
    truth = v3_recording(tmp_path, scope_number=scope_number, camera_number=camera_number)
    session = find_one(tmp_path, **ZONE)
    holds_all(session, truth)
    assert stream_of(session).device.settings["camNum"] == scope_number
    assert found_in(session, Code.CAMERA_UNCERTAIN) == []


def test_counts_that_differ_by_one_frame_are_enough(tmp_path, find_one, holds_all):
    truth = v3_recording(tmp_path, camera=replace(CAMERA, n_frames=26))
    holds_all(find_one(tmp_path, **ZONE), truth)


@pytest.mark.parametrize("scope", [None, SCOPE])
def test_one_camera_alone(tmp_path, find_one, holds_all, scope):
    truth = v3_recording(tmp_path, scope=scope, camera=None if scope else CAMERA)
    holds_all(find_one(tmp_path, **ZONE), truth)


@pytest.mark.parametrize(
    "encoding",
    [Encoding.DIB_TOP_DOWN, Encoding.FFV1, Encoding.FFV1_YUV420P, Encoding.GREY, Encoding.XVID, Encoding.H264,
     Encoding.H264_B_FRAMES, Encoding.MJPG],
)  # fmt: skip
def test_re_encoded_copies_under_the_same_names(tmp_path, find_one, holds_all, encoding):
    truth = v3_recording(tmp_path, scope=replace(SCOPE, encoding=encoding))
    holds_all(find_one(tmp_path, **ZONE), truth)


def test_more_than_nine_files_are_in_the_order_of_their_numbers(tmp_path, find_one, holds_all):
    truth = v3_recording(tmp_path, scope=replace(SCOPE, n_frames=25, frames_per_file=2))
    session = find_one(tmp_path, **ZONE)
    assert [segment.path.name for segment in stream_of(session).segments][8:11] == [
        "msCam9.avi",
        "msCam10.avi",
        "msCam11.avi",
    ]
    holds_all(session, truth)


def test_lost_frames_are_a_gap(tmp_path, find_one, holds_all):
    truth = v3_recording(tmp_path, scope=replace(SCOPE, lost=(7, 8)))
    session = find_one(tmp_path, **ZONE)
    holds_all(session, truth)
    assert [finding.where for finding in found_in(session, Code.GAP)] == [f"{TABLE} (msCam)"]


@pytest.mark.parametrize("is_written", [True, False])
def test_a_last_file_that_was_never_needed(tmp_path, find_one, holds_all, is_written):
    """The software opens a file when the one before is full: with a header, or of no byte at all."""
    truth = v3_recording(tmp_path, scope=replace(SCOPE, n_frames=20))
    trailing = truth.folder / "msCam3.avi"
    if not is_written:
        trailing.write_bytes(b"")
    session = find_one(tmp_path, **ZONE)
    holds_all(session, truth)
    assert [(f.where, f.severity) for f in found_in(session, Code.FILE_EMPTY)] == [("msCam3.avi", Severity.INFO)]
    assert {Code.FILE_STALE, Code.FRAMES_MISSING, Code.FILE_UNREADABLE}.isdisjoint(f.code for f in session.findings)
    assert trailing in {file.path for file in stream_of(session).video_files}


def test_names_in_other_letters(tmp_path, find_one, holds_all):
    truth = v3_recording(tmp_path)
    for path in truth.folder.iterdir():
        path.rename(path.with_name(path.name.upper()))
    holds_all(find_one(tmp_path, **ZONE), truth)


def test_several_recordings_in_one_folder(tmp_path, find, holds_all):
    truths = {
        label: v3_recording(tmp_path, folder="10_7_2021 all/H15_M3_S28", label=label, animal=label[:2], seed=k)
        for k, label in enumerate(("m1_", "m2-", ""))
    }
    (tmp_path / "10_7_2021 all" / "H15_M3_S28" / "plan.txt").write_text("m1, then m2", "utf-8")
    found = find(tmp_path, **ZONE)
    assert found.failures == ()
    assert [session.recordings[0].label for session in found.sessions] == ["", "m1", "m2"]
    for session, label in zip(found.sessions, ("", "m1_", "m2-"), strict=True):
        holds_all(session, truths[label])
    (left_out,) = found_in(found, Code.FILE_IGNORED)
    assert "plan.txt" in left_out.sentence


def test_two_recordings_of_a_day_in_one_store(tmp_path, find, holds_all):
    truths = [v3_recording(tmp_path, start=datetime(2018, 11, 4, hour, 30, 5), seed=hour) for hour in (0, 3)]  # noqa: DTZ001
    (session,) = find(tmp_path, combine="day", **ZONE).sessions
    # the clock went back at 2
    assert [recording.offset_s for recording in session.recordings] == [0, 4 * 3600]
    for recording, truth in zip(session.recordings, truths, strict=True):
        holds_all(replace(session, recordings=(recording,)), truth)


# the start


@pytest.mark.parametrize(
    "folder",
    [
        "3_4_2018/H9_M6_S2",
        "3_4_2018/mouse 1/linear track/H9_M6_S2",
        "3_4_2018 track/m1 H9_M6_S2_good",
    ],
)
def test_the_start_is_in_the_names_of_the_folders(tmp_path, find_one, folder):
    v3_recording(tmp_path, folder=folder)
    session = find_one(tmp_path, **ZONE)
    assert session.start == START
    assert [finding.where for finding in found_in(session, Code.START_UNCERTAIN)] == ["."]


@pytest.mark.parametrize(
    "names",
    ["2018_03_04/09_06_02", "13_13_2018/H9_M6_S2", "3_4_2018/H25_M6_S2", "3_4_2018", "H9_M6_S2", "1_3_4_2018/H9_M6_S2"],
)
def test_other_names_tell_no_start(names):
    assert named_start(Path("/data") / names) is None


def test_no_zone_names_the_option(tmp_path, find_failure):
    v3_recording(tmp_path)
    assert "--timezone" in find_failure(tmp_path).message


def test_renamed_folders_name_the_option(tmp_path, find_failure, find_one):
    v3_recording(tmp_path, folder="mouse 1/day 3")
    assert "--start_time" in find_failure(tmp_path, **ZONE).message
    assert find_one(tmp_path, start_time=START).start == START
    local = START.replace(tzinfo=None, hour=9)
    assert find_one(tmp_path, start_time=local, **ZONE).start == START
