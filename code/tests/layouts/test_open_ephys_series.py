"""Several recordings of Open Ephys' software in one folder: segments, pulses, two scopes at once."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, segments, write_open_ephys

GUI = OpenEphysSpec()


def write_all(specs, folder):
    return [write_open_ephys(spec, folder) for spec in specs]


def test_each_segment_is_a_recording(tmp_path, find, numbers_seen):
    truths = write_all(segments(replace(GUI, recording_mode="Segmented"), 11, gap_s=1.0), tmp_path)
    found = find(tmp_path, subject_id="M7")
    assert found.failures == found.findings == ()
    # 0, 1, 2, 10: not 0, 1, 10, 2
    assert [session.recordings[0].label for session in found.sessions] == [truth.table.stem for truth in truths]
    for session, truth in zip(found.sessions, truths, strict=True):
        assert session.start == truth.spec.start
        assert numbers_seen(session.streams[0][1]) == list(range(25))


@pytest.mark.parametrize("how", ["day", "all"])
def test_segments_are_joined_with_their_gaps(tmp_path, find_one, numbers_seen, how):
    truths = write_all(segments(GUI, 3, gap_s=1.5), tmp_path)
    session = find_one(tmp_path, subject_id="M7", combine=how)
    step_s = 25 / 30 + 1.5
    assert [recording.offset_s for recording in session.recordings] == pytest.approx([0, step_s, 2 * step_s], abs=1e-5)
    for (recording, stream), truth in zip(session.streams, truths, strict=True):
        assert recording.label == truth.table.stem
        assert stream.device.name == "Miniscope_V4"
        assert numbers_seen(stream) == list(range(25))
        assert stream.time_s.tolist() == pytest.approx(truth.time_s.tolist(), abs=1e-9)


def test_without_an_animal_segments_stay_apart(tmp_path, find):
    write_all(segments(GUI, 2, gap_s=1.5), tmp_path)
    assert len(find(tmp_path, combine="all").sessions) == 2


def test_the_hour_that_comes_twice_lies_between_two_segments(tmp_path, find_one):
    before = datetime(2026, 11, 1, 1, 50, 0, 0, timezone(timedelta(hours=-4)))
    after = datetime(2026, 11, 1, 1, 10, 0, 0, timezone(timedelta(hours=-5)))
    write_all([replace(GUI, start=before), replace(GUI, start=after, suffix=1)], tmp_path)
    session = find_one(tmp_path, subject_id="M7", combine="all")
    assert [recording.offset_s for recording in session.recordings] == [0, 20 * 60]
    assert [recording.start.isoformat() for recording in session.recordings] == [before.isoformat(), after.isoformat()]


def test_two_scopes_at_once_are_two_series_on_one_clock(tmp_path, find_one, numbers_seen):
    left = replace(GUI, video_name="left_", table_name="left_", n_frames=60)
    right = replace(
        left, video_name="right_", table_name="right_", start=left.start + timedelta(milliseconds=310), seed=4
    )
    truths = write_all([left, right], tmp_path)
    session = find_one(tmp_path, subject_id="M7", combine="all")
    assert [recording.offset_s for recording in session.recordings] == [0, 0.31]
    assert [stream.device.name for _, stream in session.streams] == ["Miniscope_V4", "Miniscope_V4_2"]
    for (recording, stream), truth in zip(session.streams, truths, strict=True):
        assert recording.label == truth.table.stem
        assert numbers_seen(stream) == list(range(60))
        assert stream.time_s.tolist() == pytest.approx(truth.time_s.tolist(), abs=1e-9)


def test_pulses_of_one_second(tmp_path, find, numbers_seen):
    spec = replace(GUI, n_frames=9, recording_mode="Trigger")
    truths = write_all(segments(spec, 3, gap_s=0.1), tmp_path)
    assert truths[0].spec.start.second == truths[1].spec.start.second
    sessions = find(tmp_path, subject_id="M7", combine="all").sessions
    streams = [stream for session in sessions for _, stream in session.streams]
    assert len(streams) == 3
    assert all(numbers_seen(stream) == list(range(9)) for stream in streams)
    offsets = [(r.start - truths[0].spec.start).total_seconds() for s in sessions for r in s.recordings]
    assert offsets == pytest.approx([0, 0.4, 0.8], abs=1e-5)


def test_clocks_that_change_during_a_recording(tmp_path, find_one):
    messages = ((0.1, "Info", "before"), (0.7, "Info", "after"))
    truth = write_open_ephys(replace(GUI, zone_change=(0.5, -1.0), messages=messages), tmp_path)
    session = find_one(tmp_path)
    ((recording, stream),) = session.streams
    assert truth.table.read_text().count("-04:00") == 15
    assert truth.table.read_text().count("-05:00") == 10
    assert stream.time_s.tolist() == pytest.approx(truth.time_s.tolist(), abs=1e-9)
    received_s = stream.table.extra["Timestamp (seconds since start)"]
    assert received_s.tolist() == pytest.approx((truth.rows.received_ticks / 1e7).tolist(), abs=1e-9)
    # the wall clock of the log went back an hour, too
    assert {n.text: n.time_s for n in recording.notes}["after"] == pytest.approx(0.7, abs=1e-3)
    assert Code.CLOCK_DRIFT not in {finding.code for finding in session.findings}


@pytest.mark.parametrize("delay_s", [0.0, 0.95])
def test_videos_of_a_workflow_go_with_the_tables_of_their_second(tmp_path, find, numbers_seen, delay_s):
    workflow = OpenEphysSpec(
        software=Software.BONSAI,
        video_name="v4-image_",
        table_name="v4-quat_",
        suffix="Timestamp",
        video_delay_s=delay_s,
    )
    truths = write_all(segments(workflow, 3, gap_s=4.0), tmp_path)
    found = find(tmp_path)
    assert found.failures == ()
    for session, truth in zip(found.sessions, truths, strict=True):
        stream = session.streams[0][1]
        assert (stream.table.path, stream.video_files[0].path) == (truth.table, truth.video)
        assert numbers_seen(stream) == list(range(25))


def test_pictures_go_to_the_recording_before_them(tmp_path, find):
    first, second = segments(replace(GUI, captures=(0.4,)), 2, gap_s=4.0)
    truths = write_all([first, second], tmp_path)
    early = tmp_path / "run_frame_7_20260730_145900_001.png"
    foreign = tmp_path / "other_frame_7_20260730_145900_001.png"
    for path in (early, foreign):
        path.write_bytes(b"\x89PNG")
    (tmp_path / "lab notes.txt").write_text("calm", encoding="utf-8")
    found = find(tmp_path)
    names = [{file.path.name for file in session.recordings[0].files} for session in found.sessions]
    pictures = [sorted(name for name in of_one if name.endswith(".png")) for of_one in names]
    assert [len(of_one) for of_one in pictures] == [2, 1]
    assert pictures[0][1] == early.name or pictures[0][0] == early.name
    assert all("lab notes.txt" in of_one for of_one in names)
    (finding,) = found.findings
    assert (finding.code, foreign.name in finding.sentence) == (Code.FILE_IGNORED, True)
    assert truths[0].table.name in names[0]
