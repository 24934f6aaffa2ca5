"""The defects of reference formats 6, by their numbers: what is said, and that every kept frame has its own stamp."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, Scene
from tests import defects
from tests.recordings import (
    CAMERA,
    SCOPE,
    aliased_devices,
    reused_folder,
    scope_recording,
    small_recording,
)

HPC = "HPC_miniscope1"
TABLE = f"{HPC}/timeStamps.csv"


@pytest.fixture
def check(find_one, scope_of, numbers_seen):
    """Discover the recording of one scope; the numbers in its pictures must be those of its rows."""

    def run(truth, n_frames, **request):
        session = find_one(truth.folder, **request)
        stream = scope_of(session)
        assert stream.n_frames == n_frames
        rows = truth.devices[HPC].rows
        numbers = stream.table.frame_number[stream.rows]
        assert numbers_seen(stream) == numbers.tolist()
        return session, stream, rows.stamp_ms[numbers] / 1000

    return run


def finding(session, code):
    (found,) = (f for f in session.findings if f.code is code)
    return found


def test_01_a_full_queue(tmp_path, check):
    truth = scope_recording(tmp_path, n_frames=40)
    defects.fill_queue(truth.devices[HPC].folder, 20)
    session, *_ = check(truth, 40)
    assert finding(session, Code.QUEUE_FULL).where == TABLE


def test_02_a_frame_lost_on_the_way(tmp_path, check):
    truth = scope_recording(tmp_path, lost=(7, 8))
    session, stream, stamps = check(truth, 25)
    assert finding(session, Code.GAP).numbers["count"] == 1
    assert finding(session, Code.FRAMES_DROPPED).numbers["dropped"] == 2
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_03_stamps_in_batches(tmp_path, check):
    truth = scope_recording(tmp_path, n_frames=70)
    defects.oscillate(truth.devices[HPC].folder)
    session, *_ = check(truth, 70)
    # stamps that are changed in one table only no longer agree with the other
    expected = {Code.STAMPS_OSCILLATE, Code.STAMP_NEGATIVE, Code.ORIENTATION_INCOMPLETE}
    assert {f.code for f in session.findings} == expected


def test_04_a_sensor_that_reconnects(tmp_path, check):
    truth = scope_recording(tmp_path, n_frames=220)
    defects.reconnect(truth.devices[HPC].folder, 110)
    session, *_ = check(truth, 220)
    assert finding(session, Code.RATE_CHANGED).severity is Severity.WARNING
    assert finding(session, Code.GAP).numbers["largest_s"] == pytest.approx(1.4)


def test_05_a_counter_that_cannot_be_read(tmp_path, check):
    truth = scope_recording(tmp_path)
    defects.spoil_counter(truth.devices[HPC].folder, unread=range(5, 20))
    session, *_ = check(truth, 25)
    assert finding(session, Code.COUNTER_UNRELIABLE).numbers["failed"] == 15


def test_06_negative_first_stamps(tmp_path, check):
    truth = scope_recording(tmp_path, first_stamp_ms=-80)
    session, stream, stamps = check(truth, 25)
    assert finding(session, Code.STAMP_NEGATIVE).numbers["frames"] == 3
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_07_an_absurd_first_stamp(tmp_path, check):
    truth = scope_recording(tmp_path)
    defects.absurd_first_stamp(truth.devices[HPC].folder)
    session, stream, _ = check(truth, 25)
    assert finding(session, Code.STAMP_OUTLIER).numbers["first_s"] == 935703.178
    assert stream.time_s[0] == 935703.178


@pytest.mark.parametrize(("by_ms", "code"), [(-3_600_000, Code.STAMP_BACKWARDS), (3_600_000, Code.GAP)])
def test_08_a_clock_that_was_set(tmp_path, check, by_ms, code):
    truth = scope_recording(tmp_path)
    defects.step_clock(truth.devices[HPC].folder, 12, by_ms)
    session, stream, stamps = check(truth, 25)
    assert finding(session, code).numbers["count"] == 1
    np.testing.assert_allclose(np.diff(stream.time_s)[12:], np.diff(stamps)[12:])


@pytest.mark.parametrize(
    ("rows", "kept", "code"),
    [
        (slice(22, None), 22, Code.FRAMES_WITHOUT_STAMP),
        (slice(0, 3), 22, Code.ROWS_RENUMBERED),
        (slice(8, 13), 20, Code.ROWS_RENUMBERED),
    ],
)
def test_09_rows_that_are_missing(tmp_path, check, rows, kept, code):
    truth = scope_recording(tmp_path)
    defects.drop_rows(truth.devices[HPC].folder, rows)
    session, stream, stamps = check(truth, kept)
    assert code in {f.code for f in session.findings}
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_09_a_row_that_cannot_be_read(tmp_path, check):
    truth = scope_recording(tmp_path)
    defects.put_text(truth.devices[HPC].folder, 12)
    session, stream, stamps = check(truth, 24)
    assert finding(session, Code.ROW_UNREADABLE).numbers["first_line"] == 14
    assert finding(session, Code.FRAMES_WITHOUT_STAMP).numbers == {"frames": 1}
    np.testing.assert_array_equal(stream.time_s, stamps)


@pytest.mark.parametrize("version", ["v1.11", "v2.0"])
def test_10_a_file_that_was_never_closed(tmp_path, check, version):
    truth = scope_recording(tmp_path, version)
    defects.unclose_avi(truth.devices[HPC].folder / "2.avi", 3)
    session, stream, stamps = check(truth, 23)
    assert finding(session, Code.FILE_TRUNCATED).numbers["frames"] == 3
    assert finding(session, Code.FRAMES_MISSING).numbers == {"expected": 5, "found": 3}
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_11_a_file_cut_in_the_middle(tmp_path, check):
    truth = scope_recording(tmp_path)
    left = defects.truncate_avi(truth.devices[HPC].folder / "1.avi")
    session, stream, stamps = check(truth, 15 + left)
    assert (Code.FRAMES_MISSING, f"{HPC}/1.avi") in {(f.code, f.where) for f in session.findings}
    np.testing.assert_array_equal(stream.time_s, stamps)
    assert stream.losses[0].n_rows == 10 - left


@pytest.mark.parametrize("number", [0, 1, 2])
def test_12_an_empty_file(tmp_path, check, number):
    truth = scope_recording(tmp_path)
    defects.empty_file(truth.devices[HPC].folder / f"{number}.avi")
    n_lost = 5 if number == 2 else 10
    session, stream, stamps = check(truth, 25 - n_lost)
    assert finding(session, Code.FILE_EMPTY).where == f"{HPC}/{number}.avi"
    assert [(loss.n_rows, loss.reason) for loss in stream.losses] == [(n_lost, f"{number}.avi is empty")]
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_12_files_without_settings_that_tell_their_length(tmp_path, check):
    truth = scope_recording(tmp_path)
    defects.remove_settings(truth.devices[HPC].folder)
    defects.empty_file(truth.devices[HPC].folder / "1.avi")
    _, stream, stamps = check(truth, 15)
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_12_a_file_of_other_bytes(tmp_path, check):
    truth = scope_recording(tmp_path)
    (truth.devices[HPC].folder / "1.avi").write_bytes(b"not a video" * 100)
    session, *_ = check(truth, 15)
    assert finding(session, Code.FILE_UNREADABLE).where == f"{HPC}/1.avi"


def test_12_no_file_at_all(tmp_path, find_failure):
    truth = scope_recording(tmp_path)
    for path in truth.devices[HPC].folder.glob("*.avi"):
        path.unlink()
    failure = find_failure(truth.folder)
    assert "no frame of HPC miniscope1" in failure.message
    assert Code.NO_FRAMES in {f.code for f in failure.findings}


def test_12_a_missing_file(tmp_path, check):
    truth = scope_recording(tmp_path)
    (truth.devices[HPC].folder / "1.avi").unlink()
    session, stream, stamps = check(truth, 15)
    assert finding(session, Code.FILE_MISSING).where == f"{HPC}/1.avi"
    np.testing.assert_array_equal(stream.time_s, stamps)


@pytest.fixture
def edited(tmp_path):
    """A recording whose table of the scope was saved again by another program."""

    def edit(change):
        truth = scope_recording(tmp_path)
        path = truth.devices[HPC].folder / "timeStamps.csv"
        path.write_text(change(path.read_text("utf-8")), "utf-8")
        return truth

    return edit


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda text: text.replace(",", ";"), "begins with 'Frame Number;Time Stamp (ms);"),
        (lambda text: text.replace("(ms)", "(s)"), "begins with 'Frame Number,Time Stamp (s),"),
        (lambda text: text.replace("\n", ",\n").replace(",\n", "\n", 1), "lines 2, 3, 4 and 22 more cannot be read"),
        (lambda _: "", "the file is empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_what_is_in_it(edited, find_failure, change, found):
    failure = find_failure(edited(change).folder)
    assert f"no usable time table: timeStamps.csv: {found}" in failure.message


def test_a_copy_of_a_device_folder_is_not_taken_in_silence(tmp_path, find_one):
    truth = scope_recording(tmp_path)
    folder = truth.devices[HPC].folder
    shutil.copytree(folder, folder.with_name(f"{HPC} - Copy"))
    session = find_one(truth.folder)
    unlisted = [f.where for f in session.findings if "list no device for this folder" in f.sentence]
    assert unlisted == [f"{HPC} - Copy"]


@pytest.mark.parametrize("n_frames", [20, 21, 30])
def test_14_a_short_last_file_is_normal(tmp_path, check, n_frames):
    session, *_ = check(scope_recording(tmp_path, n_frames=n_frames), n_frames)
    assert [f.code for f in session.findings] == [Code.STAMP_NEGATIVE]


def test_15_a_rate_that_was_not_kept(tmp_path, check):
    truth = scope_recording(tmp_path, rate_hz=15.0, settings={"frameRate": "30FPS"})
    session, *_ = check(truth, 25)
    assert finding(session, Code.RATE_DIFFERS).numbers["nominal_hz"] == 30


def test_16_files_in_the_order_of_their_numbers(tmp_path, check):
    truth = scope_recording(tmp_path, n_frames=24, frames_per_file=2)
    _, stream, _ = check(truth, 24)
    assert [s.path.name for s in stream.segments] == [f"{k}.avi" for k in range(12)]


def test_17_strays_are_named_and_left_out(tmp_path, check, find):
    truth = scope_recording(tmp_path)
    defects.add_strays(truth.devices[HPC].folder)
    session, stream, _ = check(truth, 25)
    ignored = " ".join(f.sentence for f in session.findings if f.code is Code.FILE_IGNORED)
    assert all(name in ignored for name in ("0_corrected.avi", "corrected/", "Thumbs.db"))
    hidden = [f.sentence for f in find(truth.folder).findings if f.code is Code.FILE_IGNORED]
    assert "._0.avi" in " ".join(hidden)
    assert {file.path.name for file in stream.video_files} == {"0.avi", "1.avi", "2.avi"}
    assert "Thumbs.db" not in {file.path.name for file in session.source_files}


@pytest.mark.parametrize("which", ["device", "recording", "both"])
def test_18_settings_that_are_missing(tmp_path, check, which):
    truth = scope_recording(tmp_path)
    if which != "device":
        defects.remove_settings(truth.folder)
    if which != "recording":
        defects.remove_settings(truth.devices[HPC].folder)
    session, stream, stamps = check(truth, 25, timezone="America/Los_Angeles")
    assert Code.SETTINGS_MISSING in {f.code for f in session.findings}
    assert stream.device.kind is DeviceKind.SCOPE
    np.testing.assert_array_equal(stream.time_s, stamps)
    # folders are named to the second
    assert abs(session.start - truth.spec.start) < timedelta(seconds=1)


def test_19_a_folder_that_was_used_before(tmp_path, find_one, scope_of, numbers_seen):
    _, truth = reused_folder(tmp_path)
    session = find_one(truth.folder)
    stream = scope_of(session)
    assert numbers_seen(stream) == list(range(15))
    np.testing.assert_array_equal(stream.time_s, truth.devices[HPC].rows.stamp_ms / 1000)
    assert finding(session, Code.FILE_STALE).numbers == {"files": 2, "frames": 15}
    assert finding(session, Code.START_UNCERTAIN).severity is Severity.WARNING
    # the user knows better than settings of an earlier recording
    given = find_one(truth.folder, start_time=truth.spec.start)
    assert given.start == truth.spec.start


def test_20_names_that_are_missing(tmp_path, find_one, codes):
    session = find_one(small_recording(tmp_path, animal="").folder)
    assert session.subject_id is None
    assert session.name.startswith("unnamed-")
    assert (Code.SUBJECT_UNNAMED, "metaData.json") in codes(session)
    assert "animalNameMissing" in str(session.recordings[0].folder)


def test_21_devices_that_share_a_folder(tmp_path, find_one):
    session = find_one(aliased_devices(tmp_path).folder)
    assert finding(session, Code.NAME_SHARED).where == "My_Cam"
    assert [stream.device.name for _, stream in session.streams] == [HPC, "My_Cam"]


def test_22_another_camera_in_the_folder_of_a_scope(tmp_path, find_failure):
    truth = scope_recording(tmp_path, scene=Scene.ARENA, encoding=Encoding.FFV1_BGR, has_bar_code=False)
    failure = find_failure(truth.folder)
    assert "colour pictures" in failure.message
    assert "If it is a behaviour camera, list it under 'cameras' instead of 'miniscopes'" in failure.message
    assert HPC in failure.message


def test_22_pictures_of_another_size(tmp_path, check):
    truth = scope_recording(tmp_path, has_roi=False)
    session, *_ = check(truth, 25)
    assert finding(session, Code.PICTURE_UNEXPECTED).numbers["expected"] == [608, 608]


def test_22_equal_channels_are_gray(tmp_path, check):
    _, stream, _ = check(scope_recording(tmp_path, encoding=Encoding.FFV1_BGR), 25)
    assert stream.picture.pixel_format == "bgr0"
    assert not stream.picture.is_color


def test_22_one_file_of_another_size(tmp_path, check):
    truth = scope_recording(tmp_path / "a")
    other = scope_recording(tmp_path / "b", width_px=96, height_px=64)
    shutil.copy(other.devices[HPC].folder / "1.avi", truth.devices[HPC].folder / "1.avi")
    session, stream, stamps = check(truth, 15)
    assert finding(session, Code.PICTURE_UNEXPECTED).where == f"{HPC}/1.avi"
    assert finding(session, Code.PICTURE_UNEXPECTED).severity is Severity.ERROR
    assert (stream.picture.width_px, stream.picture.height_px) == (64, 48)
    np.testing.assert_array_equal(stream.time_s, stamps)


def test_23_an_odd_region_loses_its_last_column(tmp_path, check):
    session, stream, _ = check(scope_recording(tmp_path, width_px=65, height_px=49), 25)
    assert (stream.picture.width_px, stream.picture.height_px) == (64, 48)
    assert Code.PICTURE_UNEXPECTED not in {f.code for f in session.findings}


def test_24_orientation_with_fewer_rows_than_frames(tmp_path, check):
    truth = scope_recording(tmp_path)
    folder = truth.devices[HPC].folder
    defects.drop_rows(folder, slice(4, 9), "headOrientation.csv")
    defects.zero_orientation(folder, [0])
    session, stream, _ = check(truth, 25)
    assert finding(session, Code.ORIENTATION_INCOMPLETE).numbers == {"frames_without": 5, "rows_without_frame": 0}
    assert finding(session, Code.ORIENTATION_INVALID).numbers["count"] == 1
    assert len(stream.orientation.time_s) == 20


def test_25_commas_in_notes(tmp_path, find_one):
    (recording,) = find_one(small_recording(tmp_path).folder).recordings
    assert [note.text for note in recording.notes] == ["mouse enters arm A, left", 'says "müde", turns']
    assert [(c.device, c.setting, c.value) for c in recording.property_changes] == [("HPC miniscope1", "led0", "25")]


@pytest.mark.parametrize(("written", "gain", "rate_hz"), [(3.5, "3.5", 30.0), ("High", "High", 30.0)])
def test_26_numbers_and_text(tmp_path, check, written, gain, rate_hz):
    _, stream, _ = check(scope_recording(tmp_path, settings={"gain": written, "frameRate": "30FPS/90"}), 25)
    assert (stream.device.gain, stream.device.nominal_rate_hz) == (gain, rate_hz)


def test_27_a_recording_that_was_moved_and_renamed(tmp_path, check):
    truth = scope_recording(tmp_path)
    there = truth.folder.parent / "a copy"
    truth.folder.rename(there)
    session, *_ = check(replace(truth, folder=there), 25)
    assert finding(session, Code.SETTINGS_MOVED).severity is Severity.INFO


def test_28_the_offset_from_utc_is_that_of_the_recording(tmp_path, check):
    session, *_ = check(scope_recording(tmp_path), 25)
    assert session.start.utcoffset() == timedelta(hours=-7)
    assert session.start.astimezone(UTC) == datetime(2026, 3, 14, 16, 26, 53, 589_000, UTC)


def test_29_cameras_only(tmp_path, find_one):
    session = find_one(small_recording(tmp_path, devices=(CAMERA,)).folder)
    ((_, stream),) = session.streams
    assert (stream.device.kind, stream.n_frames) == (DeviceKind.CAMERA, 24)


def test_29_a_camera_without_times_keeps_its_files(tmp_path, find_one, codes):
    truth = small_recording(tmp_path)
    (truth.devices["Behavior_camera"].folder / "timeStamps.csv").unlink()
    session = find_one(truth.folder)
    camera = session.streams[0][1]
    assert (camera.n_frames, camera.segments, len(camera.video_files)) == (0, (), 3)
    assert (Code.CAMERA_UNTIMED, "Behavior_camera") in codes(session)


def test_29_a_scope_without_times_cannot_be_converted(tmp_path, find_failure):
    truth = small_recording(tmp_path)
    (truth.devices[HPC].folder / "timeStamps.csv").unlink()
    failure = find_failure(truth.folder)
    assert "--timestamps_file" in failure.message


def test_29_a_device_that_never_delivered_a_frame(tmp_path, find_one, codes):
    idle = DeviceSpec(name="Idle scope", n_frames=0)
    session = find_one(small_recording(tmp_path, devices=(SCOPE, idle)).folder)
    assert (Code.NO_FRAMES, "Idle_scope") in codes(session)
    assert [stream.n_frames for _, stream in session.streams] == [25, 0]


def test_30_settings_of_each_recording_are_kept(tmp_path, find):
    earlier = datetime(2026, 3, 14, 10, tzinfo=UTC)
    scope_recording(tmp_path, settings={"led0": 10})
    small_recording(tmp_path, devices=(replace(SCOPE, settings={"led0": 40}),), start=earlier)
    (session,) = find(tmp_path, combine="all").sessions
    assert [stream.device.led_percent for _, stream in session.streams] == [40, 10]


def test_31_frames_whose_packets_are_damaged_still_have_their_place(tmp_path, find_one, scope_of):
    truth = scope_recording(tmp_path)
    defects.flip_bit(truth.devices[HPC].folder / "1.avi", 4)
    assert scope_of(find_one(truth.folder)).n_frames == 25


def test_32_a_device_name_that_is_not_the_folders(tmp_path, check):
    truth = scope_recording(tmp_path)
    defects.change_settings(truth.devices[HPC].folder, deviceName="Miniscope")
    session, stream, _ = check(truth, 25)
    assert finding(session, Code.NAME_DISAGREES).where == f"{HPC}/metaData.json"
    assert (stream.device.name, stream.device.label) == (HPC, "HPC miniscope1")
    assert stream.device.settings["deviceName"] == "Miniscope"
