"""Camera numbers of a time table and cameras, told by their counts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import TimeTable
from miniscope_to_nwb_zarr.layouts.v3.cameras import FramesSeen, match_cameras


def match(seen, listed):
    """What is matched: `seen` is the frames of each camera and how its last file is: closed, full or cut."""
    frames = {
        camera: FramesSeen(end, is_whole=state != "cut", may_go_on=state != "closed")
        for camera, (end, state) in seen.items()
    }
    tables = {number: TimeTable(Path("t"), np.zeros(n), np.arange(n)) for number, n in listed.items()}
    return match_cameras(frames, tables, "timestamp.dat")


@pytest.mark.parametrize(
    ("scope", "camera", "listed", "expected", "is_certain"),
    [
        ((900, "closed"), (950, "closed"), {0: 950, 1: 900}, (1, 0), True),
        ((900, "closed"), (901, "closed"), {0: 901, 1: 900}, (1, 0), True),
        # one count is enough
        ((900, "closed"), (700, "cut"), {0: 950, 1: 900}, (1, 0), True),
        ((700, "cut"), (950, "closed"), {0: 950, 1: 900}, (1, 0), True),
        # whatever the other camera lost
        ((900, "closed"), (10, "cut"), {0: 1500, 1: 900}, (1, 0), True),
        # frames behind the end of a table that was cut
        ((890, "cut"), (1480, "cut"), {0: 1500, 1: 900}, (1, 0), False),
        ((930, "closed"), (1540, "closed"), {0: 1500, 1: 900}, (1, 0), False),
        ((900, "closed"), (1540, "closed"), {0: 1500, 1: 900}, (1, 0), True),
        # a last file that is lost
        ((24_000, "full"), (24_600, "closed"), {0: 24_600, 1: 24_567}, (1, 0), True),
        # a number of some damaged rows
        ((900, "closed"), (950, "closed"), {0: 950, 1: 900, 7: 1}, (1, 0), True),
        # nothing is left of the videos of one
        ((900, "closed"), (0, "cut"), {0: 950, 1: 900}, (1, 0), True),
        ((0, "cut"), (950, "closed"), {0: 950, 1: 900}, (1, 0), True),
        # after a crash, when the other camera ran at another rate
        ((24_000, "cut"), (0, "cut"), {0: 36_015, 1: 24_010}, (1, 0), False),
    ],
)
def test_counts_that_tell(scope, camera, listed, expected, is_certain):
    found = match({"msCam": scope, "behavCam": camera}, listed)
    assert found.numbers == dict(zip(("msCam", "behavCam"), expected, strict=True))
    assert found.is_certain is is_certain


@pytest.mark.parametrize(
    ("scope", "camera", "listed"),
    [
        ((900, "closed"), (900, "closed"), {0: 900, 1: 900}),
        ((900, "closed"), (0, "cut"), {0: 900, 1: 900}),
        # frames of a file that was never closed may be missing: one count is not the other's by chance
        ((900, "cut"), (898, "cut"), {0: 905, 1: 900}),
        ((890, "cut"), (890, "cut"), {0: 950, 1: 900}),
        ((895, "cut"), (905, "cut"), {0: 900, 1: 902}),
        # both end behind their tables
        ((9120, "closed"), (9125, "closed"), {0: 9003, 1: 9000}),
        # the last file of the scope is lost, and the other camera's count is nearer
        ((24_000, "full"), (0, "cut"), {0: 24_100, 1: 24_567}),
        # the table ends early, where its count of the one camera is that of the other
        ((900, "closed"), (950, "closed"), {0: 900, 1: 870}),
        # the only camera of the table fits neither
        ((890, "cut"), (905, "cut"), {1: 900}),
    ],
)
def test_counts_that_do_not_tell(scope, camera, listed):
    with pytest.raises(InputError, match="do not show which camera is which"):
        match({"msCam": scope, "behavCam": camera}, listed)


def test_one_camera_and_one_number_belong_together():
    found = match({"msCam": (500, "cut")}, {2: 27_000})
    assert (found.numbers, found.is_certain) == ({"msCam": 2}, True)


@pytest.mark.parametrize(("listed", "expected"), [({1: 900}, {"msCam": 1}), ({1: 950}, {"behavCam": 1})])
def test_a_table_of_one_camera_leaves_the_other_without_rows(listed, expected):
    assert match({"msCam": (900, "closed"), "behavCam": (950, "closed")}, listed).numbers == expected


def test_rows_that_are_lost_count():
    table = TimeTable(Path("t"), np.zeros(3), np.array([0, 1, 899]))
    other = TimeTable(Path("t"), np.zeros(950), np.arange(950))
    found = match_cameras({"msCam": FramesSeen(900)}, {1: table, 0: other}, "t")
    assert found.numbers == {"msCam": 1}


COUNTS = st.integers(1, 3000)
LOST = st.tuples(st.integers(0, 300), st.integers(0, 300))


@settings(max_examples=300)
@given(recorded=st.tuples(COUNTS, COUNTS), lost=LOST, of_rows=st.booleans(), swap=st.booleans())
@example(recorded=(900, 950), lost=(30, 50), of_rows=True, swap=False)
def test_what_is_lost_never_turns_the_cameras_round(recorded, lost, of_rows, swap):
    """The end of videos is lost, or that of the table: the match is right, or refused."""
    numbers = (0, 1) if swap else (1, 0)
    left = [max(n - gone, 1) for n, gone in zip(recorded, lost, strict=True)]
    frames, rows = (recorded, left) if of_rows else (left, recorded)
    states = ["closed" if of_rows or gone == 0 else "cut" for gone in lost]
    seen = dict(zip(("msCam", "behavCam"), zip(frames, states, strict=True), strict=True))
    try:
        found = match(seen, dict(zip(numbers, rows, strict=True)))
    except InputError:
        return
    assert found.numbers == dict(zip(seen, numbers, strict=True))


@pytest.mark.parametrize(("n_damaged", "is_certain"), [(2, True), (20, False)])
def test_rows_that_tell_no_frame_may_make_a_count_agree(n_damaged, is_certain):
    seen = {"msCam": FramesSeen(25), "behavCam": FramesSeen(37)}
    number = np.concatenate([np.arange(37), np.full(n_damaged, -1)])
    tables = {
        0: TimeTable(Path("t"), np.zeros(len(number)), number),
        1: TimeTable(Path("t"), np.zeros(25), np.arange(25)),
    }
    assert match_cameras(seen, tables, "timestamp.dat").is_certain is is_certain
