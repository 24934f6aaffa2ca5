import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.sources.timestamps_csv import read_time_table

HEADER = b"Frame Number,Time Stamp (ms),Buffer Index\n"
ROWS = b"0,-30,0\n1,5,0\n2,38,1\n"
V2 = b"Frame Number,Time Stamp (ms),Buffer Index,DAQ Frame Number\n"


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "timeStamps.csv"

    def read_raw(raw):
        path.write_bytes(raw)
        return read_time_table(path, "dev/timeStamps.csv")

    return read_raw


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    "raw",
    [
        HEADER + ROWS,
        ROWS,
        ROWS.replace(b",", b"\t"),
        (HEADER + ROWS).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + HEADER + ROWS,
        (HEADER + ROWS).decode().encode("utf-16"),
        HEADER + b"\n" + ROWS.replace(b"\n", b"\n\n"),
        b" frame number , TIME  STAMP (MS) ,buffer index\n" + ROWS.replace(b",", b", "),
        b"Buffer Index,Frame Number,Time Stamp (ms)\n0,0,-30\n0,1,5\n1,2,38\n",
        HEADER + b"0.0,-30.0,0\n1,5e0,0\n2,38.,1\n",
    ],
    ids=["header", "headerless", "tab", "crlf", "bom", "utf16", "blank_lines", "spelling", "order", "floats"],
)
def test_every_form_of_the_table_gives_the_same_values(read, raw):
    table, findings = read(raw)
    assert findings == ()
    assert table.time_s.tolist() == [-0.03, 0.005, 0.038]
    assert table.frame_number.tolist() == [0, 1, 2]
    assert table.queue_depth.tolist() == [0, 0, 1]
    assert table.hardware_count is None
    assert table.extra == {}


def test_columns_of_later_versions_are_kept(read):
    raw = (
        b"Frame Number,Time Stamp (ms),Buffer Index,DAQ Frame Number,Unix Time Stamp (ms)\n0,-12,0,4182,1663597121007\n"
    )
    table, findings = read(raw + b"1,21,0,-1,1663597121040\n")
    assert findings == ()
    assert table.hardware_count.tolist() == [4182, -1]
    assert table.extra["Unix Time Stamp (ms)"].tolist() == [1663597121007.0, 1663597121040.0]


def test_a_table_with_only_a_header_has_no_rows(read):
    table, findings = read(HEADER)
    assert (table.n_rows, findings) == (0, ())


@pytest.mark.parametrize("line", ["1,33,0,9", "1,33", "1,x,0", "1,,0", "1,inf,0", "1,nan,0", "1,1e999,0", "1,33,5,0"])
def test_an_unreadable_row_keeps_its_place(read, line):
    table, (finding,) = read(HEADER + b"0,-30,0\n" + line.encode() + b"\n2,38,1\n")
    np.testing.assert_array_equal(table.time_s, [-0.03, math.nan, 0.038])
    assert table.frame_number.tolist() == [0, -1, 2]
    assert table.queue_depth.tolist() == [0, -1, 1]
    assert (finding.code, finding.severity) == (Code.ROW_UNREADABLE, Severity.ERROR)
    assert finding.numbers == {"count": 1, "first_line": 3}


@pytest.mark.parametrize("line", ["1.5,33,0", "-1,33,0", "1,33,0.5", "99999999999999999,33,0"])
def test_counters_must_be_whole(read, line):
    table, findings = read(HEADER + line.encode() + b"\n")
    assert codes(findings) == [Code.ROW_UNREADABLE]
    assert table.frame_number.tolist() == [-1]


def test_many_unreadable_rows_are_one_finding(read):
    _, (finding,) = read(HEADER + ROWS + b"oops\n" * 1000)
    assert finding.sentence.startswith("lines 5, 6, 7 and 997 more cannot be read")


def test_a_whole_last_row_without_line_end_keeps_its_stamp_and_loses_its_last_field(read):
    table, (finding,) = read(HEADER + ROWS + b"3,71,12")
    assert table.time_s[-1] == 0.071
    assert table.queue_depth[-1] == -1
    assert (finding.code, finding.severity) == (Code.ROW_TORN, Severity.INFO)


@pytest.mark.parametrize("last", [b"3", b"3,", b"3,7", b"3,71", b"3,71,", b"3,7,0", b"3,999,0", b"\xff\xfe"])
def test_a_cut_last_row_has_no_time(read, last):
    table, (finding,) = read(HEADER + ROWS + last)
    assert table.n_rows == 4
    assert math.isnan(table.time_s[-1])
    assert table.frame_number[-1] == -1
    assert (finding.code, finding.severity) == (Code.ROW_TORN, Severity.WARNING)


def test_a_cut_stamp_is_never_read_as_a_smaller_one(read):
    table, findings = read(b"Frame Number,Time Stamp (ms)\n0,-30\n1,3")
    assert math.isnan(table.time_s[-1])
    assert codes(findings) == [Code.ROW_TORN]


def test_a_cut_hardware_count_is_left_out(read):
    table, findings = read(V2 + b"0,-12,0,4182\n1,21,0,41")
    assert table.hardware_count.tolist() == [4182, -1]
    assert table.time_s.tolist() == [-0.012, 0.021]
    assert codes(findings) == [Code.ROW_TORN]


@given(st.integers(0, len(ROWS)))
def test_a_table_cut_anywhere_holds_only_true_values(tmp_path_factory, cut):
    path = tmp_path_factory.getbasetemp() / "cut.csv"
    path.write_bytes(HEADER + ROWS[:cut])
    table, _ = read_time_table(path, "cut.csv")
    readable = np.flatnonzero(~np.isnan(table.time_s))
    assert np.array_equal(table.time_s[readable], np.array([-30, 5, 38])[readable] / 1000)
    assert np.array_equal(table.frame_number[readable], readable)
    assert set(table.queue_depth[readable] - np.array([0, 0, 1])[readable]) <= {0, -1, -2}


def test_a_column_of_text_is_left_out_and_reported(read):
    table, (finding,) = read(HEADER[:-1] + b",remark\n0,-30,0,good\n1,5,0,bad\n")
    assert table.time_s.tolist() == [-0.03, 0.005]
    assert table.extra == {}
    assert "'remark'" in finding.sentence


def test_a_gap_in_a_further_column_is_nan_and_reported(read):
    table, (finding,) = read(HEADER[:-1] + b",temperature\n0,-30,0,21.5\n1,5,0,\n")
    np.testing.assert_array_equal(table.extra["temperature"], [21.5, math.nan])
    assert (finding.code, finding.numbers) == (Code.TABLE_FORMAT, {"count": 1})


def test_a_repeated_column_is_kept_under_another_name(read):
    table, findings = read(HEADER[:-1] + b",Time Stamp (ms)\n0,-30,0,7\n")
    assert table.time_s.tolist() == [-0.03]
    assert table.extra["time stamp (ms) (2)"].tolist() == [7]
    assert findings == ()


def test_rows_are_numbered_when_the_frame_number_is_missing(read):
    table, findings = read(b"Time Stamp (ms),Buffer Index\n-30,0\nx,0\n38,1\n")
    assert table.frame_number.tolist() == [0, -1, 2]
    assert codes(findings) == [Code.ROW_UNREADABLE, Code.TABLE_FORMAT]


@pytest.mark.parametrize(
    "raw", [b"Frame Number;Time Stamp (ms);Buffer Index\n0;1;2\n", b"hello\n", b"\n\n", b"5\n6\n", b"Frame Number\n0\n"]
)
def test_a_foreign_table_is_refused_with_what_was_expected(read, raw):
    table, (finding,) = read(raw)
    assert table is None
    assert finding.code is Code.TABLE_FORMAT
    assert "expected a header" in finding.sentence


def test_a_file_of_line_ends_is_refused(read):
    found, (finding,) = read(HEADER + b"\n" * 100_000)
    assert found is None
    assert "too short" in finding.sentence


def test_an_empty_file_is_reported(read):
    assert codes(read(b"")[1]) == [Code.FILE_EMPTY]


def test_a_missing_file_is_reported(tmp_path):
    table, findings = read_time_table(tmp_path / "timeStamps.csv", "timeStamps.csv")
    assert (table, codes(findings)) == (None, [Code.FILE_MISSING])


stamps = st.lists(st.integers(-(10**9), 10**9), max_size=40)


@given(stamps, st.sampled_from([b",", b"\t"]), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_a_valid_table_is_read_back_exactly(tmp_path_factory, stamps_ms, delimiter, end, has_header):
    lines = [b"%d,%d,%d" % (k, ms, k % 128) for k, ms in enumerate(stamps_ms)]
    lines = [HEADER.strip(), *lines] if has_header or not lines else lines
    path = tmp_path_factory.getbasetemp() / "valid.csv"
    path.write_bytes(b"".join(line.replace(b",", delimiter) + end for line in lines))
    table, findings = read_time_table(path, "valid.csv")
    assert findings == ()
    assert np.array_equal(table.time_s, np.array(stamps_ms, float) / 1000)
    assert np.array_equal(table.frame_number, np.arange(len(stamps_ms)))
    assert np.array_equal(table.queue_depth, np.arange(len(stamps_ms)) % 128)


@given(st.binary(max_size=200), st.sampled_from([b"", HEADER, V2, HEADER + ROWS]))
def test_no_bytes_raise(tmp_path_factory, raw, start):
    path = tmp_path_factory.getbasetemp() / "random.csv"
    path.write_bytes(start + raw)
    table, findings = read_time_table(path, "random.csv")
    assert table is not None or findings
