from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.sources.iso_stamps import NO_OFFSET, NO_STAMP, is_stamp, moment, parse_stamps, ticks_of

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2998, 12, 31), timezones=ZONES)  # noqa: DTZ001 - zones follow


def test_seven_decimals_are_kept_exactly():
    stamps = parse_stamps([b"2026-07-30T14:59:24.0823808-04:00", b"2026-07-30T14:59:24.0823809-04:00"])
    assert np.diff(stamps.ticks).tolist() == [1]
    assert stamps.offset_min.tolist() == [-240, -240]
    start = moment(int(stamps.ticks[0]), int(stamps.offset_min[0]))
    assert start.isoformat() == "2026-07-30T14:59:24.082380-04:00"
    assert stamps.ticks[0] - ticks_of(start) == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2026-07-30T14:59:24", datetime(2026, 7, 30, 14, 59, 24)),  # noqa: DTZ001
        (b"2026-07-30T14:59:24.5Z", datetime(2026, 7, 30, 14, 59, 24, 500_000, UTC)),
        (b"2024-02-29T00:00:00.0000000+05:45", datetime(2024, 2, 28, 18, 15, tzinfo=UTC)),
    ],
)
def test_other_forms_of_a_moment(text, expected):
    stamps = parse_stamps([text])
    assert moment(int(stamps.ticks[0]), int(stamps.offset_min[0])) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"2026-07-30",
        b"2026-02-30T00:00:00Z",
        b"2023-02-29T00:00:00Z",
        b"2026-13-01T00:00:00Z",
        b"2026-07-30T24:00:00Z",
        b"2026-07-30T14:60:00Z",
        b"2026-07-30T14:59:24.08238081Z",
        b"2026-07-30T14:59:24.0823808-04",
        b"2026-07-30T14:59:24.0823808-15:00",
        b"0001-01-01T00:00:00.0000000+00:00",
        b" 2026-07-30T14:59:24Z",
        "\uff12026-07-30T14:59:24Z".encode(),
    ],
)
def test_what_is_no_moment(text):
    assert not is_stamp(text)
    stamps = parse_stamps([b"2026-07-30T14:59:24Z", text, b"2026-07-30T14:59:25Z"])
    assert stamps.is_readable.tolist() == [True, False, True]
    assert (stamps.ticks[1], stamps.offset_min[1]) == (NO_STAMP, NO_OFFSET)
    assert stamps.ticks[2] - stamps.ticks[0] == 10_000_000


def test_no_moments():
    assert len(parse_stamps([]).ticks) == 0


@given(MOMENTS, st.integers(0, 9))
def test_every_moment_comes_back(when, finest):
    text = when.isoformat(timespec="microseconds")
    text = f"{text[:26]}{finest}{text[26:]}".encode()
    stamps = parse_stamps([text])
    back = moment(int(stamps.ticks[0]), int(stamps.offset_min[0]))
    assert (back, back.utcoffset()) == (when, when.utcoffset())
    assert stamps.ticks[0] == ticks_of(when) + finest


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_raise(fields):
    assert len(parse_stamps(fields).ticks) == len(fields)
