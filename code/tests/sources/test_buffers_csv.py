import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.sources.buffers_csv import is_buffer_table, read_buffers

HEADER = b"frame_num,buffer_count,frame_buffer_count,timestamp,reconstructed_frame_index\r\n"
ROWS = b"2514,20112,0,124429,0\r\n2514,20113,1,124431,0\r\n2515,20120,0,124479,1\r\n"
STAMPS = [124429, 124431, 124479]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("table") / "wl.csv"


@pytest.fixture(scope="module")
def read(path):
    def read_raw(raw):
        path.write_bytes(raw)
        return read_buffers(path, "wl.csv")

    return read_raw


def codes(findings):
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    "raw",
    [
        HEADER + ROWS,
        (HEADER + ROWS).replace(b"\r\n", b"\n"),
        (HEADER + ROWS).replace(b",", b"\t"),
        b"\xef\xbb\xbf" + HEADER + ROWS,
        (HEADER + ROWS).decode().encode("utf-16"),
        HEADER + ROWS.replace(b"\n", b"\n\r\n"),
        b"\r\n" + HEADER.replace(b"frame_num", b" Frame_Num ") + ROWS,
    ],
    ids=["crlf", "lf", "tab", "bom", "utf16", "blank_lines", "spelling"],
)
def test_every_form_of_the_table_gives_the_same_values(read, path, raw):
    table, findings = read(raw)
    assert findings == ()
    assert table.column("timestamp").tolist() == STAMPS
    assert table.column("frame_num").tolist() == [2514, 2514, 2515]
    assert table.column("reconstructed_frame_index").tolist() == [0, 0, 1]
    assert table.part.tolist() == [0, 0, 0]
    assert is_buffer_table(path)


def test_columns_are_found_by_name_and_unknown_ones_are_kept(read):
    table, findings = read(
        b"mood,timestamp,buffer_count,header_crc_ok,mood,frame_num,pixel_count\n"
        b"7,124429,1,True,8,2514,3\n7,124431,2,False,8,2514,3\n7,124433,3,True,8,2514,3\n"
    )
    assert findings == ()
    assert table.columns == (
        "mood",
        "timestamp",
        "buffer_count",
        "header_crc_ok",
        "mood (2)",
        "frame_num",
        "pixel_count",
    )
    assert table.values.shape == (3, 7)
    assert table.column("header_crc_ok").tolist() == [1, 0, 1]
    assert table.column("mood (2)").tolist() == [8, 8, 8]
    assert not table.has("reconstructed_frame_index")
    assert np.isnan(table.column("reconstructed_frame_index")).all()


def test_a_header_inside_the_table_is_no_row(read):
    rows = ROWS.splitlines(keepends=True)
    table, findings = read(HEADER + rows[0] + HEADER + rows[1] + HEADER + rows[2] + HEADER.rstrip())
    assert table.column("timestamp").tolist() == STAMPS
    assert table.lines.tolist() == [2, 4, 6]
    assert table.part.tolist() == [0, 1, 2]
    (finding,) = findings
    assert (finding.code, finding.numbers["count"]) == (Code.TABLE_FORMAT, 3)
    assert "line 4" in finding.sentence


def test_a_last_line_that_was_cut_is_not_believed_to_its_end(read):
    table, findings = read(HEADER + ROWS + b"2515,20121,1,124481,1")
    assert codes(findings) == [(Code.ROW_TORN, Severity.INFO)]
    assert table.column("timestamp").tolist() == [*STAMPS, 124481]
    assert math.isnan(table.column("reconstructed_frame_index")[-1])
    table, findings = read(HEADER + ROWS + b"2515,20121,1,124")
    assert codes(findings) == [(Code.ROW_TORN, Severity.INFO)]
    assert np.isnan(table.values[-1]).all()


def test_lines_and_fields_that_are_no_numbers_keep_their_place(read):
    rows = ROWS.splitlines(keepends=True)
    table, findings = read(HEADER + rows[0] + b"2514,\xff\x01\n" + rows[1].replace(b"20113", b"") + rows[2])
    assert codes(findings) == [(Code.ROW_UNREADABLE, Severity.WARNING), (Code.TABLE_FORMAT, Severity.WARNING)]
    assert findings[0].numbers == {"count": 1, "first_line": 3}
    assert findings[1].numbers == {"count": 1}
    assert "buffer_count" in findings[1].sentence
    assert table.lines.tolist() == [2, 3, 4, 5]
    assert np.isnan(table.values[1]).all()
    assert math.isnan(table.column("buffer_count")[2])
    assert table.column("timestamp")[2:].tolist() == STAMPS[1:]


@pytest.mark.parametrize(
    "raw",
    [
        b"Frame Number,Time Stamp (ms),Buffer Index\n0,-30,0\n",
        b"FrameNumber,HardwareTime,Timestamp\n1,33,2026-07-30T14:59:24.08-04:00\n",
        b"frame,timestamp,frame_num\n0,1,2\n",
        b"frame_num,buffer_count,frame_buffer_count\n0,1,2\n",
        b"0,1,2,3\n",
        b"\x00\x01\x02",
        b"\n\n",
    ],
    ids=["daq", "open_ephys", "few_names", "no_stamp", "no_header", "binary", "blank"],
)
def test_tables_of_others_are_not_taken(read, path, raw):
    table, findings = read(raw)
    assert table is None
    assert codes(findings) == [(Code.TABLE_FORMAT, Severity.ERROR)]
    assert not is_buffer_table(path)


def test_an_empty_file_and_one_that_is_not_there(read, path, tmp_path):
    table, findings = read(b"")
    assert table is None
    assert codes(findings) == [(Code.FILE_EMPTY, Severity.WARNING)]
    assert not is_buffer_table(path)
    assert read_buffers(tmp_path / "none.csv", "none.csv")[0] is None
    assert not is_buffer_table(tmp_path / "none.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    assert not is_buffer_table(tmp_path / "pipe.csv")


def test_a_header_of_more_names_than_the_file_has_bytes_for(read):
    header = HEADER.rstrip() + b"," * 3000 + b"\n"
    table, findings = read(header + b"1\n" * 3000)
    assert table is None
    assert codes(findings) == [(Code.TABLE_FORMAT, Severity.ERROR)]


@given(st.binary(max_size=400))
def test_any_bytes_after_the_header_are_read_without_a_crash(read, tail):
    table, findings = read(HEADER + ROWS + tail)
    if table is None:
        assert any(finding.severity is Severity.ERROR for finding in findings)
    else:
        assert table.values.shape == (table.n_rows, len(table.columns))
        assert len(table.lines) == len(table.part) == table.n_rows
        assert np.all(np.diff(table.lines) > 0)
        assert table.column("timestamp")[:2].tolist() == STAMPS[:2]


@given(
    st.lists(st.lists(st.integers(-(2**40), 2**40), min_size=5, max_size=5), max_size=20),
    st.lists(st.integers(0, 20), max_size=3),
)
def test_numbers_come_back_as_written(read, rows, repeats):
    lines = []
    for k, row in enumerate(rows):
        lines += [HEADER] * repeats.count(k) + [",".join(map(str, row)).encode() + b"\r\n"]
    table, _ = read(HEADER + b"".join(lines))
    assert table.values.tolist() == rows
    assert table.part.tolist() == [sum(k <= at for k in repeats) for at in range(len(rows))]
