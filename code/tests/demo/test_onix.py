"""The generator of recordings on ONIX writes what the reference says, and tells what it wrote."""

import re
from itertools import pairwise

import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.onix import LINES, OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.onix_older import OlderOnixSpec, write_older_onix
from miniscope_to_nwb_zarr.sources.avi import scan_avi


@pytest.fixture
def truth(tmp_path):
    return write_onix(OnixSpec(lost=(3,), n_unflushed=2), tmp_path)


def test_the_files_of_a_run(truth):
    assert {path.name for path in truth.folder.iterdir()} == {
        "ucla-miniscope-v4-video_0.avi",
        "ucla-miniscope-v4-clock_0.raw",
        "start-time_0.csv",
        "port-status_0.csv",
        "bno055_0.csv",
    }
    assert truth.path("start").read_bytes() == (
        b"Timestamp,Value.AcquisitionClockHz,Value.BlockReadSize,Value.BlockWriteSize\r\n"
        b"2026-07-30T14:59:23.1234567-04:00,250000000,8192,2048\r\n"
    )
    assert truth.path("port").read_bytes().count(b"\r\n") == 1


def test_the_clock_has_608_values_a_frame_and_is_not_regular(truth):
    raw = np.fromfile(truth.path("clock"), "<u8").reshape(-1, LINES)
    assert np.array_equal(raw, truth.clock)
    assert len(raw) == 25
    steps = np.diff(raw.astype(np.int64), axis=1)
    assert 0 < steps.min() < steps.max() < 2 * steps.min()
    frames = np.diff(truth.time_s)
    assert len(set(frames.tolist())) == len(frames)
    assert np.flatnonzero(frames > 0.05).tolist() == [2]


def test_the_sensor_has_sixteen_columns_and_unit_quaternions(truth):
    lines = truth.path("inertial").read_text().splitlines()
    assert {line.count(",") for line in lines} == {15}
    assert [line.split(",")[8] for line in lines[:4]] == ["True", "True", "False", "False"]
    assert np.allclose(np.linalg.norm(truth.inertial[:, 4:8], axis=1), 1, atol=1e-3)
    assert all(int(one.split(",")[0]) < int(other.split(",")[0]) for one, other in pairwise(lines))


def test_frames_carry_their_number_and_ten_bits_where_asked(truth, tmp_path):
    assert scan_avi(truth.path("video")).n_frames == 23
    assert [barcode.read(truth.frame(k)) for k in range(25)] == list(range(25))
    fine = write_onix(OnixSpec(encoding=Encoding.DIB_GRAY16), tmp_path / "fine")
    frame = fine.frame(9)
    assert (frame.dtype, barcode.read(frame)) == (np.uint16, 9)
    assert 255 < frame.max() < 1024
    assert len(np.unique(frame & 3)) == 4


def test_equal_specs_give_equal_files(truth, tmp_path):
    again = write_onix(truth.spec, tmp_path / "again")
    for kind in ("video", "clock", "start", "inertial", "port"):
        assert truth.path(kind).read_bytes() == again.path(kind).read_bytes()


def test_writers_whose_counts_drifted(tmp_path):
    truth = write_onix(OnixSpec(suffix="4", suffixes={"start": "5"}, has_inertial=False, has_header=False), tmp_path)
    assert truth.path("start").name == "start-time_5.csv"
    assert truth.path("start").read_text().startswith("2026-")
    assert not truth.path("inertial").exists()


def test_the_older_package(tmp_path):
    truth = write_older_onix(OlderOnixSpec(), tmp_path)
    lines = truth.times.read_text().splitlines()
    assert len(lines) == 25
    assert all(re.fullmatch(r"2021-11-05T10:15:0[12]\.[0-9]{7}-04:00,[0-9]+", line) for line in lines)
    assert len(set(np.diff(truth.ticks).tolist())) > 20
    assert scan_avi(truth.video).fourcc == "FMP4"
