import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.bno055_csv import clock_range, is_inertial_table, read_inertial

HZ = 250_000_000
FIRST = b"250000000,358.5,-12.25,3.0625,0.5,-0.5,0.5,0.5,False,0.01,-0.02,9.81,1,2,3,31\r\n"
SECOND = b"252500000,0,0,0,-6.103516E-05,0,0,1,False,0,0,0,0,0,9.8,32\r\n"
IDENTITY = b"245000000,0,0,0,0,0,0,1,True,0,0,0,0,0,0,25\r\n"


@pytest.fixture
def read(tmp_path):
    def read_raw(raw):
        (tmp_path / "bno055_0.csv").write_bytes(raw)
        return read_inertial(tmp_path / "bno055_0.csv", "bno055_0.csv", HZ)

    return read_raw


def test_every_column_has_its_place(read):
    found, findings = read(FIRST + SECOND)
    assert findings == ()
    assert found.orientation.time_s.tolist() == [1.0, 1.01]
    assert found.orientation.quaternion.tolist() == [[0.5, 0.5, -0.5, 0.5], [1, -6.103516e-05, 0, 0]]
    assert found.orientation.is_valid.tolist() == [True, True]
    signals = {signal.name: (signal.values.tolist(), signal.columns) for signal in found.signals}
    assert signals == {
        "EulerAngles": ([[358.5, -12.25, 3.0625], [0, 0, 0]], ("yaw", "pitch", "roll")),
        "LinearAcceleration": ([[0.01, -0.02, 9.81], [0, 0, 0]], ("x", "y", "z")),
        "Gravity": ([[1, 2, 3], [0, 0, 9.8]], ("x", "y", "z")),
        "SensorTemperature": ([31, 32], ()),
    }


def test_identity_and_odd_lengths_are_no_orientation(read):
    odd = FIRST.replace(b"0.5,-0.5,0.5,0.5", b"0,0,0,0").replace(b"250000000", b"255000000")
    found, findings = read(IDENTITY + FIRST + odd)
    assert found.orientation.is_valid.tolist() == [False, True, False]
    assert found.orientation.quaternion[0].tolist() == [1, 0, 0, 0]
    assert [(finding.code, finding.numbers["count"]) for finding in findings] == [(Code.ORIENTATION_INVALID, 1)] * 2


@pytest.mark.parametrize(
    "line",
    [
        b"1,2,3\r\n",
        FIRST.replace(b"False", b"Maybe"),
        FIRST.replace(b"358.5", b"x"),
        FIRST.replace(b"250000000", b"NaN"),
        FIRST.strip() + b",5\r\n",
    ],
)
def test_unreadable_rows_are_left_out(read, line):
    found, (finding,) = read(FIRST + line + SECOND)
    assert found.orientation.time_s.tolist() == [1.0, 1.01]
    assert (finding.code, finding.numbers) == (Code.ROW_UNREADABLE, {"count": 1, "first_line": 2})


def test_a_value_that_is_not_a_number_is_kept(read):
    found, findings = read(FIRST + SECOND.replace(b"9.8,32", b"NaN,32"))
    assert findings == ()
    gravity = next(signal for signal in found.signals if signal.name == "Gravity")
    assert np.isnan(gravity.values[1, 2])


def test_a_last_row_without_line_end_is_left_out(read):
    found, (finding,) = read(FIRST + SECOND.strip())
    assert found.orientation.time_s.tolist() == [1.0]
    assert finding.code is Code.ROW_TORN


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", Code.FILE_EMPTY),
        (b"hello\n", Code.TABLE_FORMAT),
        (FIRST[:-2], Code.ORIENTATION_INCOMPLETE),
        (b"," * 7 + b",True" + b"," * 7 + b"\n", Code.TABLE_FORMAT),
    ],
)
def test_a_file_without_a_reading_is_none(read, raw, code):
    found, findings = read(raw)
    assert found is None
    assert findings[-1].code is code


def test_the_range_of_the_clock_without_reading_all(tmp_path):
    path = tmp_path / "b.csv"
    path.write_bytes(IDENTITY + FIRST * 100 + SECOND + FIRST[:-30])
    assert clock_range(path) == (245_000_000, 252_500_000)
    path.write_bytes(b"hello\n")
    assert clock_range(path) is None
    assert clock_range(tmp_path / "none.csv") is None


@given(st.lists(st.tuples(st.integers(0, 2**50), *[st.integers(-(2**15), 2**15 - 1)] * 13), min_size=1, max_size=20))
def test_a_valid_file_is_read_back_exactly(tmp_path_factory, rows):
    def line(clock, *raw):
        values = [f"{value / 16384:.7g}".upper() for value in raw]
        return ",".join([str(clock), *values[:7], "False", *values[7:], "31"])

    path = tmp_path_factory.getbasetemp() / "valid_bno.csv"
    path.write_bytes("".join(f"{line(*row)}\r\n" for row in rows).encode())
    found, findings = read_inertial(path, "x", HZ)
    assert {finding.code for finding in findings} <= {Code.ORIENTATION_INVALID}
    written = np.array([[float(f"{value / 16384:.7g}") for value in raw] for _, *raw in rows])
    assert found.orientation.time_s.tolist() == [clock / HZ for clock, *_ in rows]
    assert np.array_equal(found.orientation.quaternion, written[:, [6, 3, 4, 5]])
    assert np.array_equal(found.signals[0].values, written[:, :3])
    assert np.array_equal(found.signals[2].values, written[:, 10:])


@given(st.binary(max_size=300), st.sampled_from([b"", FIRST, IDENTITY]))
def test_no_bytes_raise(tmp_path_factory, raw, begin):
    path = tmp_path_factory.getbasetemp() / "random_bno.csv"
    path.write_bytes(begin + raw)
    found, findings = read_inertial(path, "x", HZ)
    assert found is not None or findings
    is_inertial_table(raw)
    clock_range(path)
