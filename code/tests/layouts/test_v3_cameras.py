"""Camera numbers of a time table and cameras, told by their counts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import TimeTable
from miniscope_to_nwb_zarr.layouts.v3_cameras import FramesSeen, match_cameras


def match(seen, listed):
    """What is matched: `seen` is the frames of each camera and whether its last file is whole."""
    frames = {camera: FramesSeen(*what) for camera, what in seen.items()}
    tables = {number: TimeTable(Path("t"), np.zeros(n), np.arange(n)) for number, n in listed.items()}
    return match_cameras(frames, tables, "timestamp.dat")


@pytest.mark.parametrize(
    ("scope", "camera", "listed", "expected", "is_certain"),
    [
        ((900, True), (950, True), {0: 950, 1: 900}, (1, 0), True),
        ((900, True), (901, True), {0: 901, 1: 900}, (1, 0), True),
        # one count is enough
        ((900, True), (700, False), {0: 950, 1: 900}, (1, 0), True),
        ((700, False), (950, True), {0: 950, 1: 900}, (1, 0), True),
        # whatever the other camera lost
        ((900, True), (10, False), {0: 1500, 1: 900}, (1, 0), True),
        # frames behind the end of a table that was cut
        ((890, False), (1480, False), {0: 1500, 1: 900}, (1, 0), False),
        ((930, True), (1540, True), {0: 1500, 1: 900}, (1, 0), False),
        # a number of some damaged rows
        ((900, True), (950, True), {0: 950, 1: 900, 7: 1}, (1, 0), True),
        # nothing is left of the videos of one
        ((900, True), (0, False), {0: 950, 1: 900}, (1, 0), True),
        ((0, False), (950, True), {0: 950, 1: 900}, (1, 0), True),
        # after a crash, when the other camera ran at another rate
        ((24_000, False), (0, False), {0: 36_015, 1: 24_010}, (1, 0), False),
    ],
)
def test_counts_that_tell(scope, camera, listed, expected, is_certain):
    found = match({"msCam": scope, "behavCam": camera}, listed)
    assert found.numbers == dict(zip(("msCam", "behavCam"), expected, strict=True))
    assert found.is_certain is is_certain


@pytest.mark.parametrize(
    ("scope", "camera", "listed"),
    [
        ((900, True), (900, True), {0: 900, 1: 900}),
        ((900, True), (0, False), {0: 900, 1: 900}),
        # frames of a file that was never closed may be missing: one count is not the other's by chance
        ((900, False), (898, False), {0: 905, 1: 900}),
        ((890, False), (890, False), {0: 950, 1: 900}),
        ((895, False), (905, False), {0: 900, 1: 902}),
        # both end behind their tables
        ((9120, True), (9125, True), {0: 9003, 1: 9000}),
        # the last file of the scope is lost, and the other camera's count is nearer
        ((24_000, True), (0, False), {0: 24_100, 1: 24_567}),
        # the only camera of the table fits neither
        ((890, False), (905, False), {1: 900}),
    ],
)
def test_counts_that_do_not_tell(scope, camera, listed):
    with pytest.raises(InputError, match="do not tell which camera is which"):
        match({"msCam": scope, "behavCam": camera}, listed)


def test_one_camera_and_one_number_belong_together():
    found = match({"msCam": (500, False)}, {2: 27_000})
    assert (found.numbers, found.is_certain) == ({"msCam": 2}, True)


@pytest.mark.parametrize(("listed", "expected"), [({1: 900}, {"msCam": 1}), ({1: 950}, {"behavCam": 1})])
def test_a_table_of_one_camera_leaves_the_other_without_rows(listed, expected):
    assert match({"msCam": (900, True), "behavCam": (950, True)}, listed).numbers == expected


def test_rows_that_are_lost_count():
    table = TimeTable(Path("t"), np.zeros(3), np.array([0, 1, 899]))
    other = TimeTable(Path("t"), np.zeros(950), np.arange(950))
    found = match_cameras({"msCam": FramesSeen(900, is_final=True)}, {1: table, 0: other}, "t")
    assert found.numbers == {"msCam": 1}


COUNTS = st.integers(1, 3000)


@settings(max_examples=300, deadline=None)
@given(listed=st.tuples(COUNTS, COUNTS), lost=st.tuples(st.integers(0, 200), st.integers(0, 200)), swap=st.booleans())
def test_frames_that_were_lost_never_turn_the_cameras_round(listed, lost, swap):
    """Files that were closed hold all frames, of others frames may be missing: the match is right, or refused."""
    numbers = (0, 1) if swap else (1, 0)
    seen = {
        camera: (max(n - gone, 1), gone == 0)
        for camera, n, gone in zip(("msCam", "behavCam"), listed, lost, strict=True)
    }
    try:
        found = match(seen, dict(zip(numbers, listed, strict=True)))
    except InputError:
        return
    assert found.numbers == dict(zip(seen, numbers, strict=True))
