import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.pose_csv import read_pose

TITLE = b"DLC-Live Pose Data.\n"
ROWS = b"12,101,202,51,52,0.91,0.82,\n13,103,204,53,54,0.93,0.84,\n"


@pytest.fixture
def read(tmp_path):
    def read_raw(raw):
        (tmp_path / "pose.csv").write_bytes(raw)
        return read_pose(tmp_path / "pose.csv", "behaviorTracker/pose.csv")

    return read_raw


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    "raw",
    [
        TITLE + ROWS,
        ROWS,
        (TITLE + ROWS).replace(b"\n", b"\r\n"),
        TITLE + ROWS[:-1],
        TITLE + ROWS.replace(b",\n", b"\n"),
    ],
)
def test_values_are_all_x_then_all_y_then_all_likelihoods(read, raw):
    pose, findings = read(raw)
    assert findings == ()
    assert pose.frame_count.tolist() == [12, 13]
    assert pose.x_px.tolist() == [[101, 202], [103, 204]]
    assert pose.y_px.tolist() == [[51, 52], [53, 54]]
    assert pose.likelihood.tolist() == [[0.91, 0.82], [0.93, 0.84]]


@pytest.mark.parametrize("raw", [TITLE, TITLE.strip(), TITLE + b"\n"])
def test_the_title_alone_is_no_pose_and_no_finding(read, raw):
    assert read(raw) == (None, ())


@pytest.mark.parametrize(
    "line", [b"12,1,2,3,\n", b"12,1,2,3,4,5,6,7,8,9,\n", b"12,1,2,3,4,5,x,\n", b"1.5,1,2,3,4,5,6,\n"]
)
def test_rows_unlike_the_others_are_left_out(read, line):
    pose, (finding,) = read(TITLE + line + ROWS)
    assert pose.frame_count.tolist() == [12, 13]
    assert (finding.code, finding.numbers) == (Code.ROW_UNREADABLE, {"count": 1, "first_line": 2})


def test_a_row_without_its_last_comma_may_lack_digits_too(read):
    pose, (finding,) = read(TITLE + ROWS + b"14,1,2,3,4,0.5,0.\n" + ROWS)
    assert pose.frame_count.tolist() == [12, 13, 12, 13]
    assert (finding.code, finding.numbers) == (Code.ROW_UNREADABLE, {"count": 1, "first_line": 4})


@pytest.mark.parametrize("cut", [2, 4, 6])
def test_a_cut_last_row_is_left_out(read, cut):
    pose, findings = read(TITLE + ROWS[:-cut])
    assert pose.frame_count.tolist() == [12]
    assert codes(findings) == [Code.ROW_UNREADABLE]


@pytest.mark.parametrize("raw", [TITLE + b"12,1,2,3,4,\n", TITLE + b"12\n"])
def test_a_count_of_values_that_is_no_multiple_of_three_is_reported(read, raw):
    pose, findings = read(raw)
    assert (pose, codes(findings)) == (None, [Code.TABLE_FORMAT])


@pytest.mark.parametrize(("raw", "code"), [(b"", Code.FILE_EMPTY), (b"hello\n", Code.TABLE_FORMAT)])
def test_foreign_files_are_refused(read, raw, code):
    pose, findings = read(raw)
    assert (pose, codes(findings)) == (None, [code])


values = st.floats(-1e6, 1e6).map(lambda value: f"{value:.3g}")


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(values, min_size=3 * n, max_size=3 * n), min_size=1, max_size=9)
    )
)
def test_a_valid_file_is_read_back_exactly(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "valid_pose.csv"
    path.write_bytes(TITLE + "".join(f"{k},{','.join(row)},\n" for k, row in enumerate(rows)).encode())
    pose, findings = read_pose(path, "x")
    assert findings == ()
    together = np.concatenate([pose.x_px, pose.y_px, pose.likelihood], axis=1)
    assert together.tolist() == [[float(value) for value in row] for row in rows]


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise(tmp_path_factory, raw, has_title):
    path = tmp_path_factory.getbasetemp() / "random_pose.csv"
    path.write_bytes(TITLE * has_title + raw)
    read_pose(path, "x")
