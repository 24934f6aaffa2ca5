"""What goes wrong with recordings of Open Ephys: what is said, and that every kept frame has its own stamp."""

from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, segments, write_open_ephys

GUI = OpenEphysSpec()
RESIZED = OpenEphysSpec(
    software=Software.EXAMPLE_MINICAM,
    video_name="minicam_",
    table_name="minicam-aux_",
    suffix="Timestamp",
    encoding=Encoding.FMP4,
    width_px=1024,
    height_px=768,
    n_frames=4,
)


@pytest.fixture
def check(find_one, numbers_seen):
    """Discover the only recording; the numbers in its pictures must be those of the rows, at the stamps of the rows."""

    def run(truth, rows, **request):
        session = find_one(truth.folder, **request)
        stream = session.streams[0][1]
        assert numbers_seen(stream) == stream.rows.tolist() == list(rows)
        np.testing.assert_allclose(stream.time_s, truth.time_s[list(rows)], rtol=0, atol=1e-9)
        return session, stream

    return run


def finding(session, code):
    (found,) = (f for f in session.findings if f.code is code)
    return found


def edit(path, change):
    """Let `change` replace the lines of a file, without their ends."""
    lines = path.read_bytes().decode().split("\r\n")
    path.write_bytes("\r\n".join(change(lines)).encode())


# rows and frames


def test_an_end_that_was_not_written(tmp_path, check):
    session, stream = check(write_open_ephys(replace(GUI, n_unwritten=3), tmp_path), range(22))
    missing = finding(session, Code.FRAMES_MISSING)
    assert (missing.where, missing.numbers) == ("run_0.avi", {"expected": 25, "found": 22})
    assert [(loss.first_row, loss.n_rows) for loss in stream.losses] == [(22, 3)]
    # digital inputs are known at the lost frames, too
    assert [len(signal.values) for signal in stream.signals] == [25, 25]


def test_long_recordings_have_one_file(tmp_path, check):
    truth = write_open_ephys(replace(GUI, width_px=32, height_px=8, n_frames=1200, n_unwritten=2), tmp_path)
    session, _ = check(truth, range(1198))
    assert finding(session, Code.FRAMES_MISSING).numbers == {"expected": 1200, "found": 1198}
    assert Code.FILE_MISSING not in {f.code for f in session.findings}


def test_frames_without_a_row(tmp_path, check):
    session, _ = check(write_open_ephys(replace(GUI, n_unlisted=2), tmp_path), range(25))
    assert finding(session, Code.FRAMES_WITHOUT_STAMP).numbers == {"frames": 2}


def test_dropped_frames(tmp_path, check):
    truth = write_open_ephys(replace(GUI, n_frames=60, lost=(20, 21, 40), first_count=65_520), tmp_path)
    session, _ = check(truth, range(60))
    assert finding(session, Code.FRAMES_DROPPED).numbers["dropped"] == 3
    assert finding(session, Code.GAP).numbers["count"] == 2


def test_a_cut_video(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)
    truth.video.write_bytes(truth.video.read_bytes()[: truth.video.stat().st_size // 2])
    session, _ = check(truth, range(11))
    assert {f.code for f in session.findings} >= {Code.FILE_TRUNCATED, Code.FRAMES_MISSING}


def test_an_empty_video(tmp_path, find_failure):
    truth = write_open_ephys(GUI, tmp_path)
    truth.video.write_bytes(b"")
    failure = find_failure(tmp_path)
    assert failure.label == "run_0"
    assert Code.FILE_EMPTY in {f.code for f in failure.findings}


# the table


def test_a_table_that_was_cut(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)
    truth.table.write_bytes(truth.table.read_bytes()[:-60])
    session, _ = check(truth, range(24))
    assert finding(session, Code.ROW_TORN).severity is Severity.WARNING
    assert finding(session, Code.FRAMES_WITHOUT_STAMP).numbers == {"frames": 1}


def test_rows_taken_out_of_the_middle_are_doubted(tmp_path, find_one):
    truth = write_open_ephys(GUI, tmp_path)
    lines = truth.table.read_text("utf-8").splitlines(keepends=True)
    truth.table.write_text("".join(lines[:10] + lines[13:]), "utf-8")
    (doubt,) = (f for f in find_one(tmp_path).findings if f.where == "run_0.csv" and "fewer" in f.numbers)
    assert (doubt.code, doubt.severity, doubt.numbers["fewer"]) == (Code.FRAMES_WITHOUT_STAMP, Severity.ERROR, 3)
    assert "all later frames have the stamps of others" in doubt.sentence


def test_a_last_stamp_that_was_cut_leaves_the_row_its_time(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)
    # what is left is a stamp without its offset
    truth.table.write_bytes(truth.table.read_bytes()[:-8])
    session, stream = check(truth, range(25))
    assert finding(session, Code.ROW_TORN).severity is Severity.INFO
    assert np.isnan(stream.table.extra["Timestamp (seconds since start)"][-1])


@pytest.mark.parametrize(
    "line", ["x,y", "130,abc,0,0,0,1,False,False,", "1,2,3,4,5,6,7,8,9,10", "\x00\x00", ",,,,,,,,"]
)
def test_a_row_that_cannot_be_read_keeps_its_place(tmp_path, check, line):
    truth = write_open_ephys(GUI, tmp_path)
    edit(truth.table, lambda lines: [*lines[:8], line, *lines[9:]])
    session, stream = check(truth, [*range(7), *range(8, 25)])
    assert finding(session, Code.ROW_UNREADABLE).numbers == {"count": 1, "first_line": 9}
    assert len(stream.signals[0].values) == 24


def test_line_ends_marks_and_blank_lines_do_not_matter(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)
    raw = truth.table.read_bytes().replace(b"\r\n", b"\n").replace(b"\n130,", b"\n\n \n130,")
    truth.table.write_bytes(b"\xef\xbb\xbf" + raw)
    check(truth, range(25))


def test_columns_in_another_order_and_more_of_them(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)
    # two flags of an enumeration are one field with a comma in it
    states = ["None", "DigitalIn0", "DigitalIn0, DigitalIn1"]

    def shuffle(lines):
        rows = [line.split(",") for line in lines if line]
        added = [["Pressure", "State", "Lever"], *([str(0.5 * k), states[k % 3], "True"] for k in range(25))]
        return [",".join([*reversed(row), *more]) for row, more in zip(rows, added, strict=True)] + [""]

    edit(truth.table, shuffle)
    session, stream = check(truth, range(25))
    np.testing.assert_array_equal(stream.orientation.quaternion, truth.rows.quaternion)
    assert stream.table.extra["Pressure"].tolist() == [0.5 * k for k in range(25)]
    assert [signal.name for signal in stream.signals] == ["DigitalIn1", "DigitalIn0", "Lever", "State"]
    assert stream.signals[3].values.tolist() == [k % 3 for k in range(25)]
    assert "0: 'None'; 1: 'DigitalIn0'; 2: 'DigitalIn0, DigitalIn1'" in stream.signals[3].description
    assert Code.TABLE_FORMAT not in {f.code for f in session.findings}


def test_single_fields_that_cannot_be_read(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)

    def spoil(lines):
        row = lines[8].split(",")
        return [*lines[:8], ",".join(["?", row[1], "NaN", "Infinity", *row[4:6], "maybe", row[7], "never"]), *lines[9:]]

    edit(truth.table, spoil)
    session, stream = check(truth, range(25))
    assert stream.table.hardware_count[7] == -1
    assert np.isnan(stream.table.extra["Timestamp (seconds since start)"][7])
    assert stream.orientation.is_valid.tolist() == [k != 7 for k in range(25)]
    assert [len(signal.values) for signal in stream.signals] == [24, 25]
    told = [f.sentence for f in session.findings if f.code is Code.TABLE_FORMAT]
    assert [name for name in ("FrameNumber", "DigitalIn0", "Timestamp") if any(name in text for text in told)] == [
        "FrameNumber",
        "DigitalIn0",
        "Timestamp",
    ]


def test_a_table_without_rows(tmp_path, find_failure):
    truth = write_open_ephys(GUI, tmp_path)
    edit(truth.table, lambda lines: [lines[0], ""])
    assert "no row" in find_failure(tmp_path).message


# clocks


def test_a_first_moment_that_cannot_be_read(tmp_path, check):
    truth = write_open_ephys(GUI, tmp_path)
    edit(truth.table, lambda lines: [lines[0], lines[1].rpartition(",")[0] + ",?", *lines[2:]])
    session, _ = check(truth, range(25))
    # back from the second row: its moment is late by some milliseconds of the computer
    assert abs((session.start - truth.spec.start).total_seconds()) < 0.006


def test_no_moment_names_the_option(tmp_path, find_failure, find_one):
    truth = write_open_ephys(GUI, tmp_path)
    edit(truth.table, lambda lines: [line.rpartition(",")[0] for line in lines])
    assert "--start_time" in find_failure(tmp_path).message
    assert find_one(tmp_path, start_time=truth.spec.start).start == truth.spec.start


def test_moments_without_offset_name_the_option(tmp_path, find_failure, find_one):
    truth = write_open_ephys(GUI, tmp_path)
    edit(truth.table, lambda lines: [line.removesuffix("-04:00") for line in lines])
    assert "--timezone" in find_failure(tmp_path).message
    assert find_one(tmp_path, timezone="America/New_York").start == truth.spec.start


def test_a_zone_that_contradicts_the_moments(tmp_path, find_failure):
    write_open_ephys(GUI, tmp_path)
    assert "--timezone" in find_failure(tmp_path, timezone="Europe/Vienna").message


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"clock_step": (4.0, 2.5)}, 2.5), ({"clock_step": (4.0, -3.0)}, -3.0), ({"clock_error": 0.05}, 0.45)],
    ids=["forward", "back", "drift"],
)
def test_clocks_that_run_apart(tmp_path, check, change, expected):
    truth = write_open_ephys(replace(GUI, width_px=32, height_px=8, n_frames=300, **change), tmp_path)
    session, _ = check(truth, range(300))
    drift = finding(session, Code.CLOCK_DRIFT)
    assert drift.numbers["drift_s"] == pytest.approx(expected, abs=0.1)
    assert drift.where == "run_0.csv"


def test_clocks_that_agree_as_clocks_do(tmp_path, check):
    truth = write_open_ephys(replace(GUI, width_px=32, height_px=8, n_frames=300, clock_error=1e-4), tmp_path)
    session, _ = check(truth, range(300))
    assert Code.CLOCK_DRIFT not in {f.code for f in session.findings}


def test_without_the_clock_of_the_hardware_a_step_is_in_the_stamps(tmp_path, check):
    spec = replace(GUI, software=Software.BONSAI, n_frames=100, clock_step=(1.0, -0.5))
    session, _ = check(write_open_ephys(spec, tmp_path), range(100))
    assert finding(session, Code.STAMP_BACKWARDS).numbers["count"] == 1


# orientation, log and configuration


def test_a_sensor_that_did_not_answer(tmp_path, check):
    truth = write_open_ephys(replace(GUI, invalid_rows=(3, 4)), tmp_path)
    session, stream = check(truth, range(25))
    assert np.flatnonzero(~stream.orientation.is_valid).tolist() == [3, 4]
    assert finding(session, Code.ORIENTATION_INVALID).numbers["count"] == 2


def test_a_log_without_end(tmp_path, check):
    truth = write_open_ephys(replace(GUI, is_stopped=False), tmp_path)
    session, _ = check(truth, range(25))
    assert finding(session, Code.RECORDING_UNFINISHED).where == "run_0.log"


def test_errors_in_the_log(tmp_path, check):
    truth = write_open_ephys(replace(GUI, messages=((0.3, "Error", "Stopped receiving frames"),)), tmp_path)
    session, _ = check(truth, range(25))
    assert "Stopped receiving frames" in finding(session, Code.LOG_ERRORS).sentence


@pytest.mark.parametrize(("ending", "code"), [(".log", Code.FILE_MISSING), (".yml", Code.SETTINGS_MISSING)])
def test_a_file_of_the_gui_is_missing(tmp_path, check, ending, code):
    truth = write_open_ephys(GUI, tmp_path)
    truth.table.with_suffix(ending).unlink()
    session, _ = check(truth, range(25))
    assert finding(session, code).where == f"run_0{ending}"


@pytest.mark.parametrize("text", [": [", "- a\n- b\n", "a: &x 1\nb: *x\n", "a: !!python/object:os.system 1\n"])
def test_a_configuration_that_cannot_be_read_is_kept_as_text(tmp_path, check, text):
    truth = write_open_ephys(GUI, tmp_path)
    truth.table.with_suffix(".yml").write_text(text, encoding="utf-8")
    session, stream = check(truth, range(25))
    assert finding(session, Code.SETTINGS_UNREADABLE).where == "run_0.yml"
    assert stream.device.settings == {}
    (kept,) = (f for f in session.recordings[0].files if f.path.suffix == ".yml")
    assert kept.text == text


# which device


def test_a_minicam_is_a_camera(tmp_path, check):
    session, stream = check(write_open_ephys(RESIZED, tmp_path), range(4))
    assert (stream.device.name, stream.device.kind) == ("MiniCAM", DeviceKind.CAMERA)
    assert finding(session, Code.SETTINGS_MISSING).severity is Severity.WARNING


def test_stretched_pictures_are_told(tmp_path, check):
    session, stream = check(write_open_ephys(replace(RESIZED, software=Software.EXAMPLE), tmp_path), range(4))
    assert stream.device.kind is DeviceKind.SCOPE
    assert "stretched" in finding(session, Code.PICTURE_UNEXPECTED).sentence


# parts of recordings


def test_a_table_without_video(tmp_path, find):
    first, second = (write_open_ephys(spec, tmp_path) for spec in segments(GUI, 2, gap_s=2.0))
    first.video.unlink()
    found = find(tmp_path)
    assert [session.recordings[0].label for session in found.sessions] == ["run_1"]
    (failure,) = found.failures
    assert (failure.label, "without its video" in failure.message) == ("run_0", True)
    assert second.video.exists()


def test_a_video_without_table(tmp_path, find):
    first, _ = (write_open_ephys(spec, tmp_path) for spec in segments(GUI, 2, gap_s=2.0))
    first.table.unlink()
    found = find(tmp_path)
    assert [session.recordings[0].label for session in found.sessions] == ["run_1"]
    (failure,) = found.failures
    assert (failure.label, "run_0.log" in failure.message) == ("run_0", True)
    first.table.with_suffix(".log").unlink()
    found = find(tmp_path)
    assert found.failures == ()
    assert [f.where for f in found.findings if f.code is Code.FOLDER_INCOMPLETE] == ["run_0.avi"]


@pytest.mark.parametrize("change", [lambda text: text.replace(",", ";"), lambda text: text.partition("\n")[2]])
def test_a_table_saved_by_a_spreadsheet_is_named_with_its_first_line(tmp_path, find_failure, change):
    truth = write_open_ephys(GUI, tmp_path)
    text = change(truth.table.read_text("utf-8"))
    truth.table.write_text(text, "utf-8-sig")
    failure = find_failure(tmp_path)
    assert f"run_0.csv begins with '{text[:40]}" in failure.message
    assert "separated by tabs or commas" in failure.message


@pytest.mark.parametrize("is_video_left", [True, False])
def test_only_the_log_is_left(tmp_path, find, is_video_left):
    truth = write_open_ephys(GUI, tmp_path / "a")
    truth.table.unlink()
    if not is_video_left:
        truth.video.unlink()
    found = find(tmp_path)
    assert found.sessions == ()
    assert [failure.label for failure in found.failures] == ["run_0"] * is_video_left
    incomplete = [f.where for f in found.findings if f.code is Code.FOLDER_INCOMPLETE]
    assert incomplete == ([] if is_video_left else ["a/run_0.log"])


def test_only_videos_of_a_workflow_are_left(tmp_path, find):
    truth = write_open_ephys(replace(GUI, software=Software.BONSAI, suffix="Timestamp"), tmp_path / "a")
    truth.table.unlink()
    (near,) = find(tmp_path).findings
    assert (near.code, near.where) == (Code.FOLDER_INCOMPLETE, "a")


def test_what_could_be_paired_in_two_ways_is_not_paired(tmp_path, find):
    workflow = replace(GUI, software=Software.BONSAI, video_name="v4-image_", table_name="v4-quat_", suffix="Timestamp")
    truths = [write_open_ephys(spec, tmp_path) for spec in segments(workflow, 2, gap_s=1.0)]
    truths[0].video.rename(tmp_path / truths[0].video.name.replace("_24.avi", "_25.avi"))
    truths[1].table.rename(tmp_path / truths[1].table.name.replace("_25.csv", "_24.csv").replace("v4-", "v4-b-"))
    found = find(tmp_path)
    assert found.sessions == ()
    assert all("--video_files" in failure.message for failure in found.failures)


def test_tables_and_videos_of_other_programs_are_left_alone(tmp_path, find_one, find):
    write_open_ephys(GUI, tmp_path)
    (tmp_path / "lick.csv").write_text("Timestamp,Value\n2026-07-30T14:59:24.0823808-04:00,1\n" * 20_000)
    (tmp_path / "cam_0.csv").write_text("time,x\n1,2\n")
    (tmp_path / "cam_0.avi").write_bytes(b"RIFF")
    session = find_one(tmp_path)
    assert {file.path.name for file in session.recordings[0].files} >= {"cam_0.csv"}
    told = " ".join(f.sentence for f in find(tmp_path).findings)
    assert "lick.csv" in told
    assert "cam_0.avi" in told


# files by name


def test_files_that_are_named(tmp_path, find_one, numbers_seen):
    truth = write_open_ephys(GUI, tmp_path)
    video, table = tmp_path / "other" / "m.avi", tmp_path / "t.txt"
    video.parent.mkdir()
    truth.video.rename(video)
    truth.table.rename(table)
    truth.table.with_suffix(".log").rename(tmp_path / "t.log")
    session = find_one(tmp_path, video_files=(video,), timestamps_file=table)
    ((recording, stream),) = session.streams
    assert numbers_seen(stream) == list(range(25))
    assert (recording.start, recording.label, len(recording.notes)) == (truth.spec.start, "m", 3)


def test_a_video_that_is_named_finds_the_table_beside_it(tmp_path, find_one):
    truth = write_open_ephys(GUI, tmp_path)
    session = find_one(tmp_path, video_files=(truth.video,))
    assert session.streams[0][1].device.gain == "Medium"
    assert session.streams[0][1].n_frames == 25


def test_a_configuration_that_is_named(tmp_path, find_one):
    truth = write_open_ephys(replace(GUI, led_percent=33), tmp_path)
    other = truth.table.with_suffix(".yml").rename(tmp_path / "other.yml")
    session = find_one(tmp_path, video_files=(truth.video,), device_metadata_file=other)
    assert session.streams[0][1].device.led_percent == 33


def test_a_table_that_is_called_a_video(tmp_path, find_one):
    truth = write_open_ephys(
        replace(GUI, video_name="v4-image_", table_name="v4-quart_", software=Software.BONSAI), tmp_path
    )
    truth.table.rename(truth.table.with_suffix(".avi"))
    assert find_one(tmp_path).streams[0][1].n_frames == 25
