from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.image_time_csv import count_rows, is_image_time, read_image_times

ROWS = [f"2021-11-05T10:15:0{k}.1234567-04:00,{k * 42_000_000}" for k in range(5)]


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "image-time.csv").write_bytes(text.encode())
        return read_image_times(tmp_path / "image-time.csv", "image-time.csv")

    return read_text


def test_times_to_the_last_digit(read, tmp_path):
    text = "\r\n".join(ROWS) + "\r\n"
    assert is_image_time(text.encode())
    found, findings = read(text)
    assert findings == ()
    assert found.start.instant == datetime(2021, 11, 5, 10, 15, 0, 123_456, timezone(timedelta(hours=-4)))
    # the seventh digit of the first stamp is finer than the start
    assert found.time_s.tolist() == [k + 7e-7 for k in range(5)]
    assert found.clock.tolist() == [k * 42_000_000 for k in range(5)]
    assert count_rows(tmp_path / "image-time.csv") == 5


def test_a_bad_first_row_gives_no_start(read):
    found, (finding,) = read("\n".join(["x,y", *ROWS[1:]]) + "\n")
    assert found.start.instant.second == 1
    assert np.isnan(found.time_s).tolist() == [True, False, False, False, False]
    assert (finding.code, finding.numbers["first_line"]) == (Code.ROW_UNREADABLE, 1)


@pytest.mark.parametrize("clock", ["1e30", "Infinity", "NaN", "7.5", "-1", str(2**53 + 2)])
def test_a_clock_that_cannot_be_counted_costs_its_row_the_time(read, clock):
    found, (finding,) = read("\n".join([*ROWS[:2], f"{ROWS[2].split(',')[0]},{clock}", *ROWS[3:]]) + "\n")
    assert np.isnan(found.time_s).tolist() == [False, False, True, False, False]
    assert found.clock[2] == 0
    assert (finding.code, finding.numbers["first_line"]) == (Code.ROW_UNREADABLE, 3)


@pytest.mark.parametrize("text", ["", "hello\n", "1,2\n3,4\n", "x,y\n", "\n" * 100_000])
def test_a_foreign_file_is_refused(read, text):
    found, findings = read(text)
    assert found is None
    assert findings


@given(st.binary(max_size=200), st.sampled_from([b"", ROWS[0].encode() + b"\n"]))
def test_no_bytes_raise(tmp_path_factory, raw, begin):
    path = tmp_path_factory.getbasetemp() / "random_image_time.csv"
    path.write_bytes(begin + raw)
    found, findings = read_image_times(path, "x")
    assert found is not None or findings
    assert found is None or len(found.time_s) == count_rows(path)
    is_image_time(raw)
