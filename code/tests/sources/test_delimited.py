import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import (
    Head,
    outgrows_file,
    parse_number,
    parse_row,
    read_head,
    read_raw,
    read_rows,
    usual_width,
)

CSV = Head(b",", (), 0, 1)
# everything a damaged or foreign table may hold, with whole fields often enough to make whole rows
PIECES = st.sampled_from(
    b"0|12|-3|1.5|6.10352e-05|1e5|1E+3|.5|5.|+7|007| 4|1e999|nan|inf|x||1_0|0x1|\xff|\0|123456789012345678|-0".split(
        b"|"
    )
)
TABLES = st.lists(st.tuples(st.lists(PIECES, min_size=1, max_size=4), st.sampled_from([b"\n", b"\r\n"])), max_size=30)


@pytest.mark.parametrize(
    ("field", "value"),
    [(b"33", 33), (b"-30", -30), (b"1.5", 1.5), (b"6.10352e-05", 6.10352e-05), (b" 4 ", 4), (b"+7", 7), (b".5", 0.5)],
)
def test_plain_numbers_are_taken(field, value):
    assert parse_number(field) == value


@pytest.mark.parametrize(
    "field",
    [b"", b" ", b"x", b"nan", b"inf", b"-inf", b"1e999", b"1_0", b"0x1", b"1,5", b"\xd9\xa3", b"1" * 41, b"1 2"],
)
def test_anything_else_is_no_number(field):
    assert math.isnan(parse_number(field))


@given(TABLES, st.sampled_from([b",", b"\t"]), st.booleans())
def test_rows_read_at_once_are_the_rows_read_one_by_one(table, delimiter, is_torn):
    raw = b"".join(delimiter.join(fields) + end for fields, end in table)
    raw = raw.rstrip(b"\r\n") if is_torn else raw
    rows = read_rows(raw, Head(delimiter, (), 0, 1), 3)
    expected = [
        (number, parse_row(line.rstrip(b"\r"), delimiter, 3))
        for number, line in enumerate(raw.split(b"\n"), start=1)
        if line.strip()
    ]
    assert rows.lines.tolist() == [number for number, _ in expected]
    np.testing.assert_array_equal(rows.values, np.array([row for _, row in expected]).reshape(-1, 3))
    # signs of zero and all bits, not only values that compare equal
    assert rows.values.tobytes() == np.array([row for _, row in expected], float).tobytes()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_every_float_is_read_back_exactly(values):
    raw = b"".join(b"%s,%s\n" % (repr(v).encode(), repr(-v).encode()) for v in values)
    assert read_rows(raw, CSV, 2).values.tolist() == [[v, -v] for v in values]


@given(st.binary(max_size=300), st.integers(1, 5))
def test_no_bytes_raise(raw, n_columns):
    head = read_head(raw, {"qw"})
    rows = read_rows(raw, head or CSV, n_columns)
    assert len(rows.lines) == len(rows.values) <= raw.count(b"\n") + 1


def test_runs_longer_than_one_conversion_are_whole():
    raw = b"".join(b"%d,%d\n" % (k, -k) for k in range(40_000))
    rows = read_rows(raw, CSV, 2)
    assert np.array_equal(rows.values[:, 0], np.arange(40_000))
    assert np.array_equal(rows.lines, np.arange(1, 40_001))


def test_a_row_with_a_field_too_many_or_too_few_is_nan_throughout():
    rows = read_rows(b"1,2\n1,2,3\n4\n5,6\n", CSV, 2)
    np.testing.assert_array_equal(rows.values, [[1, 2], [np.nan] * 2, [np.nan] * 2, [5, 6]])


def test_blank_lines_are_no_rows_and_are_counted_as_lines():
    assert read_rows(b"1,2\n\n \r\n3,4\n", CSV, 2).lines.tolist() == [1, 4]


@pytest.mark.parametrize(
    ("raw", "is_torn"), [(b"1,2\n", False), (b"1,2\n3,4", True), (b"1,2\n  ", False), (b"", False)]
)
def test_a_last_row_without_line_end_is_torn(raw, is_torn):
    assert read_rows(raw, CSV, 2).is_torn is is_torn


def test_a_line_beyond_the_limit_is_not_split():
    assert np.isnan(read_rows(b"1," * limits.LINE_BYTES + b"\n", CSV, 3).values).all()


def test_the_head_is_found_behind_blank_lines():
    head = read_head(b"\r\n\n A , b\n1,2\n", {"a"})
    assert head == Head(b",", ("A", "b"), 10, 4)
    assert head.column("a") == 0
    assert head.column("c") is None


def test_a_first_line_of_foreign_text_is_no_head():
    assert read_head(b"frame;ms\n1;2\n", {"a"}) is None


def test_a_first_line_with_numbers_is_a_row():
    assert read_head(b"0\t-30\t0\n", {"a"}) == Head(b"\t", (), 0, 1)


def test_the_usual_width_is_that_of_most_lines():
    assert usual_width(b"1,2,3,4\n1,2,3\n1,2,3\n\n", CSV) == 3


def test_a_wide_header_above_many_short_lines_is_refused():
    assert outgrows_file(b"1\n" * 100_000, CSV, 1000)
    assert not outgrows_file(b"0,1,2\n" * 100_000, CSV, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_in_any_unicode_are_utf_8_afterwards(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n", encoding)
    assert read_raw(path, "a.csv") == (b"a,b\n1,2\n", ())


def test_zero_bytes_left_by_a_crash_are_reported(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2\n" + bytes(500))
    raw, (finding,) = read_raw(path, "a.csv")
    assert raw == b"1,2\n"
    assert "500 zero bytes" in finding.sentence


def test_a_table_with_too_many_lines_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(limits._chosen, "table_rows", 10)
    path = tmp_path / "a.csv"
    path.write_bytes(b"\n" * 11)
    raw, (finding,) = read_raw(path, "a.csv")
    assert raw is None
    assert "more than 10 lines" in finding.sentence
    assert "--limits table_rows=N" in finding.sentence
