import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.allen.tables import column, read_rows, text_column


def written(folder, text, encoding="utf-8"):
    path = folder / "channels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_rows_are_found_by_their_number(tmp_path):
    path = written(tmp_path, '\ufeffid,area,name\n7,1.5,"a, b"\n8,,c\n9,nan,True\n')
    rows = read_rows(path, "id", {7, 8})
    assert list(rows) == [7, 8]
    assert list(read_rows(path, "id")) == [7, 8, 9]
    np.testing.assert_array_equal(column(rows, [8, 7, 9], "area"), [np.nan, 1.5, np.nan])
    assert column(rows, [7, 8], "name") == ["a, b", "c"]
    assert text_column(rows, [8, 7, 9], "name") == ["c", "a, b", ""]


def test_truth_is_a_number(tmp_path):
    rows = read_rows(written(tmp_path, "id,on_screen\n1,True\n2,False\n3,\n"), "id")
    np.testing.assert_array_equal(column(rows, [1, 2, 3], "on_screen"), [1.0, 0.0, np.nan])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the header names nothing"),
        ("number,area\n1,2\n", "expected column id"),
        ("id,id\n1,2\n", "no name twice"),
        ("id,area\n1\n", "line 2: has 1 fields, expected 2"),
        ("id,area\n1,2\n\n", "line 3: has 0 fields"),
        ("id,area\n1_0,2\n", "id is '1_0', expected a whole number"),
        ("id,area\n1.5,2\n", "id is '1.5', expected a whole number"),
        (f"id,area\n{'9' * 5000},2\n", r"id is '9{10,90}[^9]{0,5}', expected a whole number"),
        ("id,area\n1,2\n1,3\n", "line 3: id 1 is there twice"),
        ('id,area\n1,"2\n', "is not a table of text"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_rows(written(tmp_path, text), "id")


def test_a_table_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a table of text"):
        read_rows(written(tmp_path, "id,area\n1,ü\n", "latin-1"), "id")


@given(st.dictionaries(st.integers(0, 2**40), st.none() | st.floats(allow_infinity=True), max_size=20))
def test_numbers_come_back_as_they_were_written(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "v"], *([k, "" if v is None else repr(v)] for k, v in values.items())])
    found = column(read_rows(path, "id"), values, "v")
    expected = [math.nan if v is None else v for v in values.values()]
    np.testing.assert_array_equal(found, np.asarray(expected, float))


@given(st.text(max_size=200))
def test_no_text_is_a_table_by_chance_nor_ends_in_another_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text("id,v\n" + text, encoding="utf-8", errors="replace", newline="")
    try:
        rows = read_rows(path, "id")
    except InputError:
        rows = {}
    assert all(set(row) == {"id", "v"} for row in rows.values())
