"""Recordings of wireless Miniscopes: every frame and stamp against what was sent, and each defect named."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.mio import MioSpec, columns_of, write_mio
from miniscope_to_nwb_zarr.demo.mio_radio import Flip, MioVersion, Radio
from miniscope_to_nwb_zarr.sources.video import VideoFile
from tests.recordings import scope_recording

ALWAYS = {Code.NO_CHECKSUM, Code.START_UNCERTAIN, Code.SUBJECT_UNNAMED}
RADIO = Radio(
    lost={(3, 2), (5, 0), *((17, slot) for slot in range(8))},
    dropped={(7, 1)},
    cut={(9, 4): 17},
    flips=(
        Flip(11, 3, "frame_num", 4),
        Flip(13, 0, "timestamp", 16),
        Flip(15, 2, "timestamp", 20),
        Flip(19, 5, "buffer_count", 12),
        Flip(20, 1, "dropped_buffer_count", 3),
        Flip(21, 4, "linked_list", 2),
    ),
)


def stream_of(session):
    ((_, stream),) = session.streams
    return stream


def pictures_of(stream):
    """The pictures of all frames of a stream, as decoded."""
    found = []
    for segment in stream.segments:
        with VideoFile(segment.path) as video:
            found += [video.read(segment.first_in_file + k).array for k in range(segment.n_frames)]
    return found


def assert_told_truly(session, truth, numbers=None):
    """The session has these frames of the video (all that have a buffer), each with its own stamp and picture."""
    stream = stream_of(session)
    n_video = len(truth.frames) - truth.spec.cut_frames
    expected = [k for k in range(n_video) if truth.time_s[k] is not None] if numbers is None else numbers
    assert stream.time_s.tolist() == [truth.time_s[k] for k in expected]
    assert stream.table.frame_number[stream.rows].tolist() == expected
    for number, picture in zip(expected, pictures_of(stream), strict=True):
        np.testing.assert_array_equal(picture, truth.picture(number))
    return stream


def found_in(session):
    """The findings that tell of this recording and no other."""
    return {finding.code: finding for finding in session.findings if finding.code not in ALWAYS}


@pytest.mark.parametrize("version", MioVersion)
@pytest.mark.parametrize("first_slot", [0, 3])
def test_frames_and_stamps_of_every_version(tmp_path, find_one, version, first_slot):
    truth = write_mio(MioSpec(version=version, first_slot=first_slot), tmp_path)
    session = find_one(tmp_path)
    stream = assert_told_truly(session, truth)
    assert stream.time_s[0] == 0
    assert (
        set(found_in(session))
        == {
            MioVersion.V0_6: {Code.TABLE_FORMAT},
            MioVersion.V0_9: set(),
            MioVersion.UNRELEASED: {Code.FRAMES_MISSING},
        }[version]
    )
    if version is MioVersion.V0_6:
        assert not truth.picture(0).any()
        assert stream.segments[0].first_in_file == 1


def test_what_is_known_of_device_and_recording(tmp_path, find_one):
    truth = write_mio(MioSpec(name="mouse 3, day 1", has_raw_stream=True), tmp_path)
    (tmp_path / "mouse 3, day 1.json").write_text('{"ber": 0}')
    session = find_one(tmp_path, timezone="America/Los_Angeles", subject_id="M3")
    ((recording, stream),) = session.streams
    assert (session.layout, session.name) == ("Miniscope Wireless", "M3_2026-03-14_09-26-53")
    assert (stream.device.name, stream.device.kind) == ("Miniscope", DeviceKind.SCOPE)
    assert (stream.device.nominal_rate_hz, stream.device.frames_per_file) == (20, None)
    assert (stream.picture.width_px, stream.picture.height_px, stream.picture.dtype) == (64, 48, np.uint8)
    assert (recording.folder, recording.label) == (tmp_path, "mouse 3, day 1")
    files = {file.path.name: file for file in session.source_files}
    assert set(files) == {f"mouse 3, day 1{suffix}" for suffix in (".avi", ".bin", ".csv", ".json")}
    assert files["mouse 3, day 1.csv"].text.startswith("linked_list,frame_num")
    assert files["mouse 3, day 1.json"].text == '{"ber": 0}'
    assert files["mouse 3, day 1.bin"].text is None
    first = truth.frames[0].rows[0].buffer
    assert recording.start.timestamp() == pytest.approx(first.received_s, abs=1e-6)
    assert recording.start.utcoffset() == timedelta(hours=-7)
    assert Code.START_UNCERTAIN not in {finding.code for finding in session.findings}


def test_what_the_radio_does_is_told_for_each_frame(tmp_path, find_one):
    truth = write_mio(MioSpec(radio=RADIO), tmp_path)
    session = find_one(tmp_path)
    stream = assert_told_truly(session, truth)
    n_buffers = [len(frame.rows) for frame in truth.frames]
    assert stream.table.extra["buffers received"].tolist() == n_buffers
    # frame 11 came in three, so what followed is two further on; frame 17 never came
    assert n_buffers[11:14] == [3, 1, 4]
    lost = {3: 1, 5: 1, 7: 1, 19: 8}
    assert stream.table.extra["buffers lost"].tolist() == [lost.get(k, 0) for k in range(len(n_buffers))]
    assert stream.table.extra["buffers dropped"].tolist() == [int(k == 7) for k in range(len(n_buffers))]
    assert stream.table.extra["black_padding_px"].tolist() == [17 * (k == 9) for k in range(len(n_buffers))]
    counts = [frame.rows[0].buffer.header["frame_num"] for frame in truth.frames]
    counts[12] = -1
    assert stream.table.hardware_count.tolist() == counts
    found = found_in(session)
    assert set(found) == {
        *(Code.BUFFERS_CORRUPTED, Code.BUFFERS_DROPPED, Code.PICTURE_PADDED),
        *(Code.FRAMES_DROPPED, Code.GAP),
    }
    assert found[Code.BUFFERS_CORRUPTED].numbers == {
        "buffers": 5,
        "timestamp": 2,
        "frame_num": 1,
        "buffer_count": 1,
        "dropped_buffer_count": 1,
    }
    assert found[Code.BUFFERS_DROPPED].numbers == {"lost": 11, "dropped": 1, "frames": 4}
    assert found[Code.PICTURE_PADDED].numbers == {"frames": 7, "short": 6, "padded": 1, "pixels": 17}


def test_every_buffer_is_kept_as_it_was_received(tmp_path, find_one):
    truth = write_mio(MioSpec(radio=RADIO, version=MioVersion.UNRELEASED), tmp_path)
    (signal,) = stream_of(find_one(tmp_path)).signals
    assert signal.name == "Buffers"
    assert signal.columns == columns_of(MioVersion.UNRELEASED)
    for k, name in enumerate(signal.columns[:11]):
        assert signal.values[:, k].tolist() == [row.buffer.header[name] for row in truth.rows]
    assert signal.values[:, 14].tolist() == [row.index for row in truth.rows]
    first = truth.frames[0].stamp_ms
    times = [(row.buffer.sent_ms - first) / 1000 if row.buffer.has_sound_stamp else np.nan for row in truth.rows]
    np.testing.assert_array_equal(signal.time_s, times)


def test_receive_times_stand_beside_the_frames(tmp_path, find_one):
    truth = write_mio(MioSpec(), tmp_path)
    received = stream_of(find_one(tmp_path)).table.extra["buffer_recv_unix_time"]
    np.testing.assert_allclose(received, [frame.rows[0].buffer.received_s for frame in truth.frames], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"repeated_headers": (8, 43)}, Code.TABLE_FORMAT, Severity.WARNING),
        ({"cut_bytes": 3}, Code.ROW_TORN, Severity.INFO),
        ({"skipped": (4, 5)}, Code.ROWS_RENUMBERED, Severity.WARNING),
        ({"lost_rows": tuple(range(32, 48))}, Code.ROWS_RENUMBERED, Severity.ERROR),
        ({"cut_frames": 5}, Code.FRAMES_MISSING, Severity.ERROR),
        ({"clock_ppm": 50_000.0, "n_frames": 90}, Code.CLOCK_DRIFT, Severity.WARNING),
        ({"restart_at": 12}, Code.CLOCK_DRIFT, Severity.WARNING),
        ({"restart_at": 12}, Code.STAMP_BACKWARDS, Severity.WARNING),
        ({"version": MioVersion.V0_6, "radio": Radio(flips=[Flip(9, 3, "frame_buffer_count", 5)])}, Code.TABLE_FORMAT,
         Severity.WARNING),
    ],
)  # fmt: skip
def test_each_defect_is_named_and_every_other_frame_keeps_its_stamp(tmp_path, find_one, changes, code, severity):
    truth = write_mio(MioSpec(**changes), tmp_path)
    session = find_one(tmp_path)
    gone = {4, 5} if "lost_rows" in changes else set()
    n_video = len(truth.frames) - truth.spec.cut_frames
    assert_told_truly(session, truth, [k for k in range(n_video) if k not in gone and truth.time_s[k] is not None])
    assert (code, severity) in {(finding.code, finding.severity) for finding in session.findings}


@pytest.mark.parametrize(
    "changes",
    [
        {"line_end": "\n"},
        {"has_byte_order_mark": True},
        {"columns": tuple(reversed(columns_of(MioVersion.V0_9)))},
        {"columns": ("reconstructed_frame_index", "timestamp", "frame_num", "frame_buffer_count")},
        {"buffer_pixels": 4000},
        {"buffer_pixels": 100},
        {"radio": Radio(flips=[Flip(0, 0, "timestamp", 14)])},
    ],
)
def test_tables_that_look_otherwise(tmp_path, find_one, changes):
    truth = write_mio(MioSpec(**changes), tmp_path)
    assert_told_truly(find_one(tmp_path, start_time=truth.spec.start if "columns" in changes else None), truth)


def test_rows_told_again_before_0_7_1_are_counted_once(tmp_path, find_one):
    flips = [Flip(9, 3, "frame_buffer_count", 5)]
    truth = write_mio(MioSpec(version=MioVersion.V0_6, radio=Radio(flips=flips)), tmp_path)
    n_rows, n_buffers = len(truth.rows), len({id(row) for row in truth.rows})
    assert n_rows > n_buffers
    session = find_one(tmp_path)
    stream = assert_told_truly(session, truth)
    assert stream.table.extra["buffers received"].tolist() == [len(frame.rows) for frame in truth.frames[1:]]
    again = [finding.numbers.get("rows") for finding in session.findings if finding.code is Code.TABLE_FORMAT]
    assert n_rows - n_buffers in again
    assert len(stream.signals[0].values) == n_rows


def test_a_frame_of_which_no_stamp_came_whole_is_left_out(tmp_path, find_one):
    flips = [Flip(6, slot, "timestamp", 25) for slot in range(2)]
    truth = write_mio(MioSpec(buffer_pixels=1600, radio=Radio(flips=flips)), tmp_path)
    session = find_one(tmp_path)
    assert_told_truly(session, truth, [k for k in range(24) if k != 6])
    assert found_in(session)[Code.FRAMES_WITHOUT_STAMP].numbers == {"frames": 1}


def test_an_interrupted_video(tmp_path, find_one):
    truth = write_mio(MioSpec(), tmp_path)
    whole = truth.video.read_bytes()
    truth.video.write_bytes(whole[: len(whole) * 6 // 10])
    session = find_one(tmp_path)
    n_frames = stream_of(session).n_frames
    assert 5 < n_frames < 20
    assert_told_truly(session, truth, list(range(n_frames)))
    assert set(found_in(session)) == {Code.FILE_TRUNCATED, Code.FRAMES_MISSING}


def test_the_start_is_in_utc_and_says_so(tmp_path, find_one, find_failure):
    truth = write_mio(MioSpec(), tmp_path)
    session = find_one(tmp_path)
    assert session.start.utcoffset() == timedelta(0)
    (doubt,) = (finding for finding in session.findings if finding.code is Code.START_UNCERTAIN)
    assert "--timezone" in doubt.sentence
    other = find_failure(tmp_path, start_time=truth.spec.start + timedelta(hours=1))
    assert "--start_time" in other.message


def test_a_table_without_times_of_day_needs_a_start(tmp_path, find_one, find_failure):
    columns = tuple(name for name in columns_of(MioVersion.V0_9) if name != "buffer_recv_unix_time")
    truth = write_mio(MioSpec(columns=columns), tmp_path)
    assert "--start_time" in find_failure(tmp_path).message
    given = datetime(2026, 3, 14, 9, 0, tzinfo=timezone(timedelta(hours=-7)))
    session = find_one(tmp_path, start_time=given)
    assert session.start == given
    assert "buffer_recv_unix_time" not in assert_told_truly(session, truth).table.extra


def test_a_video_that_may_not_be_that_of_the_table(tmp_path, find_failure):
    truth = write_mio(MioSpec(version=MioVersion.V0_6, cut_frames=1), tmp_path)
    failure = find_failure(tmp_path)
    assert (failure.folder, failure.label) == (tmp_path, truth.spec.name)
    assert "reconstructed_frame_index" in failure.message
    assert "not known" in failure.message


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_video_without_a_frame(tmp_path, find_failure, content):
    truth = write_mio(MioSpec(), tmp_path)
    truth.video.write_bytes(content)
    assert "no frame can be read" in find_failure(tmp_path).message


def test_a_table_that_cannot_be_read_any_more(tmp_path, find_failure):
    truth = write_mio(MioSpec(), tmp_path)
    lines = truth.table.read_text().splitlines()
    truth.table.write_text("\n".join([lines[0], *("?" for _ in lines[1:])]))
    assert "no frame has a buffer" in find_failure(tmp_path).message


def test_several_recordings_and_other_files_in_one_folder(tmp_path, find):
    first = write_mio(MioSpec(name="wl-1"), tmp_path)
    second = write_mio(MioSpec(name="wl-10", n_frames=12, start=first.spec.start + timedelta(hours=1)), tmp_path)
    shutil.copy(first.video, tmp_path / "wl-1_denoised.avi")
    shutil.copy(second.table, tmp_path / "copy.csv")
    write_mio(MioSpec(name="raw", has_raw_stream=True), tmp_path).table.unlink()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "card.img").write_bytes(bytes(600))
    found = find(tmp_path)
    assert found.failures == ()
    one, other = found.sessions
    assert_told_truly(one, first)
    assert_told_truly(other, second)
    told = [(finding.code, finding.where) for finding in found.findings]
    assert told == [
        (Code.FOLDER_INCOMPLETE, "copy.csv"),
        (Code.FOLDER_INCOMPLETE, "raw.avi"),
        (Code.FILE_IGNORED, "card.img"),
        (Code.FILE_IGNORED, "."),
    ]
    assert "SDCard.to_video" in found.findings[2].sentence
    assert {name for name in ("wl-1_denoised.avi", "raw.bin", "notes.txt") if name in found.findings[3].sentence} == {
        *("wl-1_denoised.avi", "raw.bin", "notes.txt")
    }


def test_a_folder_with_half_of_a_recording(tmp_path, find):
    for name, lacking in (("table", ".avi"), ("video", ".csv")):
        truth = write_mio(MioSpec(has_raw_stream=True), tmp_path / name)
        truth.table.with_suffix(lacking).unlink()
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "SD.IMG").touch()
    found = find(tmp_path)
    assert found.sessions == found.failures == ()
    assert [(finding.code, finding.severity, finding.where) for finding in found.findings] == [
        (Code.FILE_IGNORED, Severity.WARNING, "card/SD.IMG"),
        (Code.FOLDER_INCOMPLETE, Severity.ERROR, "table/wl_200px.csv"),
        (Code.FOLDER_INCOMPLETE, Severity.ERROR, "video/wl_200px.avi"),
    ]


def test_videos_and_tables_of_others_are_none_of_its_own(tmp_path, find):
    write_mio(MioSpec(), tmp_path / "a").table.write_text("row,level\n1,2\n")
    (write_mio(MioSpec(), tmp_path / "b").table).unlink()
    found = find(tmp_path, layout="Miniscope Wireless")
    assert (found.sessions, found.failures) == ((), ())
    assert [(finding.code, finding.where) for finding in found.findings] == [
        (Code.FOLDER_INCOMPLETE, "a"),
        (Code.FOLDER_INCOMPLETE, "b"),
    ]


def test_names_that_differ_in_case_alone(tmp_path, find, find_one):
    truth = write_mio(MioSpec(name="WL"), tmp_path)
    truth.video.rename(tmp_path / "wl.AVI")
    assert stream_of(find_one(tmp_path)).n_frames == 24
    shutil.copy(tmp_path / "wl.AVI", tmp_path / "Wl.avi")
    found = find(tmp_path)
    assert found.sessions == ()
    (finding,) = (finding for finding in found.findings if finding.code is Code.FOLDER_INCOMPLETE)
    assert "wl.AVI" in finding.sentence
    assert "Wl.avi" in finding.sentence


def test_beside_a_recording_of_another_family(tmp_path, find):
    scope_recording(tmp_path / "data")
    truth = write_mio(MioSpec(), tmp_path / "data")
    found = find(tmp_path / "data", timezone="America/Los_Angeles")
    assert sorted(session.layout for session in found.sessions) == ["Miniscope DAQ", "Miniscope Wireless"]
    wireless = next(session for session in found.sessions if session.layout == "Miniscope Wireless")
    assert_told_truly(wireless, truth)


def test_what_came_before_the_recording_is_no_loss(tmp_path, find_one):
    earlier = write_mio(MioSpec(name="a", n_frames=8, radio=Radio(lost={(3, 2)})), tmp_path)
    truth = write_mio(MioSpec(name="b", first_frame=9000), tmp_path)
    truth.table.write_bytes(earlier.table.read_bytes() + truth.table.read_bytes())
    earlier.video.unlink()
    earlier.table.unlink()
    session = find_one(tmp_path)
    assert_told_truly(session, truth)
    assert set(found_in(session)) == {Code.TABLE_FORMAT}
    assert len(stream_of(session).signals[0].values) == 63 + 200


def test_a_first_buffer_without_a_time_of_day(tmp_path, find_one):
    truth = write_mio(MioSpec(), tmp_path)
    start = find_one(tmp_path).start
    text = truth.table.read_text()
    for row in truth.rows[:16]:
        text = text.replace(f"{row.buffer.received_s:.7f}", "-1.0")
    truth.table.write_text(text)
    session = find_one(tmp_path)
    assert_told_truly(session, truth)
    # frame 2 tells, at what its stamp is after frame 0; stamps have whole milliseconds
    assert abs(session.start - start) < timedelta(milliseconds=2)


def test_all_frames_are_in_one_file_however_many(tmp_path, find_one):
    spec = MioSpec(width_px=32, height_px=16, buffer_pixels=512, n_frames=1201, cut_frames=50, has_noise=False)
    write_mio(spec, tmp_path)
    session = find_one(tmp_path)
    assert stream_of(session).n_frames == 1150
    found = found_in(session)
    assert set(found) == {Code.FRAMES_MISSING}
    assert found[Code.FRAMES_MISSING].numbers == {"expected": 1200, "found": 1150}


def test_files_named_one_by_one(tmp_path, find, find_one):
    truth = write_mio(MioSpec(), tmp_path / "a")
    settings = tmp_path / "wireless-200px.yml"
    settings.write_text("fs: 20\n")
    moved = truth.table.rename(tmp_path / "buffers of today.txt")
    named = {"video_files": (truth.video,), "timestamps_file": moved}
    session = find_one(Path("nowhere"), **named, device_metadata_file=settings)
    assert session.layout == "Miniscope Wireless"
    assert_told_truly(session, truth)
    assert {file.path.name: file.text for file in session.source_files}["wireless-200px.yml"] == "fs: 20\n"
    shutil.copy(truth.video, tmp_path / "b.avi")
    with pytest.raises(InputError, match="one for each table"):
        find(tmp_path, **{**named, "video_files": (truth.video, tmp_path / "b.avi")})
    (failure,) = find(tmp_path, **named, device_metadata_file=tmp_path / "none.yml").failures
    assert "--device_metadata_file" in failure.message


def test_two_scopes_at_once_keep_a_clock_and_a_series_each(tmp_path, find_one):
    first = write_mio(MioSpec(name="left"), tmp_path)
    write_mio(replace(first.spec, name="right", start=first.spec.start + timedelta(milliseconds=40), seed=1), tmp_path)
    session = find_one(tmp_path, combine="day", subject_id="M1")
    assert [stream.device.name for _, stream in session.streams] == ["Miniscope", "Miniscope_2"]
    assert session.start.tzinfo is not None
    assert session.start.astimezone(UTC).date() == first.spec.start.date()
