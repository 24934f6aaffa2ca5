"""Damaged recordings of the V3 software: what is said, and that every other frame keeps its own stamp."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import TimeTable
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.v3 import CAMERA, SCOPE
from miniscope_to_nwb_zarr.layouts.v3.stamps import mend_first_stamp
from tests import defects
from tests.v3_recordings import TABLE, ZONE, found_in, stream_of, v3_recording

OF_MIDDLE = [*range(10), *range(20, 25)]
"""The rows of the scope without those of its second file."""


def rows_of(truth, camera_number):
    """The places of a camera's rows in the table, counted from 0."""
    lines = (truth.folder / TABLE).read_text("cp1252").splitlines()[1:]
    return [k for k, line in enumerate(lines) if line.split("\t")[0] == str(camera_number)]


# video files


def test_a_file_missing_in_the_middle(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    (truth.folder / "msCam2.avi").unlink()
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, OF_MIDDLE)
    holds(stream_of(session, "behavCam"), truth.devices["behavCam"].rows.stamp_ms)
    assert (Code.FILE_MISSING, "msCam2.avi") in codes(session)
    assert [loss.reason for loss in stream_of(session).losses] == ["msCam2.avi is missing"]


def test_the_first_file_missing(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path, scope=replace(SCOPE, n_frames=35))
    (truth.folder / "msCam1.avi").unlink()
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, range(10, 35))
    assert (Code.FILE_MISSING, "msCam1.avi") in codes(session)


def test_a_file_without_a_byte(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    defects.empty_file(truth.folder / "msCam2.avi")
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, OF_MIDDLE)
    assert {(Code.FILE_EMPTY, "msCam2.avi"), (Code.FRAMES_MISSING, "msCam2.avi")} <= codes(session)


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.FFV1])
def test_a_file_that_is_cut(tmp_path, find_one, holds, codes, encoding):
    truth = v3_recording(tmp_path, scope=replace(SCOPE, encoding=encoding))
    n_left = defects.truncate_avi(truth.folder / "msCam2.avi")
    assert 0 < n_left < 10
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, [*range(10 + n_left), *range(20, 25)])
    assert (Code.FILE_TRUNCATED, "msCam2.avi") in codes(session)


def test_a_last_file_that_was_needed_and_is_empty(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    defects.empty_file(truth.folder / "msCam3.avi")
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, range(20))
    assert {(Code.FILE_EMPTY, "msCam3.avi"), (Code.FRAMES_MISSING, "msCam3.avi")} <= codes(session)


def test_a_behaviour_camera_of_which_no_frame_is_left(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    for k in range(1, 5):
        defects.empty_file(truth.folder / f"behavCam{k}.avi")
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    camera = stream_of(session, "behavCam")
    assert (camera.n_frames, camera.table.n_rows, camera.device.settings) == (0, 37, {"camNum": 0})
    assert (Code.NO_FRAMES, "behavCam") in codes(session)


def test_a_behaviour_camera_whose_videos_are_elsewhere(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    for path in truth.folder.glob("behavCam*"):
        path.unlink()
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    (told,) = found_in(session, Code.FILE_MISSING)
    assert (told.where, told.severity, told.numbers) == (TABLE, Severity.WARNING, {"camera": 0, "rows": 37})


def test_a_scope_whose_videos_are_gone_is_missed(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    for path in truth.folder.glob("msCam*"):
        path.unlink()
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session, "behavCam"), truth.devices["behavCam"].rows.stamp_ms)
    (told,) = found_in(session, Code.FILE_MISSING)
    assert (told.severity, told.numbers) == (Severity.ERROR, {"camera": 1, "rows": 25})
    assert "there is no msCam1.avi" in told.sentence


# which camera is which


def test_after_a_crash_the_nearest_count_is_taken_and_said(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path, camera=replace(CAMERA, n_frames=74))
    left = {name: defects.truncate_avi(truth.folder / f"{name}.avi") for name in ("msCam3", "behavCam8")}
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, range(20 + left["msCam3"]))
    holds(stream_of(session, "behavCam"), truth.devices["behavCam"].rows.stamp_ms, range(70 + left["behavCam8"]))
    told = {finding.where: finding for finding in found_in(session, Code.CAMERA_UNCERTAIN)}
    assert set(told) == {f"{TABLE} (msCam)", f"{TABLE} (behavCam)"}
    assert told[f"{TABLE} (msCam)"].numbers == {"camera": 1, "listed": 25, "found": 20 + left["msCam3"]}


def test_one_count_that_agrees_tells_the_other_camera_too(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path, camera=replace(CAMERA, n_frames=28))
    n_left = defects.truncate_avi(truth.folder / "msCam3.avi")
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, range(20 + n_left))
    holds(stream_of(session, "behavCam"), truth.devices["behavCam"].rows.stamp_ms)
    assert found_in(session, Code.CAMERA_UNCERTAIN) == []


@pytest.mark.parametrize("keep", ["both", "msCam"])
def test_equal_counts_are_refused(tmp_path, find_failure, keep):
    truth = v3_recording(tmp_path, camera=replace(CAMERA, n_frames=25))
    for path in truth.folder.glob("behavCam*"):
        if keep == "msCam":
            path.unlink()
    message = find_failure(tmp_path, **ZONE).message
    assert "25 frames of camera 1" in message
    assert "25 frames of camera 0" in message
    assert "--timestamps_file" in message


def test_what_the_refusal_advises_works(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path / "data", camera=replace(CAMERA, n_frames=25))
    header, *lines = (truth.folder / TABLE).read_text("cp1252").splitlines()
    own = tmp_path / "scope.txt"
    own.write_text("\n".join([header, *(line for line in lines if line.startswith("1\t"))]) + "\n", "utf-8")
    session = find_one(
        tmp_path, video_files=(truth.folder / "msCam*.avi",), timestamps_file=own, start_time=truth.spec.start, **ZONE
    )
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    assert stream_of(session).device.settings["camNum"] == 1


def test_cameras_cut_so_that_the_counts_fit_both_ways_are_refused(tmp_path, find_failure):
    truth = v3_recording(tmp_path, camera=replace(CAMERA, n_frames=28))
    for name in ("msCam3", "behavCam3"):
        defects.truncate_avi(truth.folder / f"{name}.avi")
    assert "do not show which camera is which" in find_failure(tmp_path, **ZONE).message


def test_a_table_of_the_behaviour_camera_alone_is_not_that_of_the_scope(tmp_path, find_failure):
    truth = v3_recording(tmp_path)
    table = truth.folder / TABLE
    header, *lines = table.read_text("cp1252").splitlines()
    table.write_text("\n".join([header, *(line for line in lines if line.startswith("0\t"))]) + "\n", "cp1252")
    assert f"{TABLE} has no rows that fit the frames of msCam (25)" in find_failure(tmp_path, **ZONE).message


def test_a_table_of_the_scope_alone_leaves_the_behaviour_camera_untimed(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    table = truth.folder / TABLE
    header, *lines = table.read_text("cp1252").splitlines()
    table.write_text("\n".join([header, *(line for line in lines if line.startswith("1\t"))]) + "\n", "cp1252")
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    assert (Code.CAMERA_UNTIMED, "behavCam") in codes(session)
    assert len(stream_of(session, "behavCam").video_files) == 4


# rows of the table


def test_a_row_that_is_gone(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    row = rows_of(truth, 1)[12]
    defects.drop_rows(truth.folder, slice(row, row + 1), TABLE)
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, [k for k in range(25) if k != 12])
    holds(stream_of(session, "behavCam"), truth.devices["behavCam"].rows.stamp_ms)
    assert (Code.ROWS_RENUMBERED, f"{TABLE} (msCam)") in codes(session)


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        (2, "4x", Code.ROW_UNREADABLE),
        (1, "", Code.ROW_UNREADABLE),
        (0, "-1", Code.ROW_UNREADABLE),
        (0, "0", Code.ROWS_RENUMBERED),
        (1, "3", Code.ROWS_RENUMBERED),
        (1, "99", Code.ROWS_RENUMBERED),
        (2, "4\t4", Code.ROW_UNREADABLE),
    ],
)
def test_a_damaged_row_costs_its_own_frame_only(tmp_path, find_one, numbers_seen, codes, column, text, code):
    truth = v3_recording(tmp_path)
    defects.put_text(truth.folder, rows_of(truth, 1)[12], text, column, TABLE)
    session = find_one(tmp_path, **ZONE)
    for name, lost in (("msCam", {12, 2 if text == "3" else 12}), ("behavCam", {12} if text == "0" else set())):
        stream, taken = stream_of(session, name), truth.devices[name].rows.stamp_ms
        seen = numbers_seen(stream)
        assert set(range(len(taken))) - set(seen) <= lost
        assert (stream.time_s * 1000).round().tolist() == taken[seen].tolist()
    assert 12 not in numbers_seen(stream_of(session))
    assert code in {finding.code for finding in session.findings}


def test_a_camera_number_that_is_nobodys_costs_one_frame(tmp_path, find_one, holds):
    truth = v3_recording(tmp_path)
    defects.put_text(truth.folder, rows_of(truth, 1)[12], "5", 0, TABLE)
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, [k for k in range(25) if k != 12])
    assert [finding.numbers for finding in found_in(session, Code.FILE_MISSING)] == [{"camera": 5, "rows": 1}]


def test_a_torn_last_line_keeps_its_stamp_when_only_the_last_field_is_cut(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    defects.tear_last_line(truth.folder, TABLE, n_bytes=2)
    session = find_one(tmp_path, **ZONE)
    for name, device in truth.devices.items():
        holds(stream_of(session, name), device.rows.stamp_ms)
    assert (Code.ROW_TORN, TABLE) in codes(session)


def test_a_table_that_ends_early(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path, camera=None)
    defects.drop_rows(truth.folder, slice(15, None), TABLE)
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms, range(15))
    assert (Code.FRAMES_WITHOUT_STAMP, "msCam2.avi") in codes(session)


def test_steps_of_the_clock_are_kept_and_said_of_their_camera(tmp_path, find_one):
    truth = v3_recording(tmp_path)
    row = rows_of(truth, 0)[20]
    defects.put_text(truth.folder, row, "5", 2, TABLE)
    session = find_one(tmp_path, **ZONE)
    assert stream_of(session, "behavCam").time_s[20] == 0.005
    assert [finding.where for finding in found_in(session, Code.STAMP_BACKWARDS)] == [f"{TABLE} (behavCam)"]


# first stamps


@pytest.mark.parametrize("written", [-1, -30, 4_294_967_295, 935_703_178, 400, 51])
@pytest.mark.parametrize("name", ["msCam", "behavCam"])
def test_a_first_stamp_that_cannot_be_right_is_mended_and_said(tmp_path, find_one, written, name):
    truth = v3_recording(tmp_path, camera=replace(CAMERA, first_stamp_ms=0), first_clock_ms={name: written})
    session = find_one(tmp_path, **ZONE)
    stream = stream_of(session, name)
    assert (stream.time_s * 1000).round().tolist() == truth.devices[name].rows.stamp_ms.tolist()
    (told,) = found_in(session, Code.STAMP_MENDED)
    assert told.where == f"{TABLE} ({name})"
    assert (told.numbers["written_s"], told.numbers["used_s"]) == (written / 1000, 0)
    assert stream.table.extra["sysClock (ms)"][0] == written
    assert {Code.STAMP_OUTLIER, Code.STAMP_NEGATIVE, Code.STAMP_BACKWARDS}.isdisjoint(f.code for f in session.findings)


def table_of(*stamps_ms, numbers=None):
    return TimeTable(Path(TABLE), np.array(stamps_ms) / 1000, np.arange(len(stamps_ms)) if numbers is None else numbers)


@pytest.mark.parametrize(
    ("stamps_ms", "first_ms"),
    [
        ((-1, 49, 100, 151, 200), 0),
        ((7, 49, 100, 151, 200), 7),
        ((0, 0.5, 50, 100, 151), 0),
        ((0, 74, 124, 175, 225), 0),
        # in the first interval of the recording; then nothing came for long
        ((12, 5000, 5050, 5101, 5151), 12),
        ((400, 5000, 5050, 5101, 5151), 4950),
        ((-1, 80, 130, 181, 231), 30),
        ((90, -20, 30, 80, 130), -70),
    ],
)
def test_where_a_first_stamp_is_put(stamps_ms, first_ms):
    mended, found = mend_first_stamp(table_of(*stamps_ms), TABLE)
    assert mended.time_s[0] * 1000 == pytest.approx(first_ms, abs=1)
    assert mended.time_s[1:].tolist() == table_of(*stamps_ms).time_s[1:].tolist()
    assert [finding.code for finding in found] == [Code.STAMP_MENDED] * (first_ms != stamps_ms[0])


@pytest.mark.parametrize(
    "table",
    [
        table_of(),
        table_of(-1),
        table_of(-1, 49),
        # the row of the first frame is lost
        table_of(-1, 49, 100, 150, numbers=np.arange(1, 5)),
    ],
)
def test_a_first_stamp_of_which_nothing_can_be_told_stays(table):
    assert mend_first_stamp(table, TABLE) == (table, ())


def test_rows_lost_after_the_first_are_reckoned_with():
    mended, _ = mend_first_stamp(table_of(-1, 149, 200, 251, 300, numbers=np.array([0, 3, 4, 5, 6])), TABLE)
    assert mended.time_s[0] == 0


# settings and remarks


def test_without_settings_it_is_converted_still(tmp_path, find_one, holds, codes):
    truth = v3_recording(tmp_path)
    (truth.folder / "settings_and_notes.dat").unlink()
    session = find_one(tmp_path, **ZONE)
    holds(stream_of(session), truth.devices["msCam"].rows.stamp_ms)
    assert session.subject_id is None
    assert session.name.startswith("unnamed-")
    wanted = {(Code.SETTINGS_MISSING, "settings_and_notes.dat"), (Code.SUBJECT_UNNAMED, "settings_and_notes.dat")}
    assert wanted <= codes(session)
    assert find_one(tmp_path, subject_id="m7", **ZONE).subject_id == "m7"


@pytest.mark.parametrize("raw", [b"", b"\0" * 50, b"\x89PNG\r\n\x1a\n\xff", b"animal\texcitation\r\n"])
def test_settings_that_cannot_be_read(tmp_path, find_one, codes, raw):
    truth = v3_recording(tmp_path)
    (truth.folder / "settings_and_notes.dat").write_bytes(raw)
    session = find_one(tmp_path, **ZONE)
    assert (Code.SETTINGS_UNREADABLE, "settings_and_notes.dat") in codes(session)
    assert stream_of(session).n_frames == 25
