# ruff: noqa: DTZ001 - wall clocks have no zone
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.sources.start_time import StartTime, clock_drift, start_time

# both literal, miniscope-formats.md 1.3
NESTED = {
    "day": 19, "hour": 9, "minute": 18, "month": 9, "msec": 7, "msecSinceEpoch": 1663597121007, "second": 41,
    "year": 2022,
}  # fmt: skip
FLAT = {
    "day": 14, "hour": 10, "minute": 11, "month": 10, "msec": 779, "msecSinceEpoch": 1634220684779, "second": 24,
    "year": 2021, "animalName": "a",
}  # fmt: skip
LOCAL = datetime(2022, 9, 19, 9, 18, 41, 7000)


def read(**changes):
    return start_time({"recordingStartTime": {**NESTED, **changes}}, "metaData.json")


def zone(hours):
    return timezone(timedelta(hours=hours))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"recordingStartTime": NESTED}, datetime(2022, 9, 19, 9, 18, 41, 7000, zone(-5))),
        (FLAT, datetime(2021, 10, 14, 10, 11, 24, 779_000, zone(-4))),
        ({**FLAT, "recordingStartTime": NESTED}, datetime(2022, 9, 19, 9, 18, 41, 7000, zone(-5))),
    ],
    ids=["nested", "flat", "both"],
)
def test_the_offset_comes_from_the_recording(settings, expected):
    start, findings = start_time(settings, "metaData.json")
    assert findings == ()
    assert start.instant == expected
    assert start.instant.utcoffset() == expected.utcoffset()
    assert start.local == expected.replace(tzinfo=None)


def test_no_start_at_all_is_left_to_the_caller():
    assert start_time({"animalName": "a"}, "metaData.json") == (None, ())


def test_text_and_floats_are_numbers_too():
    start, findings = read(year="2022", hour=9.0, msecSinceEpoch="1663597121007")
    assert (start.instant.hour, findings) == (9, ())


def test_local_time_alone_is_naive():
    start, (finding,) = read(msecSinceEpoch=None)
    assert start == StartTime(None, LOCAL)
    assert finding.code is Code.START_UNCERTAIN
    assert "--timezone" in finding.sentence


def test_an_instant_alone_is_utc():
    start, findings = start_time({"msecSinceEpoch": 1663597121007}, "metaData.json")
    assert start == StartTime(datetime(2022, 9, 19, 14, 18, 41, 7000, UTC), None)
    assert [finding.code for finding in findings] == [Code.START_UNCERTAIN]


@pytest.mark.parametrize("apart_ms", [-1000, 0, 999])
def test_fields_may_disagree_by_a_second(apart_ms):
    start, findings = read(msecSinceEpoch=NESTED["msecSinceEpoch"] + apart_ms)
    assert findings == ()
    assert start.instant == datetime(2022, 9, 19, 9, 18, 41, 7000, zone(-5)) + timedelta(milliseconds=apart_ms)


def test_fields_that_disagree_by_more_are_reported():
    start, (finding,) = read(msecSinceEpoch=NESTED["msecSinceEpoch"] + 60_000)
    assert start.instant == datetime(2022, 9, 19, 9, 19, 41, 7000, zone(-5))
    assert (finding.code, finding.severity) == (Code.START_UNCERTAIN, Severity.WARNING)
    assert "by 60 s" in finding.sentence


@pytest.mark.parametrize("changes", [{"year": 2021}, {"msecSinceEpoch": 0}])
def test_fields_that_no_time_zone_explains_are_an_error(changes):
    start, (finding,) = read(**changes)
    assert start.instant is None
    assert start.local == LOCAL.replace(year=changes.get("year", 2022))
    assert (finding.code, finding.severity) == (Code.START_UNCERTAIN, Severity.ERROR)


@pytest.mark.parametrize(
    "changes", [{"month": 13}, {"hour": -1}, {"day": 31}, {"year": 0}, {"minute": "x"}, {"second": 1e300}]
)
def test_impossible_dates_are_named_and_the_instant_is_used(changes):
    start, findings = read(**changes)
    assert start.local is None
    assert start.instant.tzinfo is UTC
    assert [finding.code for finding in findings] == [Code.SETTINGS_VALUE, Code.START_UNCERTAIN]


@pytest.mark.parametrize("epoch", [10**20, -(10**20), 1e300, "soon", 0.5])
def test_an_impossible_instant_is_named_and_the_local_time_is_used(epoch):
    start, findings = read(msecSinceEpoch=epoch)
    assert start == StartTime(None, LOCAL)
    assert [finding.code for finding in findings] == [Code.SETTINGS_VALUE, Code.START_UNCERTAIN]


def test_a_nested_start_that_is_no_object_is_named():
    start, (finding,) = start_time({**FLAT, "recordingStartTime": "noon"}, "metaData.json")
    assert start.instant.year == 2021
    assert finding.code is Code.SETTINGS_VALUE


@pytest.mark.parametrize(("drift_ms", "count"), [(0, 0), (49, 0), (-50, 1), (3_600_000, 1), ("x", 0), (None, 0)])
def test_a_stepped_clock_is_reported(drift_ms, count):
    findings = clock_drift({"recordingEndTime": {"driftMs": drift_ms}}, "metaData.json")
    assert [finding.code for finding in findings] == [Code.CLOCK_DRIFT] * count


def test_no_end_is_no_drift():
    assert clock_drift({}, "x") == clock_drift({"recordingEndTime": 5}, "x") == ()


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(
        lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
    ),
    st.integers(-14 * 4, 14 * 4),
)
def test_any_start_is_read_back_exactly(local, quarters):
    offset = timedelta(minutes=15 * quarters)
    epoch_ms = (local - offset - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    fields = {key: getattr(local, key) for key in ("year", "month", "day", "hour", "minute", "second")}
    start, findings = start_time({**fields, "msec": local.microsecond // 1000, "msecSinceEpoch": epoch_ms}, "x")
    assert findings == ()
    assert (start.local, start.instant.replace(tzinfo=None), start.instant.utcoffset()) == (local, local, offset)


wild = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.dictionaries(st.sampled_from(list(NESTED)), wild), st.booleans())
def test_no_values_raise(fields, is_nested):
    changed = {**NESTED, **fields}
    start_time({"recordingStartTime": changed} if is_nested else changed, "x")
    clock_drift({"recordingEndTime": {"driftMs": next(iter(fields.values()), None)}}, "x")
