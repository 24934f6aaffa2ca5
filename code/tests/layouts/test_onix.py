"""Recordings on ONIX: every frame and stamp against what the generator wrote, and all that can be wrong with a set."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.layouts import onix
from miniscope_to_nwb_zarr.sources.line_clocks_raw import FRAME_BYTES
from miniscope_to_nwb_zarr.sources.tree import walk
from miniscope_to_nwb_zarr.sources.video import VideoFile

HARMLESS = {Code.PICTURE_UNEXPECTED, Code.NO_CHECKSUM, Code.SUBJECT_UNNAMED, Code.ORIENTATION_INVALID}


@pytest.fixture
def write(tmp_path):
    return lambda folder="run", **changes: write_onix(OnixSpec(**changes), tmp_path / folder)


@pytest.fixture
def find_onix(find_one):
    return lambda folder, **request: find_one(folder, layout="Miniscope ONIX", **request)


def stream_of(session):
    ((_, stream),) = session.streams
    return stream


def codes_of(holder):
    return {finding.code for finding in holder.findings}


def sentence_of(holder, code):
    (found,) = (finding for finding in holder.findings if finding.code is code)
    return found.sentence


def assert_true_to(truth, session, n_frames=None):
    """Every frame that is kept is the frame of its row, and has its stamp and ticks."""
    stream = stream_of(session)
    rows = np.arange(truth.spec.n_frames if n_frames is None else n_frames)
    assert stream.rows.tolist() == rows.tolist()
    assert np.array_equal(stream.time_s, truth.time_s[rows])
    for name, line in (("Clock first line", 0), ("Clock last line", -1)):
        assert stream.table.extra[name].dtype == np.uint64
        assert np.array_equal(stream.table.extra[name][rows], truth.clock[rows, line])
    seen = []
    for segment in stream.segments:
        with VideoFile(segment.path) as video:
            seen += [video.read(segment.first_in_file + k).array for k in range(segment.n_frames)]
    assert [barcode.read(frame) for frame in seen] == rows.tolist()
    if truth.spec.encoding.is_exact:
        assert all(np.array_equal(frame, truth.frame(k)) for k, frame in enumerate(seen))


@pytest.mark.parametrize(
    "encoding", [Encoding.DIB, Encoding.DIB_BGR, Encoding.FMP4, Encoding.DIB_GRAY16, Encoding.Y16, Encoding.FFV1]
)
def test_every_kind_of_video_is_read_whole(write, find_onix, encoding):
    truth = write(encoding=encoding, width_px=80)
    session = find_onix(truth.folder)
    assert_true_to(truth, session)
    assert stream_of(session).picture.bit_depth == (16 if encoding.bit_depth > 8 else 8)
    assert codes_of(session) <= HARMLESS


def test_what_is_known_of_the_recording(write, find_onix):
    truth = write(lost=(7, 8))
    session = find_onix(truth.folder, subject_id="M1")
    ((recording, stream),) = session.streams
    assert_true_to(truth, session)
    assert session.name == "M1_2026-07-30_14-59-23"
    assert recording.start == truth.spec.start
    assert recording.start.utcoffset() == timedelta(hours=-4)
    assert (stream.device.name, stream.device.model) == ("Miniscope_V4", "Miniscope_V4")
    assert stream.device.settings == {
        "Timestamp": "2026-07-30T14:59:23.1234567-04:00",
        "AcquisitionClockHz": 250_000_000,
        "BlockReadSize": 8192,
        "BlockWriteSize": 2048,
    }
    texts = {file.path: file.text for file in recording.files}
    assert texts.keys() == {truth.path(kind) for kind in ("clock", "start", "inertial", "port")}
    assert texts[truth.path("port")].encode() == truth.path("port").read_bytes()
    ((change),) = recording.property_changes
    assert (change.time_s, change.setting, change.value) == (0.02, "PortStatus", "SerdesLock, SerdesParityPass")
    assert Code.GAP in codes_of(session)


def test_the_inertial_sensor_keeps_its_own_clock(write, find_onix):
    truth = write(n_identity=3)
    session = find_onix(truth.folder)
    stream, table = stream_of(session), truth.inertial
    time_s = table[:, 0] / truth.spec.clock_hz
    assert np.array_equal(stream.orientation.time_s, time_s)
    assert np.array_equal(stream.orientation.quaternion, table[:, [7, 4, 5, 6]])
    assert stream.orientation.is_valid.tolist() == [False] * 3 + [True] * (len(table) - 3)
    signals = {signal.name: signal for signal in stream.signals}
    for name, columns, unit in (
        ("EulerAngles", slice(1, 4), "degrees"),
        ("LinearAcceleration", slice(8, 11), "m/s^2"),
        ("Gravity", slice(11, 14), "m/s^2"),
    ):
        assert np.array_equal(signals[name].values, table[:, columns])
        assert np.array_equal(signals[name].time_s, time_s)
        assert signals[name].unit == unit
    assert np.array_equal(signals["SensorTemperature"].values, table[:, 14])
    assert "3 of" in sentence_of(session, Code.ORIENTATION_INVALID)


def test_a_start_without_header(write, find_onix):
    truth = write(has_header=False)
    assert_true_to(truth, find_onix(truth.folder))


def test_names_of_a_lab(write, find_onix, tmp_path):
    truth = write()
    lab = tmp_path / "lab"
    lab.mkdir()
    for kind, name in (
        ("video", "mouse 12.AVI"),
        ("clock", "mouse 12 lines.raw"),
        ("start", "when.csv"),
        ("inertial", "head.csv"),
        ("port", "p.csv"),
    ):
        shutil.copy(truth.path(kind), lab / name)
    session = find_onix(lab)
    assert_true_to(truth, session)
    assert stream_of(session).orientation is not None
    assert {f.where for f in session.findings if f.code is Code.NAME_DISAGREES} == {"when.csv", "head.csv", "p.csv"}


@pytest.mark.parametrize("name", ["start-time_0_miniscope.csv", "2026-07-30 start-time_0.csv"])
def test_words_around_the_number(write, find_onix, name):
    truth = write()
    truth.path("start").rename(truth.folder / name)
    session = find_onix(truth.folder)
    assert Code.NAME_DISAGREES not in codes_of(session)


def test_suffixes_that_are_moments(write, find, tmp_path):
    first = write(suffix="2026-07-30T14_59_23", suffixes={"clock": "2026-07-30T14_59_24"})
    second = write(suffix="2026-07-30T15_10_00", seed=1, n_frames=20)
    found = find(tmp_path, layout="Miniscope ONIX")
    assert found.failures == ()
    for truth, session in zip((first, second), found.sessions, strict=True):
        assert_true_to(truth, session)
        assert Code.NAME_DISAGREES not in codes_of(session)


def test_frames_that_did_not_reach_the_video(write, find_onix):
    truth = write(n_unflushed=4)
    session = find_onix(truth.folder)
    assert_true_to(truth, session, n_frames=21)
    assert "4 frames are lost" in sentence_of(session, Code.FRAMES_MISSING)


def test_a_cut_clock_loses_the_frames_behind_the_cut_only(write, find_onix):
    truth = write()
    raw = truth.path("clock").read_bytes()
    truth.path("clock").write_bytes(raw[: 20 * FRAME_BYTES + 1000])
    session = find_onix(truth.folder)
    assert_true_to(truth, session, n_frames=20)
    assert {Code.FILE_TRUNCATED, Code.FRAMES_WITHOUT_STAMP} <= codes_of(session)


def test_a_lost_value_leaves_no_frame_with_a_wrong_stamp(write, find_onix):
    truth = write()
    raw = truth.path("clock").read_bytes()
    at = 10 * FRAME_BYTES + 8 * 100
    truth.path("clock").write_bytes(raw[:at] + raw[at + 8 :])
    session = find_onix(truth.folder)
    stream = stream_of(session)
    assert stream.rows.tolist() == list(range(10))
    assert np.array_equal(stream.time_s, truth.time_s[:10])
    (finding,) = (f for f in session.findings if f.code is Code.ROW_UNREADABLE)
    assert (finding.severity, finding.numbers) == (Severity.ERROR, {"count": 14, "first_frame": 10})


def test_a_destroyed_stretch_of_the_clock_costs_its_frames_only(write, find_onix, numbers_seen):
    truth = write()
    raw = bytearray(truth.path("clock").read_bytes())
    raw[5 * FRAME_BYTES + 80 : 7 * FRAME_BYTES + 80] = bytes(2 * FRAME_BYTES)
    truth.path("clock").write_bytes(raw)
    session = find_onix(truth.folder)
    stream = stream_of(session)
    kept = [*range(5), *range(8, 25)]
    assert stream.rows.tolist() == kept == numbers_seen(stream)
    assert np.array_equal(stream.time_s, truth.time_s[kept])
    assert "3 frames, the first of them frame 5" in sentence_of(session, Code.ROW_UNREADABLE)


def test_clocks_that_run_backwards_from_frame_to_frame_are_kept(write, find_onix):
    truth = write()
    clock = truth.clock.copy()
    clock[12:] -= np.uint64(25_000_000)
    truth.path("clock").write_bytes(clock.astype("<u8").tobytes())
    session = find_onix(truth.folder)
    assert np.array_equal(stream_of(session).time_s, clock[:, 0] / truth.spec.clock_hz)
    assert Code.STAMP_BACKWARDS in codes_of(session)


def test_a_crash_while_recording(write, find_onix):
    """The video was never closed, the table's last line is cut, the port had nothing to report."""
    truth = write(port_status=())
    raw = truth.path("video").read_bytes()
    truth.path("video").write_bytes(raw[: int(len(raw) * 0.6)])
    truth.path("inertial").write_bytes(truth.path("inertial").read_bytes()[:-9])
    session = find_onix(truth.folder)
    assert {Code.FILE_TRUNCATED, Code.FRAMES_MISSING, Code.ROW_TORN} <= codes_of(session)
    n_frames = stream_of(session).n_frames
    assert 0 < n_frames < 25
    assert_true_to(truth, session, n_frames=n_frames)
    assert len(stream_of(session).orientation.time_s) == len(truth.inertial) - 1


@pytest.mark.parametrize("kind", ["inertial", "port"])
def test_what_is_not_needed_may_be_missing(write, find_onix, kind):
    truth = write()
    truth.path(kind).unlink()
    session = find_onix(truth.folder)
    assert_true_to(truth, session)
    assert (Code.ORIENTATION_INCOMPLETE in codes_of(session)) == (kind == "inertial")


def test_a_sensor_that_stopped_is_reported(write, find_onix):
    truth = write(n_frames=60)
    lines = truth.path("inertial").read_bytes().splitlines(keepends=True)
    truth.path("inertial").write_bytes(b"".join(lines[:50]))
    assert "the frames from 1.370" in sentence_of(find_onix(truth.folder), Code.ORIENTATION_INCOMPLETE)


def test_a_start_that_contradicts_the_port(write, find_onix):
    truth = write()
    text = truth.path("start").read_text()
    truth.path("start").write_text(text.replace("T14:59:23", "T14:49:23"))
    assert "600.0 s later" in sentence_of(find_onix(truth.folder), Code.START_UNCERTAIN)


@pytest.mark.parametrize("value", ["0", "-250000000", "250", "2.5E+08", "nan", "99999999999999999999", ""])
def test_an_absurd_rate_of_the_clock_is_refused(write, find_failure, value):
    truth = write()
    text = truth.path("start").read_text()
    truth.path("start").write_text(text.replace("250000000", value))
    message = find_failure(truth.folder, layout="Miniscope ONIX").message
    assert message.startswith(
        f"start-time_0.csv: AcquisitionClockHz is {int(value) if value.isdigit() and len(value) < 16 else value!r}"
    )


@pytest.mark.parametrize(
    ("kind", "told"), [("start", "--start_time does not replace it"), ("clock", "there is no clock")]
)
def test_what_frames_are_placed_by_may_not_be_missing(write, find_failure, kind, told):
    truth = write()
    truth.path(kind).unlink()
    assert told in find_failure(truth.folder, layout="Miniscope ONIX", start_time=truth.spec.start).message


def test_a_time_that_cannot_be_read_is_given_by_the_user(write, find_onix, find_failure):
    truth = write()
    text = truth.path("start").read_text()
    truth.path("start").write_text(text.replace("2026-07-30T14:59:23.1234567-04:00", "30.07.2026 14:59"))
    assert "--start_time" in find_failure(truth.folder, layout="Miniscope ONIX").message
    session = find_onix(truth.folder, start_time=truth.spec.start)
    assert session.start == truth.spec.start
    assert_true_to(truth, session)


def test_a_time_without_offset_needs_the_zone(write, find_onix, find_failure):
    truth = write()
    text = truth.path("start").read_text()
    truth.path("start").write_text(text.replace("-04:00", ""))
    assert "--timezone" in find_failure(truth.folder, layout="Miniscope ONIX").message
    assert find_onix(truth.folder, timezone="America/New_York").start == truth.spec.start


def test_a_video_that_is_missing_is_named(write, find):
    truth = write()
    truth.path("video").unlink()
    found = find(truth.folder, layout="Miniscope ONIX")
    assert (found.sessions, found.failures) == ((), ())
    (finding,) = found.findings
    assert (finding.code, "no video" in finding.sentence) == (Code.FOLDER_INCOMPLETE, True)


def test_an_empty_clock_is_refused(write, find_failure):
    truth = write()
    truth.path("clock").write_bytes(b"")
    failure = find_failure(truth.folder, layout="Miniscope ONIX")
    assert "no whole frame" in failure.message
    assert Code.FILE_EMPTY in codes_of(failure)


def test_several_recordings_of_a_folder(write, find, tmp_path):
    truths = [
        write(suffix=str(k), seed=k, n_frames=20 + k, start=datetime(2026, 7, 30, k, tzinfo=UTC)) for k in range(11)
    ]
    (tmp_path / "run" / "notes.txt").write_text("all went well")
    found = find(tmp_path, layout="Miniscope ONIX")
    assert found.failures == ()
    assert [session.recordings[0].label for session in found.sessions] == [t.path("video").stem for t in truths]
    for truth, session in zip(truths, found.sessions, strict=True):
        assert_true_to(truth, session)
        assert session.start == truth.spec.start
        assert codes_of(session) <= HARMLESS
    assert [(f.code, f.where) for f in found.findings] == [(Code.FILE_IGNORED, "run")]


def test_notes_beside_one_recording_are_kept(write, find_onix):
    truth = write()
    (truth.folder / "notes.txt").write_text("all went well")
    session = find_onix(truth.folder)
    assert "all went well" in {file.text for file in session.source_files}


def test_numbers_that_drifted_are_found_by_content(write, find, tmp_path):
    long = write(suffix="0", n_frames=200, suffixes={"video": "1", "inertial": "1"})
    short = write(suffix="1", n_frames=20, seed=1, suffixes={"video": "0", "inertial": "0"}, first_frame_s=20)
    found = find(tmp_path, layout="Miniscope ONIX")
    assert found.failures == ()
    for truth, session in zip((short, long), found.sessions, strict=True):
        assert_true_to(truth, session)
        assert np.array_equal(stream_of(session).orientation.time_s, truth.inertial[:, 0] / truth.spec.clock_hz)
        disagree = {f.where for f in session.findings if f.code is Code.NAME_DISAGREES}
        assert disagree == {truth.path("video").name, truth.path("inertial").name}


def test_starts_whose_numbers_drifted_are_ambiguous(write, find, tmp_path):
    write(suffix="0", suffixes={"start": "1"})
    write(suffix="1", seed=1, suffixes={"start": "2"})
    found = find(tmp_path, layout="Miniscope ONIX")
    (failure,) = found.failures
    assert "start-time_2.csv" in failure.message
    assert failure.label == "ucla-miniscope-v4-video_0"
    (session,) = found.sessions
    assert any("the numbers still belong together" in f.sentence for f in session.findings)


def test_videos_that_any_clock_fits_are_ambiguous(write, find, tmp_path):
    write(suffix="0", suffixes={"video": "5"})
    write(suffix="1", seed=1, suffixes={"video": "6"})
    found = find(tmp_path, layout="Miniscope ONIX")
    assert found.sessions == ()
    assert len(found.failures) == 2
    assert all("video_5.avi, ucla-miniscope-v4-video_6.avi" in failure.message for failure in found.failures)


def test_files_of_probes_and_cameras_beside_are_no_clock_and_no_video(write, find_onix, tmp_path):
    truth = write()
    ticks = (np.arange(40_000) * 8333).astype("<u8")
    ticks.tofile(truth.folder / "np1-clock_0.raw")
    camera = write("other", n_frames=25, seed=9)
    shutil.copy(camera.path("video"), truth.folder / "behavior_0.avi")
    session = find_onix(truth.folder)
    assert_true_to(truth, session)
    assert "behavior_0.avi" in sentence_of(session, Code.FILE_IGNORED)


def test_a_probe_and_a_camera_are_no_recording_of_a_scope(write, find):
    truth = write()
    (np.arange(40_000) * 8333).astype("<u8").tofile(truth.folder / "np1-clock_0.raw")
    truth.path("clock").unlink()
    truth.path("video").rename(truth.folder / "behavior_0.avi")
    found = find(truth.folder, layout="Miniscope ONIX")
    assert (found.sessions, found.failures) == ((), ())
    assert [finding.code for finding in found.findings] == [Code.FOLDER_INCOMPLETE]


def test_arrow_files_are_refused_by_name(write, find_failure):
    truth = write()
    truth.path("clock").rename(truth.folder / "ucla-miniscope-v4_0.arrow")
    assert "ucla-miniscope-v4_0.arrow: Arrow files" in find_failure(truth.folder, layout="Miniscope ONIX").message


def test_two_recordings_become_one_session(write, find, tmp_path):
    first = write(suffix="0")
    later = first.spec.start + timedelta(minutes=20)
    write(suffix="1", seed=1, start=later)
    (session,) = find(tmp_path, layout="Miniscope ONIX", combine="day", subject_id="M1").sessions
    assert [recording.offset_s for recording in session.recordings] == [0, 1200]


def test_named_files(write, find_one, tmp_path):
    truth = write(suffix="3")
    write(suffix="4", seed=1)
    session = find_one(
        Path("nowhere"), video_files=(truth.path("video"),), timestamps_file=truth.path("clock"), subject_id="M1"
    )
    assert (session.layout, session.start) == ("Miniscope ONIX", truth.spec.start)
    assert_true_to(truth, session)


def test_named_files_of_several_places(write, find_one, tmp_path):
    truth = write()
    places = {kind: tmp_path / f"{kind}{truth.path(kind).suffix}" for kind in ("video", "clock", "start")}
    for kind, path in places.items():
        path.parent.mkdir(exist_ok=True)
        truth.path(kind).rename(path)
    for k in range(2):
        shutil.copy(places["start"], tmp_path / f"start-time_{k}.csv")
    session = find_one(
        Path("nowhere"),
        video_files=(places["video"],),
        timestamps_file=places["clock"],
        device_metadata_file=places["start"],
    )
    assert_true_to(truth, session)


def test_named_files_that_cannot_be_used(write, find):
    truth = write()
    files = {"video_files": (truth.path("video"),), "timestamps_file": truth.path("clock")}
    with pytest.raises(InputError, match="one video"):
        find(Path("nowhere"), **{**files, "video_files": (truth.path("video"), truth.path("start"))})
    with pytest.raises(InputError, match="--device_metadata_file"):
        find(Path("nowhere"), **files, device_metadata_file=truth.folder / "none.csv")


def test_folders_of_others_are_left_alone(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"RIFF")
    (tmp_path / "a.csv").write_text("FrameNumber,HardwareTime\n1,2\n")
    (tmp_path / "b.raw").write_bytes(np.random.default_rng(0).bytes(20_000))
    tree = walk(tmp_path)
    folder = tree.folders[tmp_path]
    assert not onix.matches(folder, tree)
    assert onix.incomplete(folder, tree) is None


def test_a_hole_in_the_clock_that_looks_like_a_gap_is_doubted(write, find_onix):
    truth = write()
    raw = truth.path("clock").read_bytes()
    truth.path("clock").write_bytes(raw[: 10 * FRAME_BYTES] + raw[12 * FRAME_BYTES :])
    session = find_onix(truth.folder)
    doubts = [f for f in session.findings if "the stamps of others" in f.sentence]
    assert [(f.code, f.severity, f.numbers["fewer"]) for f in doubts] == [
        (Code.FRAMES_WITHOUT_STAMP, Severity.ERROR, 2)
    ]


@pytest.mark.parametrize("text", ["", "Timestamp,Value.AcquisitionClockHz\n", "hello"])
def test_a_start_without_its_row_is_named(write, find_failure, text):
    truth = write()
    truth.path("start").write_text(text)
    message = find_failure(truth.folder, layout="Miniscope ONIX").message
    assert message.startswith(f"start-time_0.csv: begins with {text.strip()!r}; expected")


def test_a_table_of_the_sensor_with_other_columns_is_reported(write, find_onix):
    truth = write()
    truth.path("inertial").write_text("335011456,4,17.9375\n")
    session = find_onix(truth.folder)
    assert_true_to(truth, session)
    assert [f.where for f in session.findings if f.code is Code.TABLE_FORMAT] == ["bno055_0.csv"]


def test_ports_without_a_report_are_of_their_recordings(write, find, tmp_path):
    for k in range(2):
        write(suffix=str(k), seed=k, port_status=())
    found = find(tmp_path, layout="Miniscope ONIX")
    assert (len(found.sessions), found.findings) == (2, ())


def test_a_clock_that_holds_something_else_is_refused(write, find_failure):
    truth = write()
    truth.path("clock").write_bytes(np.random.default_rng(0).bytes(25 * FRAME_BYTES))
    failure = find_failure(truth.folder, layout="Miniscope ONIX")
    assert "no usable time table" in failure.message
    assert Code.ROW_UNREADABLE in codes_of(failure)


def test_scopes_on_two_ports_share_the_start_and_stay_two(write, find, tmp_path):
    truths = {}
    for port in "AB":
        truth = write(port, seed=ord(port))
        for kind in ("video", "clock", "inertial"):
            name = truth.path(kind).name.replace("v4-", f"v4-{port}-").replace("bno055_", f"bno055-{port}_")
            (tmp_path / "both").mkdir(exist_ok=True)
            truths[truth.path(kind).rename(tmp_path / "both" / name)] = truth
    truth.path("start").rename(tmp_path / "both" / "start-time_0.csv")
    (session,) = find(tmp_path / "both", layout="Miniscope ONIX", combine="day", subject_id="M1").sessions
    assert len(session.streams) == 2
    assert {stream.device.name for _, stream in session.streams} == {"Miniscope_V4", "Miniscope_V4_2"}
    for recording, stream in session.streams:
        truth = truths[stream.video_files[0].path]
        assert recording.offset_s == 0
        assert np.array_equal(stream.time_s, truth.time_s)
        assert np.array_equal(stream.orientation.time_s, truth.inertial[:, 0] / truth.spec.clock_hz)
