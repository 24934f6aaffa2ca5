import csv
from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, make_rows, segments, write_open_ephys
from miniscope_to_nwb_zarr.demo.open_ephys_text import single
from miniscope_to_nwb_zarr.sources.video import VideoFile

GUI = OpenEphysSpec()


def table_of(truth):
    with truth.table.open(encoding="ascii", newline="") as file:
        return list(csv.reader(file))


def test_the_gui_writes_four_files_with_the_header_of_the_documentation(tmp_path):
    truth = write_open_ephys(GUI, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"run_0.{end}" for end in ("avi", "csv", "log", "yml")]
    header, *rows = table_of(truth)
    assert ",".join(header) == (
        "FrameNumber,HardwareTime,Quaternion_X,Quaternion_Y,Quaternion_Z,Quaternion_W,DigitalIn0,DigitalIn1,Timestamp"
    )
    assert len(rows) == 25
    assert rows[0][-1] == "2026-07-30T14:59:24.0823808-04:00"
    assert [row[0] for row in rows] == [str(118 + k) for k in range(25)]
    assert truth.table.read_bytes().count(b"\r\n") == 26


@pytest.mark.parametrize(
    ("software", "n_columns", "has_header"),
    [(Software.BONSAI, 6, True), (Software.EXAMPLE, 7, False), (Software.EXAMPLE_MINICAM, 3, False)],
)
def test_workflows_write_two_files(tmp_path, software, n_columns, has_header):
    spec = replace(GUI, software=software, video_name="a-image_", table_name="a-quat_", suffix="Timestamp")
    truth = write_open_ephys(replace(spec, video_delay_s=1), tmp_path)
    names = ["a-image_2026-07-30T14_59_25.avi", "a-quat_2026-07-30T14_59_24.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    first, *_ = table_of(truth)
    assert (len(first), first[0] == "Timestamp") == (n_columns, has_header)


def test_frames_show_their_rows(tmp_path):
    truth = write_open_ephys(replace(GUI, encoding=Encoding.Y800, lost=(3,)), tmp_path)
    with VideoFile(truth.video) as video:
        frames = [video.read(k).array for k in range(25)]
    assert [barcode.read(frame) for frame in frames] == list(range(25))
    assert all(np.array_equal(frame, truth.frame(k)) for k, frame in enumerate(frames))


def test_a_dropped_frame_is_a_gap_in_clock_and_counter():
    rows = make_rows(replace(GUI, lost=(3, 4)))
    assert rows.frame_count[2:4].tolist() == [120, 123]
    assert np.diff(rows.hardware_ms)[2] == pytest.approx(100, abs=2)


def test_stamps_are_never_regular():
    rows = make_rows(replace(GUI, n_frames=200))
    assert len(set(np.diff(rows.hardware_ms).tolist())) > 2
    assert np.diff(rows.received_ticks).min() > 0


def test_segments_follow_each_other():
    first, second = segments(GUI, 2, gap_s=0.5)
    assert (second.suffix, (second.start - first.start).total_seconds()) == (1, pytest.approx(25 / 30 + 0.5, abs=1e-5))
    assert second.first_hardware_ms - first.first_hardware_ms == pytest.approx(1333, abs=1)
    assert second.first_count > first.first_count + 25


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0215548109, "0.0215548109"), (1e-5, "9.99999975E-06"), (1.0, "1"), (0.0, "0")],
)
def test_numbers_of_32_bits(value, text):
    assert single(value) == text


def test_equal_specs_give_equal_files(tmp_path):
    one, other = (write_open_ephys(replace(GUI, captures=(0.3,)), tmp_path / name) for name in "ab")
    files = [{path.name: path.read_bytes() for path in truth.folder.iterdir()} for truth in (one, other)]
    assert files[0] == files[1]
    assert sum(name.endswith(".png") for name in files[0]) == 1
