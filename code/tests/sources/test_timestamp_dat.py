"""`timestamp.dat` of the V3 software."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.timestamp_dat import is_timestamp_dat, read_timestamp_dat

HEADER = "camNum\tframeNum\tsysClock\tbuffer"
# literal, reference formats 2.2
EXAMPLE = f"{HEADER}\r\n1\t1\t-1\t1\r\n0\t1\t11\t1\r\n1\t2\t45\t1\r\n1\t3\t79\t1\r\n0\t2\t61\t1\r\n"
ROWS = [(k % 3 > 0, k, 50 * k + k * k % 7) for k in range(60)]


def interleaved(n_rows=60):
    """Rows of two cameras, the second with twice as many, and the stamp of each (camera, frame)."""
    count = [0, 0]
    lines, truth = [], {}
    for camera, k, stamp in ROWS[:n_rows]:
        truth[int(camera), count[camera]] = stamp
        count[camera] += 1
        lines.append(f"{int(camera)}\t{count[camera]}\t{stamp}\t{1 + k % 2}")
    return "\r\n".join([HEADER, *lines, ""]), truth


@pytest.fixture
def read(tmp_path):
    def read_it(text):
        path = tmp_path / "timestamp.dat"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_timestamp_dat(path, "timestamp.dat")

    return read_it


def codes(findings):
    return [finding.code for finding in findings]


def stamps(tables):
    """The stamp of each (camera, frame) of which the row can be used."""
    return {
        (camera, int(frame)): time_s * 1000
        for camera, table in tables.items()
        for frame, time_s in zip(table.frame_number, table.time_s, strict=True)
        if frame >= 0
    }


def test_the_rows_of_each_camera(read):
    tables, findings = read(EXAMPLE)
    assert findings == ()
    assert stamps(tables) == pytest.approx({(1, 0): -1, (1, 1): 45, (1, 2): 79, (0, 0): 11, (0, 1): 61})
    assert tables[1].extra["sysClock (ms)"].tolist() == [-1, 45, 79]
    assert tables[0].extra["buffer"].tolist() == [1, 1]
    assert tables[0].queue_depth is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\r\n", "\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\r\n", "\r\n\r\n"),
        lambda text: text.replace("\t", ","),
        lambda text: text.upper(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode() + bytes(512),
    ],
)
def test_ways_to_write_the_same(read, change):
    assert stamps(read(change(EXAMPLE))[0]) == pytest.approx(stamps(read(EXAMPLE)[0]))


def test_columns_in_another_order_and_further_ones(read):
    tables, findings = read("sysClock\tLED\tframeNum\tcamNum\r\n5\t30\t1\t0\r\n55\t31\t2\t0\r\n")
    assert findings == ()
    assert stamps(tables) == pytest.approx({(0, 0): 5, (0, 1): 55})
    assert tables[0].extra["LED"].tolist() == [30, 31]


def test_no_header_is_read_by_position_and_said(read):
    tables, findings = read(EXAMPLE.partition("\r\n")[2])
    assert stamps(tables) == pytest.approx(stamps(read(EXAMPLE)[0]))
    assert codes(findings) == [Code.TABLE_FORMAT]


@pytest.mark.parametrize("header", ["camNum\tfr\0meNum\tsysClock\tbuffer", "camNum\tframeNum\tsysCl?ck\tbuffer"])
def test_a_damaged_header_is_no_loss(read, header):
    tables, findings = read(EXAMPLE.replace(HEADER, header))
    assert stamps(tables) == pytest.approx(stamps(read(EXAMPLE)[0]))
    assert codes(findings) == [Code.TABLE_FORMAT]


def test_frames_counted_from_0(read):
    tables, findings = read(f"{HEADER}\n1\t0\t5\t1\n1\t1\t55\t1\n0\t1\t7\t1\n")
    assert findings == ()
    assert stamps(tables) == pytest.approx({(1, 0): 5, (1, 1): 55, (0, 0): 7})


@pytest.mark.parametrize(("cut", "n_left"), [(1, 60), (2, 60), (3, 60), (4, 59), (6, 59)])
def test_a_torn_last_line_keeps_a_stamp_that_is_whole(read, cut, n_left):
    text, truth = interleaved()
    # the line ends with a tab, the buffer count, CR and LF
    tables, findings = read(text.encode()[:-cut])
    found = stamps(tables)
    assert len(found) == n_left
    assert found == pytest.approx({key: truth[key] for key in found})
    assert codes(findings) == [Code.ROW_TORN]
    assert np.isnan(tables[1].extra["buffer"][-1]) == (n_left == 60)


def test_a_number_that_is_there_twice_is_used_for_no_frame(read):
    """A camera number that is damaged puts the row of one camera between two rows of the other, of equal numbers."""
    tables, findings = read(f"{HEADER}\n0\t1\t5\t1\n0\t2\t55\t1\n0\t2\t57\t1\n0\t3\t105\t1\n")
    assert stamps(tables) == pytest.approx({(0, 0): 5, (0, 2): 105})
    assert codes(findings) == [Code.ROWS_RENUMBERED]
    assert np.isnan(tables[0].time_s[1:3]).all()
    assert tables[0].extra["sysClock (ms)"].tolist() == [5, 55, 57, 105]


def test_a_number_far_too_large_is_no_number(read):
    tables, findings = read(f"{HEADER}\n0\t1\t5\t1\n0\t{limits.TABLE_ROWS.value}\t55\t1\n0\t3\t105\t1\n")
    assert set(stamps(tables)) == {(0, 0), (0, 2)}
    assert codes(findings) == [Code.ROW_UNREADABLE]


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        "a\tb\tc\n1\t2\t3\n",
        "camNum\tbuffer\n1\t2\n",
        "camNum\tframeNum\n1\t1\n",
        "a\tb\tc\tbuffer\n1\t1\t1\t1\n",
        "1\t2\n1\t3\n",
    ],
)
def test_no_such_table(read, text):
    tables, _ = read(text)
    assert tables == {}


def test_a_header_of_a_thousand_names_takes_no_memory(read):
    tables, findings = read("\t".join([HEADER, *map(str, range(30_000))]) + "\n" * 200_000)
    assert tables == {}
    assert codes(findings) == [Code.TABLE_FORMAT]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (EXAMPLE.encode(), True),
        (b"\xef\xbb\xbf" + EXAMPLE.encode(), True),
        (b"camnum, FRAMENUM ,sysclock", True),
        (b"Frame Number,Time Stamp (ms),Buffer Index\n0,1,2\n", False),
        (b"1\t1\t-1\t1\n", False),
        (b"", False),
        (b"\0" * 100, False),
    ],
)
def test_the_table_is_known_by_its_header(tmp_path, raw, expected):
    path = tmp_path / "x"
    path.write_bytes(raw)
    assert is_timestamp_dat(path) is expected
    assert not is_timestamp_dat(tmp_path / "nowhere")


@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 0.999), byte=st.integers(0, 255))
def test_one_damaged_byte_never_gives_a_frame_the_stamp_of_another(tmp_path_factory, place, byte):
    text, truth = interleaved()
    raw = bytearray(text.encode())
    raw[int(place * len(raw))] = byte
    path = tmp_path_factory.mktemp("damaged") / "timestamp.dat"
    path.write_bytes(raw)
    found = stamps(read_timestamp_dat(path, "t")[0])
    wrong = [key for key, value in found.items() if truth.get(key) != pytest.approx(value)]
    assert len(wrong) <= 1
    # a header that lost its shape costs the table; else the rows of one line are lost, of two that were joined, and of
    # one that has its number
    assert not found or len(truth.keys() & found.keys()) >= len(truth) - 3


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=300))
def test_anything_at_all_is_survived(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("any") / "timestamp.dat"
    for content in (raw, HEADER.encode() + b"\n" + raw):
        path.write_bytes(content)
        tables, _ = read_timestamp_dat(path, "t")
        assert all(len(table.time_s) == len(table.frame_number) > 0 for table in tables.values())


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(-(2**31), 2**32), st.integers(0, 500)), min_size=1),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_written_is_read(tmp_path_factory, rows, end):
    count, lines, truth = dict.fromkeys(range(4), 0), [HEADER], {}
    for camera, clock, buffer in rows:
        truth[camera, count[camera]] = clock
        count[camera] += 1
        lines.append(f"{camera}\t{count[camera]}\t{clock}\t{buffer}")
    path = tmp_path_factory.mktemp("written") / "timestamp.dat"
    path.write_bytes((end.join(lines) + end).encode())
    tables, findings = read_timestamp_dat(path, "t")
    assert findings == ()
    assert stamps(tables) == pytest.approx(truth)
