import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.sources import bonsai_csv
from miniscope_to_nwb_zarr.sources.bonsai_csv import MOST_TEXTS, Kind, distinct, read_table
from miniscope_to_nwb_zarr.sources.delimited import Head

SINGLES = st.floats(width=32).map(
    lambda value: {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value), f"{value:.9g}".upper())
)


def read(raw, names=("a", "b"), start=0):
    return read_table(raw, Head(b",", tuple(names), start, 1), names)


def column(raw, place=0):
    return read(raw).columns[place]


def test_each_column_is_read_as_what_it_holds():
    raw = b"1,True\r\n2.5,False\r\n-3E-05,True\r\n"
    number, flag = read(raw).columns
    assert (number.kind, number.values.tolist()) == (Kind.NUMBER, [1, 2.5, -3e-05])
    assert (flag.kind, flag.values.tolist()) == (Kind.FLAG, [1, 0, 1])
    stamp, text = read(b"2026-07-30T14:59:24.0823808-04:00,M7\n2026-07-30T14:59:25-04:00,M8\n").columns
    assert (stamp.kind, np.diff(stamp.values).tolist()) == (Kind.STAMP, [9_176_192])
    assert (text.kind, text.values.tolist(), text.texts) == (Kind.TEXT, [0, 1], ("M7", "M8"))


def test_numbers_that_are_none():
    found = column(b"1,x\nNaN,x\nInfinity,x\n-Infinity,x\n?,x\n1e999,x\n0x10,x\n1_0,x\n")
    assert np.isnan(found.values).tolist() == [False, True, False, False, True, True, True, True]
    assert found.values[2:4].tolist() == [np.inf, -np.inf]
    assert found.is_readable.tolist() == [True, True, True, True, False, False, False, False]


def test_rows_with_a_field_too_many_or_too_few_are_marked():
    table = read(b"1,2\n3\n4,5,6\n7,8\n")
    assert table.is_whole.tolist() == [True, False, False, True]
    assert table.columns[0].is_readable.tolist() == [True, False, False, True]
    assert table.lines.tolist() == [1, 2, 3, 4]


def test_a_comma_inside_a_field():
    names = ("a", "b", "c")
    table = read(b"1,One,x\n2,One, Two,x\n3, One,x\n4,One,Two,x\n", names)
    assert table.is_whole.tolist() == [True, True, True, False]
    assert table.columns[1].texts == ("One", "One, Two", " One")


def test_many_texts_are_not_told_apart():
    found = column(b"".join(b"x%d,1\n" % k for k in range(2 * MOST_TEXTS)))
    assert len(found.texts) == MOST_TEXTS
    assert found.is_readable.tolist() == [True] * MOST_TEXTS + [False] * MOST_TEXTS


def test_blank_lines_are_no_rows():
    table = read(b"\r\n1,2\r\n\r\n \r\n3,4\r\n")
    assert (table.lines.tolist(), table.is_torn) == ([2, 5], False)


@pytest.mark.parametrize(
    ("raw", "is_torn"), [(b"1,2\n3,4", True), (b"1,2\n3,4\n", False), (b"1,2\n  ", False), (b"", False)]
)
def test_a_last_row_without_line_end_is_torn(raw, is_torn):
    assert read(raw).is_torn is is_torn


def test_a_file_longer_than_a_run_of_rows(monkeypatch):
    raw = b"".join(b"%d,%s\n" % (k, b"True" if k % 3 else b"False") for k in range(500)) + b"x" * 300 + b"\n7,True\n"
    whole = read(raw)
    monkeypatch.setattr(bonsai_csv, "_BYTES_AT_ONCE", 64)
    parts = read(raw)
    for one, other in zip(whole.columns, parts.columns, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    assert parts.lines.tolist() == whole.lines.tolist() == list(range(1, 503))
    assert parts.is_whole.tolist() == [True] * 500 + [False, True]


def test_names_that_are_alike_are_told_apart():
    assert distinct(["a", "b", "a", "a"]) == ("a", "b", "a (2)", "a (3)")


@given(st.lists(st.tuples(SINGLES, SINGLES), min_size=1, max_size=30))
def test_numbers_as_dotnet_prints_them_come_back(rows):
    found = read("".join(f"{a},{b}\r\n" for a, b in rows).encode())
    for k, values in enumerate(zip(*rows, strict=True)):
        assert found.columns[k].is_readable.all()
        np.testing.assert_array_equal(found.columns[k].values, [float(text) for text in values])


@given(st.binary(max_size=300), st.integers(1, 4))
def test_no_bytes_raise(raw, n_columns):
    table = read(raw, [f"c{k}" for k in range(n_columns)])
    assert all(len(c.is_readable) == len(table.lines) == len(table.is_whole) for c in table.columns)
    assert not np.any(table.columns[0].is_readable & ~table.is_whole)
