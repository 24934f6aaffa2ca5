from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.onix_start_csv import is_acquisition_start, parse_stamp, read_acquisition_start

HEADER = b"Timestamp,Value.AcquisitionClockHz,Value.BlockReadSize,Value.BlockWriteSize\r\n"
ROW = b"2026-07-30T14:59:23.1234567-04:00,250000000,8192,2048\r\n"
START = datetime(2026, 7, 30, 14, 59, 23, 123_456, timezone(timedelta(hours=-4)))


@pytest.fixture
def read(tmp_path):
    def read_raw(raw):
        (tmp_path / "start-time_0.csv").write_bytes(raw)
        return read_acquisition_start(tmp_path / "start-time_0.csv", "start-time_0.csv")

    return read_raw


@pytest.mark.parametrize(
    "raw",
    [
        HEADER + ROW,
        ROW,
        ROW.strip(),
        b"\xef\xbb\xbf" + HEADER.replace(b"\r", b"") + b"\n" + ROW,
        HEADER.replace(b"Value.", b"") + ROW.replace(b",", b", "),
    ],
    ids=["header", "none", "no line end", "BOM", "spaces"],
)
def test_every_form_of_the_file_gives_the_same_values(read, raw):
    assert is_acquisition_start(raw)
    found, findings = read(raw)
    assert findings == ()
    assert (found.start.instant, found.clock_hz) == (START, 250_000_000)
    assert found.settings == {
        "Timestamp": "2026-07-30T14:59:23.1234567-04:00",
        "AcquisitionClockHz": 250_000_000,
        "BlockReadSize": 8192,
        "BlockWriteSize": 2048,
    }


def test_further_columns_are_kept(read):
    found, _ = read(b"Value.AcquisitionClockHz,Value.Hub,Timestamp\n250000000,port A," + ROW[:33] + b"\n")
    assert (found.start.instant, found.settings["Hub"]) == (START, "port A")


@pytest.mark.parametrize("value", [b"0", b"-5", b"999999", b"10000000001", b"2.5e8", b"", b"x" * 1000])
def test_a_rate_that_cannot_be_right_is_none(read, value):
    found, _ = read(HEADER + ROW.replace(b"250000000", value))
    assert found.clock_hz is None
    assert found.start.instant == START


@pytest.mark.parametrize("value", [b"", b"30.07.2026 14:59", b"2026-02-30T00:00:00-04:00", b"2026-07-30T25:00:00Z"])
def test_a_time_that_cannot_be_read_is_none(read, value):
    found, (finding,) = read(HEADER + value + b",250000000,8192,2048\n")
    assert (found.start, found.clock_hz) == (None, 250_000_000)
    assert finding.code is Code.START_UNCERTAIN


def test_a_time_without_offset_is_local(read):
    found, findings = read(HEADER + ROW.replace(b"-04:00", b""))
    assert findings == ()
    assert (found.start.instant, found.start.local) == (None, START.replace(tzinfo=None))


def test_the_first_of_several_rows_is_used(read):
    found, (finding,) = read(HEADER + ROW + ROW.replace(b"2026", b"2027"))
    assert found.start.instant == START
    assert finding.numbers == {"rows": 2}


@pytest.mark.parametrize("raw", [b"", HEADER, b"hello\n", HEADER + b"1,2\n", b"a,b,c,d\n1,2,3,4\n", b"\0\0\0"])
def test_a_foreign_file_is_refused(read, raw):
    found, findings = read(raw)
    assert found is None
    assert {finding.code for finding in findings} <= {Code.TABLE_FORMAT, Code.FILE_UNREADABLE}
    assert findings


@given(st.binary(max_size=200), st.sampled_from([b"", HEADER, ROW]))
def test_no_bytes_raise(tmp_path_factory, raw, begin):
    path = tmp_path_factory.getbasetemp() / "random_start.csv"
    path.write_bytes(begin + raw)
    found, findings = read_acquisition_start(path, "x")
    assert found is not None or findings
    is_acquisition_start(raw)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-56, 56))  # noqa: DTZ001 - a wall clock
def test_every_moment_is_read_back(moment, quarters):
    expected = moment.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    found = parse_stamp(expected.isoformat(timespec="microseconds"))
    assert (found.instant, found.local) == (expected, moment)
