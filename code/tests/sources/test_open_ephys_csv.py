import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.open_ephys_columns import is_frame_table, is_log
from miniscope_to_nwb_zarr.sources.open_ephys_csv import read_frame_rows

GUI = (
    b"FrameNumber,HardwareTime,Quaternion_X,Quaternion_Y,Quaternion_Z,Quaternion_W,DigitalIn0,DigitalIn1,Timestamp\r\n"
)
BONSAI = b"Timestamp,Value.Item1,Value.Item2.W,Value.Item2.X,Value.Item2.Y,Value.Item2.Z\r\n"
# as Open Ephys' documentation prints them
GUI_ROWS = (
    b"118,3861,0.0215548109,0.0887330621,0.141699627,0.851352096,False,False,2026-07-30T14:59:24.0823808-04:00\r\n"
    b"119,3894,0.280063719,0.165637791,0.218259633,0.642150462,False,True,2026-07-30T14:59:24.1033472-04:00\r\n"
)
# as in the example of bonsai-miniscope, whose workflow is that of a MiniCAM; and with the quaternion of a Miniscope V4
MINICAM_ROWS = b"2024-11-07T14:28:57.1466880-05:00,39,False\r\n2024-11-07T14:28:57.2283008-05:00,42,True\r\n"
V4_ROWS = MINICAM_ROWS.replace(b"\r\n", b",1,0,-0.5,1E-05\r\n")


@pytest.fixture
def read(tmp_path):
    def read_raw(raw):
        (tmp_path / "run_0.csv").write_bytes(raw)
        return read_frame_rows(tmp_path / "run_0.csv", "run_0.csv")

    return read_raw


def test_a_table_of_the_gui(read):
    rows, findings = read(GUI + GUI_ROWS)
    assert findings == ()
    assert rows.hardware_ms.tolist() == [3861, 3894]
    assert rows.frame_count.tolist() == [118, 119]
    # the header has x, y, z, w; the model w, x, y, z
    assert rows.quaternion[0].tolist() == [0.851352096, 0.0215548109, 0.0887330621, 0.141699627]
    assert {name: flags.tolist() for name, flags in rows.flags.items()} == {"DigitalIn0": [0, 0], "DigitalIn1": [0, 1]}
    assert np.diff(rows.stamp.values).tolist() == [209_664]


def test_a_table_of_a_workflow(read):
    rows, findings = read(
        BONSAI + b"2024-05-10T12:34:56.1234567-04:00,118,0.8513521,0.02155481,0.08873306,0.1416996\r\n"
    )
    assert findings == ()
    assert (rows.hardware_ms, rows.frame_count.tolist()) == (None, [118])
    assert rows.quaternion.tolist() == [[0.8513521, 0.02155481, 0.08873306, 0.1416996]]


@pytest.mark.parametrize(("raw", "quaternion"), [(MINICAM_ROWS, None), (V4_ROWS, [1, 0, -0.5, 1e-05])])
def test_a_table_without_header(read, raw, quaternion):
    rows, findings = read(raw)
    assert findings == ()
    assert (rows.has_header, rows.frame_count.tolist()) == (False, [39, 42])
    assert rows.flags["Trigger"].tolist() == [0, 1]
    assert quaternion is None if rows.quaternion is None else rows.quaternion[0].tolist() == quaternion


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (GUI, True),
        (BONSAI, True),
        (MINICAM_ROWS, True),
        (V4_ROWS, True),
        (b"Timestamp,Value.FrameNumber\n", True),
        (b"HardwareTime,Whatever\n", True),
        # other tables of Bonsai, of ONIX, of mio, of Miniscope-DAQ, and the log
        (b"Timestamp,Value.Item1\n", False),
        (b"Timestamp,Value.AcquisitionClockHz,Value.BlockReadSize,Value.BlockWriteSize\n", False),
        (b"2024-11-07T14:28:57.1466880-05:00,123456,0\n", False),
        (b"2024-11-07T14:28:57.1466880-05:00,123456\n", False),
        (b"linked_list,frame_num,buffer_count,timestamp\n", False),
        (b"Frame Number,Time Stamp (ms),Buffer Index\n", False),
        (b"Timestamp,FrameNumber,Level,Message\n", False),
        (b"RIFF\x10\0\0\0AVI LIST", False),
        (b"", False),
    ],
)
def test_which_tables_are_of_frames(header, expected):
    assert is_frame_table(header) is expected


def test_what_is_a_log():
    assert is_log(b"Timestamp,FrameNumber,Level,Message\r\n")
    assert not is_log(GUI)
    assert not is_log(MINICAM_ROWS)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", Code.FILE_EMPTY),
        (GUI, Code.FILE_EMPTY),
        (b"a,b\n1,2\n", Code.TABLE_FORMAT),
        (BONSAI + b"12.5,1,1,0,0,0\n", Code.TABLE_FORMAT),
        (GUI + b"\n" * 200_000, Code.TABLE_FORMAT),
    ],
)
def test_what_is_no_table_of_frames(read, raw, code):
    rows, findings = read(raw)
    assert rows is None
    assert findings[-1].code is code


def test_a_clock_of_the_hardware_that_is_no_number_leaves_that_of_the_computer(read):
    rows, findings = read(GUI + GUI_ROWS.replace(b"3861", b"?").replace(b"3894", b"?"))
    assert rows.hardware_ms is None
    assert rows.stamp.is_readable.all()
    assert Code.TABLE_FORMAT in {finding.code for finding in findings}


def test_a_column_of_remarks_is_left_out(read):
    lines = [b"x" + (GUI if k < 0 else GUI_ROWS.split(b"\r\n")[0] + b"\r\n") for k in range(-1, 200)]
    raw = b"".join(line.removeprefix(b"x").replace(b"\r\n", b",r%d\r\n" % k) for k, line in enumerate(lines))
    rows, (finding,) = read(raw)
    assert (rows.n_rows, rows.texts, finding.code) == (200, (), Code.TABLE_FORMAT)


def test_an_hour_is_read_in_seconds(read):
    rows = b"".join(GUI_ROWS.replace(b"118,3861", b"%d,%d" % (k, 33 * k)) for k in range(54_000))
    began = time.monotonic()
    found, findings = read(GUI + rows)
    # 0.8 s where it was written; the bound is for a machine that is busy
    assert time.monotonic() - began < 10
    assert (found.n_rows, findings) == (108_000, ())


@given(st.binary(max_size=300), st.sampled_from([b"", GUI, GUI + GUI_ROWS, BONSAI, MINICAM_ROWS, V4_ROWS]))
def test_no_bytes_raise(tmp_path_factory, raw, start):
    path = tmp_path_factory.getbasetemp() / "random_frames.csv"
    path.write_bytes(start + raw)
    rows, findings = read_frame_rows(path, "x")
    assert rows is not None or findings
    if rows is not None:
        lengths = {len(a) for a in (rows.hardware_ms, rows.frame_count, rows.quaternion) if a is not None}
        assert lengths <= {rows.n_rows}
