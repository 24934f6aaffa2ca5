"""What the stamps of a device tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Loss, Stream, TimeTable
from miniscope_to_nwb_zarr.core.timing import count_dropped, examine, find_gaps, first_sound, median_interval_s, rate_hz

SCOPE = Device("scope", "scope", DeviceKind.SCOPE, nominal_rate_hz=30.0)


def table_of(time_s, **columns):
    time_s = np.asarray(time_s, float)
    return TimeTable(Path("timeStamps.csv"), time_s, np.arange(len(time_s)), **columns)


def codes(time_s, device=SCOPE, **columns):
    return [finding.code for finding in examine(table_of(time_s, **columns), device, "scope/timeStamps.csv")]


def stream_of(time_s, rows=None, losses=()):
    table = table_of(time_s)
    return Stream(SCOPE, table, np.arange(len(time_s)) if rows is None else np.array(rows), (), (), losses=losses)


def regular(n=200, interval_ms=33.333, start_ms=5):
    return np.rint(start_ms + np.arange(n) * interval_ms) / 1000


def batches(n=200, short_ms=10, long_ms=50):
    """Frames that arrive in pairs, at 20 and 100 Hz in turn."""
    return np.cumsum([0, *([long_ms, short_ms] * n)][:n]) / 1000


def test_a_regular_recording_has_nothing_to_report():
    assert codes(regular()) == []
    assert rate_hz(regular()) == pytest.approx(30, abs=0.05)


@given(st.lists(st.floats(-1e12, 1e12), max_size=120))
def test_any_stamps_can_be_examined(stamps):
    examine(table_of(stamps), SCOPE, "x")
    gaps = find_gaps(stream_of(stamps))
    assert all(gap.stop_s > gap.start_s and gap.n_missing >= 1 for gap in gaps)


@given(st.integers(2, 150), st.sets(st.integers(1, 148), max_size=6), st.integers(1, 100))
def test_every_interval_with_a_missing_frame_is_a_gap(n, lost, interval_ms):
    frames = np.array([k for k in range(n) if k not in lost])
    time_s = frames * interval_ms / 1000
    expected = int(np.sum(np.diff(frames) > 1))
    if np.median(np.diff(frames) if len(frames) > 1 else [1]) > 1:
        return
    gaps = find_gaps(stream_of(time_s))
    assert len(gaps) == expected
    assert sum(gap.n_missing for gap in gaps) == int(np.sum(np.diff(frames) - 1))


def test_lost_rows_are_the_reason_of_their_gap():
    gaps = find_gaps(stream_of(regular(30), [*range(10), *range(14, 30)], (Loss(10, 4, "1.avi is short"),)))
    assert [(gap.n_missing, gap.reason) for gap in gaps] == [(4, "1.avi is short")]


def test_frames_that_were_recorded_are_not_said_to_be_missing():
    unreadable = find_gaps(stream_of(regular(30), [*range(10), *range(12, 30)]))
    numbers = np.array([*range(10), *range(12, 30)])
    time_s = regular(30)[numbers]
    absent = find_gaps(
        replace(stream_of(time_s), table=TimeTable(Path("timeStamps.csv"), time_s, numbers), rows=np.arange(28))
    )
    reasons = [(gap.n_missing, gap.reason) for gap in (*unreadable, *absent)]
    assert reasons == [(2, "rows of the time table are missing or cannot be read")] * 2


def test_negative_first_stamps_are_kept_and_said():
    assert codes(regular(start_ms=-95)) == [Code.STAMP_NEGATIVE]


@pytest.mark.parametrize("first_s", [935703.178, -935703.178])
def test_an_absurd_first_stamp_hides_nothing_and_makes_no_gap(first_s):
    time_s = regular()
    time_s[0] = first_s
    time_s[100:] += 0.1
    assert codes(time_s) == [Code.STAMP_OUTLIER, Code.GAP]
    assert len(find_gaps(stream_of(time_s))) == 1


def test_a_clock_set_back_and_forward():
    time_s = regular()
    time_s[50:] -= 3600
    time_s[150:] += 3600
    assert set(codes(time_s)) == {Code.STAMP_BACKWARDS, Code.GAP}


def test_a_table_that_runs_backwards_throughout():
    (found,) = examine(table_of(regular()[::-1]), SCOPE, "x")
    assert (found.code, found.numbers["count"]) == (Code.STAMP_BACKWARDS, 199)


def test_stamps_that_repeat():
    time_s = regular()
    time_s[20] = time_s[19]
    assert Code.STAMP_REPEATED in codes(time_s)


@pytest.mark.parametrize("n", [199, 200, 201])
def test_batches_are_no_gaps_and_no_change_of_rate(n):
    time_s = batches(n)
    assert codes(time_s, Device("scope", "scope", DeviceKind.SCOPE)) == [Code.STAMPS_OSCILLATE]
    assert median_interval_s(time_s) == pytest.approx(0.030)
    assert find_gaps(stream_of(time_s)) == ()


def test_a_lost_frame_in_batches_is_a_gap():
    time_s = np.delete(batches(), [101, 102])
    assert len(find_gaps(stream_of(time_s))) == 1


def test_a_sensor_that_reconnects_at_another_rate():
    time_s = np.concatenate([regular(150), regular(150, 16.667) + 5 + 1.4])
    found = {finding.code: finding for finding in examine(table_of(time_s), SCOPE, "x")}
    assert {Code.GAP, Code.RATE_CHANGED} <= set(found)
    numbers = found[Code.RATE_CHANGED].numbers
    assert (numbers["before_hz"], numbers["after_hz"]) == (pytest.approx(30, abs=0.5), pytest.approx(60, abs=2))
    assert numbers["at_s"] == pytest.approx(6.4, abs=1)


def test_a_rate_that_was_not_kept():
    assert codes(regular(interval_ms=66.667)) == [Code.RATE_DIFFERS]


def test_stamps_almost_at_one_moment_have_no_rate():
    stamps = np.array([0.0, -77592560934.0, -4.3e-298, 0.0])
    assert rate_hz(stamps) is None
    assert find_gaps(stream_of(stamps)) == ()


@pytest.mark.parametrize("factor", [0.001, 1000])
def test_stamps_in_another_unit_are_an_error(factor):
    (found,) = examine(table_of(regular() * factor), SCOPE, "x")
    assert (found.code, found.severity) == (Code.RATE_DIFFERS, Severity.ERROR)
    assert "another unit" in found.sentence


def test_a_queue_that_fills():
    depth = np.zeros(200, np.int64)
    depth[40:60] = np.linspace(10, 127, 20)
    found = examine(table_of(regular(), queue_depth=depth), SCOPE, "x")
    assert [finding.code for finding in found] == [Code.QUEUE_FULL]
    assert found[0].numbers == {"deepest": 127, "first_row": 58}
    # no stamp tells of a loss here
    assert "frames may be lost" in found[0].sentence


@given(st.integers(0, 65535), st.lists(st.integers(1, 40), min_size=5, max_size=60), st.sets(st.integers(0, 59)))
def test_dropped_frames_are_counted_across_the_wrap(start, steps, unread):
    counter = (start + np.cumsum(steps)) % 65536
    counter[[k for k in unread if k < len(counter)]] = -1
    read = [k for k in range(1, len(steps)) if k not in unread]
    expected = sum(steps[k] - 1 for k in range(read[0] + 1, read[-1] + 1)) if len(read) > 1 else 0
    assert count_dropped(counter, np.arange(len(counter))) == (expected, 0)


def test_an_unreliable_counter_counts_nothing():
    assert codes(regular(), hardware_count=np.full(200, -1)) == [Code.COUNTER_UNRELIABLE]


def test_a_counter_that_jumps():
    counter = np.arange(200) + 65400
    counter[120:] += 3
    found = examine(table_of(regular(), hardware_count=counter % 65536), SCOPE, "x")
    assert [finding.code for finding in found] == [Code.FRAMES_DROPPED]
    assert found[0].numbers["dropped"] == 3


def test_rows_missing_from_the_table_are_not_dropped_frames():
    saved = np.delete(np.arange(40), [12, 13, 14])
    assert count_dropped(4000 + saved, saved) == (0, 0)
    assert count_dropped(4000 + saved + (saved > 20), saved) == (1, 0)


def test_a_wide_counter_that_begins_anew_drops_no_frames():
    counter = np.concatenate([50_000 + np.arange(20), np.arange(20)])
    assert count_dropped(counter, np.arange(40), n_bits=32) == (0, 1)
    assert count_dropped(counter, np.arange(40)) == (15516, 0)
    wrapping = (2**32 - 10 + np.arange(40)) % 2**32
    assert count_dropped(wrapping, np.arange(40), n_bits=32) == (0, 0)


@pytest.mark.parametrize(
    ("begin_s", "first"),
    [
        ([], 0),
        ([5.0], 0),
        ([5.0, 9000.0], 0),
        ([5.0, 5.1, 9000.0], 0),
        ([9000.0, 5.0, 5.1], 1),
        ([9000.0, 5.0, 700.0], 0),
        ([5.0, 9000.0, 5.1], 0),
    ],
)
def test_the_first_row_tells_the_start_unless_the_next_two_agree_on_another(begin_s, first):
    found, findings = first_sound(np.array(begin_s), "x", "Timestamp")
    assert found == first
    assert [finding.code for finding in findings] == [Code.START_UNCERTAIN] * first
