"""Frames that are not in the series count once, wherever they are missing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.alignment import align
from miniscope_to_nwb_zarr.core.file_numbers import FileFrames
from miniscope_to_nwb_zarr.core.missing import n_missing
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Stream, TimeTable
from miniscope_to_nwb_zarr.core.timing import find_gaps

SCOPE = Device("scope", "scope", DeviceKind.SCOPE)
REGULAR = np.arange(30) / 30


def stream_of(present, time_s=REGULAR, frame_number=None):
    """A stream of files of 10 frames each; `present` are the frames that each file holds, by its number."""
    time_s = np.asarray(time_s, float)
    number = np.arange(len(time_s)) if frame_number is None else np.asarray(frame_number)
    table = TimeTable(Path("timeStamps.csv"), time_s, number)
    files = {k: FileFrames(Path(f"{k}.avi"), n, is_whole=n == 10) for k, n in present.items()}
    found = align(table, files, 10, "scope")
    return Stream(SCOPE, table, found.rows, found.segments, (), losses=found.losses)


@pytest.mark.parametrize(
    ("present", "missing", "n_gaps"),
    [
        ({0: 10, 1: 10, 2: 10}, 0, 0),
        ({1: 10, 2: 10}, 10, 0),
        ({0: 10, 1: 10}, 10, 0),
        ({0: 10, 2: 10}, 10, 1),
        ({1: 10}, 20, 0),
        ({0: 10, 1: 7, 2: 4}, 9, 1),
        ({}, 30, 0),
    ],
    ids=["none", "first file", "last file", "middle file", "both ends", "ends of files", "all"],
)
def test_the_frames_of_lost_files_are_missing(present, missing, n_gaps):
    stream = stream_of(present)
    assert n_missing(stream) == missing
    assert len(find_gaps(stream)) == n_gaps


def test_what_was_never_recorded_is_missing_too():
    frames = np.delete(np.arange(33), [12, 13, 14])
    stream = stream_of({1: 10, 2: 10}, frames / 30)
    assert n_missing(stream) == 10 + 3


def test_frames_lost_where_a_clock_was_set_back_are_missing_though_there_is_no_gap():
    stream = stream_of({0: 10, 2: 10}, np.where(np.arange(30) < 20, REGULAR, REGULAR - 1))
    assert find_gaps(stream) == ()
    assert n_missing(stream) == 10


def test_frames_whose_rows_cannot_be_read_are_missing():
    time_s = REGULAR.copy()
    time_s[[0, 12, 13, 29]] = np.nan
    stream = stream_of({0: 10, 1: 10, 2: 10}, time_s)
    assert [gap.n_missing for gap in find_gaps(stream)] == [2]
    assert n_missing(stream) == 4


def test_frames_whose_rows_are_not_there_are_missing():
    kept = np.delete(np.arange(30), [12, 13])
    assert n_missing(stream_of({0: 10, 1: 10, 2: 10}, REGULAR[kept], kept)) == 2
    set_back = np.where(kept > 12, REGULAR[kept] - 1, REGULAR[kept])
    assert n_missing(stream_of({0: 10, 1: 10, 2: 10}, set_back, kept)) == 2


def test_frame_numbers_may_begin_later():
    assert n_missing(stream_of({0: 10, 1: 10, 2: 10}, REGULAR[1:], np.arange(1, 30))) == 0


def test_frame_numbers_that_do_not_count_upwards_tell_nothing():
    number = np.arange(30)
    number[4] = 400
    assert n_missing(stream_of({0: 10, 1: 10, 2: 10}, frame_number=number)) == 0


def test_a_camera_whose_table_tells_no_time_is_kept_whole():
    stream = stream_of({0: 10, 1: 10, 2: 10})
    assert n_missing(replace(stream, rows=np.empty(0, np.int64))) == 0
