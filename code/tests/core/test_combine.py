"""Recordings of one animal in one session."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.combine import combine, join
from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Recording, Session, SourceFile, Stream, TimeTable

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
CONFIG = SourceFile(Path("/config.json"), 1, "{}")


def session(start, subject="M1", folder="/data/x", duration_s=60.0, experimenter="A", label=""):
    table = TimeTable(Path("timeStamps.csv"), np.array([0, duration_s]), np.arange(2))
    device = Device("scope", "scope", DeviceKind.SCOPE)
    stream = Stream(device, table, np.arange(2), (), ())
    recording = Recording(Path(folder), start, (stream,), files=(CONFIG,), label=label)
    finding = Finding(Code.GAP, Severity.INFO, "scope/timeStamps.csv", "gap")
    return Session(f"{subject}_{start:%H}", "layout", subject, subject, (recording,), experimenter, findings=(finding,))


def shape(sessions):
    return [(s.name, [recording.offset_s for recording in s.recordings]) for s in sessions]


def hours(*values):
    return [NOON + timedelta(hours=value) for value in values]


def test_all_recordings_of_an_animal_in_the_order_of_their_start():
    days = [session(start) for start in hours(25, 0, 1)]
    assert shape(combine(days, "all")) == [("M1_12", [0, 3600, 90000])]


def test_recordings_of_one_day():
    days = [session(start) for start in hours(25, 0, 1)]
    assert shape(combine(days, "day")) == [("M1_12", [0, 3600]), ("M1_13", [0])]


def test_a_day_is_that_of_the_place():
    zone = timezone(timedelta(hours=-7))
    late, next_day = (session(start.astimezone(zone)) for start in hours(10, 22))
    # 15:00 and 03:00 there, although both 22:00 and 10:00 UTC are a day apart as well
    assert len(combine([late, next_day], "day")) == 2
    before, after = (session(start.astimezone(zone)) for start in hours(11, 13))
    assert len(combine([before, after], "day")) == 1


@pytest.mark.parametrize(("duration_s", "n_sessions"), [(7200.0, 1), (60.0, 2)])
def test_a_recording_that_runs_over_midnight(duration_s, n_sessions):
    first, second = hours(11.5, 12.5)
    sessions = [session(first, duration_s=duration_s), session(second)]
    assert len(combine(sessions, "day")) == n_sessions


def test_offsets_are_true_time_across_a_change_of_the_clock():
    before = datetime(2026, 11, 1, 1, 50, tzinfo=timezone(timedelta(hours=-7)))
    after = datetime(2026, 11, 1, 1, 10, tzinfo=timezone(timedelta(hours=-8)))
    assert shape(combine([session(after), session(before)], "day")) == [("M1_01", [0, 1200])]


def test_animals_stay_apart_and_the_unnamed_alone():
    sessions = [session(start, subject) for start in hours(0, 1) for subject in ("M1", "M2", None)]
    assert sorted(len(s.recordings) for s in combine(sessions, "all")) == [1, 1, 2, 2]


def test_recordings_of_one_second_are_not_joined():
    assert len(combine([session(NOON), session(NOON + timedelta(milliseconds=300))], "all")) == 2


def test_recordings_of_one_second_on_the_clock_are_not_joined_when_clocks_go_back():
    first, second = (
        session(datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=offset)))) for offset in (-7, -8)
    )
    assert len(combine([first, second], "day")) == 2


def test_two_scopes_recorded_at_once_by_one_program_are_two_series_on_one_clock():
    left, right = session(NOON, label="left"), session(NOON + timedelta(milliseconds=300), label="right")
    (joined,) = combine([left, right], "day")
    assert [recording.offset_s for recording in joined.recordings] == [0, 0.3]
    assert [stream.device.name for _, stream in joined.streams] == ["scope", "scope_2"]


def test_findings_of_recordings_in_one_folder_name_it_once():
    left, right = session(NOON, label="left"), session(NOON + timedelta(seconds=1), label="right")
    (joined,) = combine([left, right], "day")
    assert {finding.where for finding in joined.findings} == {"x/scope/timeStamps.csv"}


def test_explicit_offsets_are_used_as_they_are():
    joined = join([session(NOON), session(NOON, label="b"), session(NOON, label="c")], [0, 130.5, 61])
    assert shape([joined]) == [("M1_12", [0, 61, 130.5])]
    assert {stream.device.name for _, stream in joined.streams} == {"scope"}
    assert [recording.start for recording in joined.recordings] == [NOON + timedelta(seconds=s) for s in (0, 61, 130.5)]


@pytest.mark.parametrize("offsets_s", [[0], [1, 2], [0, -1], [0, float("nan")]])
def test_offsets_that_cannot_be_meant_are_refused(offsets_s):
    with pytest.raises(UsageError, match="offsets_s"):
        join([session(NOON), session(NOON, label="b")], offsets_s)


def test_findings_name_the_folder_of_their_recording():
    first, second = (
        session(start, folder=f"/data/{day}/12_00_00")
        for start, day in zip(hours(0, 24), ("2026_03_14", "2026_03_15"), strict=True)
    )
    (joined,) = combine([first, second], "all")
    assert [finding.where for finding in joined.findings] == [
        "2026_03_14/12_00_00/scope/timeStamps.csv",
        "2026_03_15/12_00_00/scope/timeStamps.csv",
    ]


def test_a_session_alone_is_unchanged():
    alone = session(NOON)
    assert combine([alone], "all") == (alone,)


def test_a_file_of_several_recordings_is_kept_once():
    (joined,) = combine([session(start) for start in hours(0, 1)], "all")
    assert joined.source_files == (CONFIG,)


def test_all_experimenters_are_named():
    (joined,) = combine([session(s, experimenter=e) for s, e in zip(hours(0, 1, 2), "ABA", strict=True)], "all")
    assert joined.experimenter == "A; B"
