import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.orientation_csv import read_orientation

HEADER = b"Time Stamp (ms),qw,qx,qy,qz\n"
ROWS = b"-30,-0.937805,-0.213562,-0.13385,-0.238831\n5,1,0,0,6.10352e-05\n"
QUATERNIONS = [[-0.937805, -0.213562, -0.13385, -0.238831], [1, 0, 0, 6.10352e-05]]


@pytest.fixture
def read(tmp_path):
    def read_raw(raw):
        (tmp_path / "headOrientation.csv").write_bytes(raw)
        return read_orientation(tmp_path / "headOrientation.csv", "dev/headOrientation.csv")

    return read_raw


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    "raw",
    [
        HEADER + ROWS,
        b"qw,qx,qy,qz\n" + ROWS,
        ROWS.replace(b",", b"\t"),
        (HEADER + ROWS).replace(b"\n", b"\r\n"),
        b"qz,qy,qx,qw,Time Stamp (ms)\n-0.238831,-0.13385,-0.213562,-0.937805,-30\n6.10352e-05,0,0,1,5\n",
    ],
    ids=["header", "four_names", "headerless_tab", "crlf", "order"],
)
def test_every_form_of_the_file_gives_the_same_values(read, raw):
    orientation, findings = read(raw)
    assert findings == ()
    assert orientation.time_s.tolist() == [-0.03, 0.005]
    assert orientation.quaternion.tolist() == QUATERNIONS
    assert orientation.is_valid.tolist() == [True, True]


def test_quaternions_that_are_not_of_unit_length_are_marked(read):
    orientation, (finding,) = read(HEADER + ROWS + b"38,0,0,0,0\n71,1,0.5,0,0\n104,1e30,0,0,0\n137,0.96,0,0,0\n")
    assert orientation.is_valid.tolist() == [True, True, False, False, False, True]
    assert finding.code is Code.ORIENTATION_INVALID
    assert finding.numbers == {"count": 3, "n_rows": 6, "first_row": 2}


@pytest.mark.parametrize("line", [b"38,1,0,0", b"38,1,0,0,0,0", b"38,x,0,0,0", b"38,1e999,0,0,0", b",1,0,0,0"])
def test_unreadable_rows_are_left_out(read, line):
    orientation, (finding,) = read(HEADER + line + b"\n" + ROWS)
    assert orientation.time_s.tolist() == [-0.03, 0.005]
    assert (finding.code, finding.numbers["first_line"]) == (Code.ROW_UNREADABLE, 2)


def test_a_last_row_without_line_end_is_left_out(read):
    orientation, findings = read(HEADER + ROWS[:-3])
    assert orientation.time_s.tolist() == [-0.03]
    assert codes(findings) == [Code.ROW_TORN]


@pytest.mark.parametrize("raw", [HEADER, HEADER + b"5,1,0"])
def test_a_file_without_readings_is_none(read, raw):
    orientation, findings = read(raw)
    assert orientation is None
    assert codes(findings)[-1] is Code.ORIENTATION_INCOMPLETE


@pytest.mark.parametrize("raw", [b"Time Stamp (ms),qw,qx\n1,1,0\n", b"hello\n"])
def test_a_foreign_file_is_refused(read, raw):
    orientation, findings = read(raw)
    assert (orientation, codes(findings)) == (None, [Code.TABLE_FORMAT])


def test_a_file_of_line_ends_is_refused(read):
    found, (finding,) = read(HEADER + b"\n" * 100_000)
    assert found is None
    assert "too short" in finding.sentence


def test_an_empty_file_is_reported(read):
    assert codes(read(b"")[1]) == [Code.FILE_EMPTY]


@given(st.lists(st.tuples(st.integers(-(10**6), 10**9), *[st.integers(-16384, 16384)] * 4), min_size=1, max_size=20))
def test_a_valid_file_is_read_back_exactly(tmp_path_factory, rows):
    lines = ["{},{:g},{:g},{:g},{:g}\n".format(ms, *(q / 16384 for q in raw)) for ms, *raw in rows]
    path = tmp_path_factory.getbasetemp() / "valid_orientation.csv"
    path.write_bytes(HEADER + "".join(lines).encode())
    orientation, findings = read_orientation(path, "x")
    assert np.array_equal(orientation.time_s, np.array([row[0] for row in rows]) / 1000)
    assert orientation.quaternion.tolist() == [[float(f"{q / 16384:g}") for q in raw] for _, *raw in rows]
    assert set(codes(findings)) <= {Code.ORIENTATION_INVALID}


@given(st.binary(max_size=200), st.sampled_from([b"", HEADER, b"qw,qx,qy,qz\n"]))
def test_no_bytes_raise(tmp_path_factory, raw, start):
    path = tmp_path_factory.getbasetemp() / "random_orientation.csv"
    path.write_bytes(start + raw)
    orientation, findings = read_orientation(path, "x")
    assert orientation is not None or findings
