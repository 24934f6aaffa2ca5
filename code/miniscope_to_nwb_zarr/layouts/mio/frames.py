"""Which frame of the video each buffer belongs to. A frame that could be another is given no stamp.

Since 0.8.1 mio writes the number of the frame beside each buffer (`reconstructed_frame_index`). Before, nothing says it
but mio's own rule: a frame ends where `frame_num` changes. That rule is repeated here, and believed only where it gives
exactly the frames that the video has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import buffers_csv as csv
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.buffers_csv import BufferTable


class Written(NamedTuple):
    """What is known of the video."""

    n_frames: int
    """Complete frames in it, at least 1."""
    is_whole: bool
    """It was closed by mio, and nothing of it is cut off."""
    is_first_black: bool
    """Its first picture is black throughout; asked only where the table does not number the frames."""


class _Frames(NamedTuple):
    number: NDArray[np.int64]
    findings: tuple[Finding, ...] = ()


def frames_of_buffers(table: BufferTable, video: Written, where: str) -> tuple[NDArray[np.int64], tuple[Finding, ...]]:
    """The number of the frame in the video that each buffer belongs to.

    Parameters
    ----------
    table : BufferTable
    video : Written
    where : str
        The table, for the findings.

    Returns
    -------
    int64, shape (n_rows,)
        -1 for buffers of no frame. Numbers may go beyond the video: frames that were lost.
    tuple of Finding

    Raises
    ------
    InputError
        Which frames the buffers belong to is not known.
    """
    everything = np.ones(table.n_rows, bool)
    try:
        return _frames(table, everything, video, where)
    except InputError as error:
        last = table.part == table.part.max(initial=0)
        if last.all():
            raise
        reason = error
    try:
        found = _frames(table, last, video, where)
    except InputError:
        raise reason from None
    if not video.n_frames <= found.number.max(initial=-1) + 1 <= video.n_frames + 1:
        raise reason
    n_before = int(np.sum(~last))
    sentence = (
        f"the rows up to line {table.lines[~last].max()} ({counted(n_before, 'row')}) are of earlier recordings with "
        "the same name, whose video was overwritten; they belong to no frame"
    )
    earlier = Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence, {"rows": n_before})
    return found.number, (earlier, *found.findings)


def _frames(table: BufferTable, chosen: NDArray[np.bool_], video: Written, where: str) -> _Frames:
    """The frames of the chosen rows."""
    if table.has(csv.INDEX):
        return _numbered(np.where(chosen, table.column(csv.INDEX), -1), table.lines, video, where)
    if not (table.has(csv.FRAME) and table.has(csv.SLOT)):
        raise InputError(
            f"{where}: has no column {csv.INDEX!r}, and not both of {csv.FRAME!r} and {csv.SLOT!r}: which frame its "
            "buffers belong to is not known"
        )
    frame, slot = (np.where(chosen, table.column(name), np.nan) for name in (csv.FRAME, csv.SLOT))
    runs = _runs(frame, slot)
    return _by_runs(runs, video, where)


def _numbered(index: NDArray[np.float64], lines: NDArray[np.int64], video: Written, where: str) -> _Frames:
    """Frames as mio numbered them."""
    is_number = (index >= 0) & (index < limits.TABLE_ROWS.value) & (np.floor(index) == index)
    rows = np.flatnonzero(is_number)
    number = np.full(len(index), -1)
    number[rows] = index[rows].astype(np.int64)
    step = np.diff(number[rows], prepend=-1)
    if len(rows) == 0:
        raise InputError(f"{where}: no row has a number in {csv.INDEX!r}: no frame has a buffer")
    if np.any(step < 0):
        line = lines[rows[np.argmax(step < 0)]]
        raise InputError(
            f"{where}: {csv.INDEX!r} goes back at line {line}: the table holds several recordings, and which of them "
            "the video is of is not known. Give each recording a table of its own"
        )
    if not np.any(step > 1):
        return _Frames(number)
    return _with_holes(number, rows, step, np.isnan(index), video, where)


def _with_holes(
    number: NDArray[np.int64],
    rows: NDArray[np.int64],
    step: NDArray[np.int64],
    is_unreadable: NDArray[np.bool_],
    video: Written,
    where: str,
) -> _Frames:
    """Frames of a table that leaves numbers out.

    mio counts a frame, and when its queues are full drops it with its rows: the number is missing in the table, and the
    frame in the video. Numbers whose rows are there and unreadable are no such hole; neither are holes in a table
    beside a video that has a frame for each number.
    """
    n_before = np.cumsum(is_unreadable)[rows]
    is_hole = (step > 1) & (np.diff(n_before, prepend=0) == 0)
    n_skipped = np.cumsum(np.where(is_hole, step - 1, 0))
    total, n_holes = int(number[rows[-1]]) + 1, int(n_skipped[-1])
    if n_holes == 0 or (video.is_whole and video.n_frames == total):
        return _Frames(number)
    if video.is_whole and video.n_frames == total - n_holes:
        number[rows] -= n_skipped
        sentence = (
            f"{counted(n_holes, 'frame number is', 'frame numbers are')} missing in {csv.INDEX!r}, and as many frames "
            "are missing in the video: mio counted these frames and could not write them. The others are matched in "
            "their order"
        )
        numbers = {"frames": n_holes}
        return _Frames(number, (Finding(Code.ROWS_RENUMBERED, Severity.WARNING, where, sentence, numbers),))
    at = int(np.argmax(is_hole))
    first = int(number[rows[at]] - step[at] + 1)
    if first == 0:
        raise InputError(
            f"{where}: {csv.INDEX!r} begins at {number[rows[0]]} and ends at {total - 1}, the video holds "
            f"{counted(video.n_frames, 'frame')}: which rows are of which frame is not known"
        )
    number[number >= first] = -1
    sentence = (
        f"{counted(n_holes, 'frame number is', 'frame numbers are')} missing in {csv.INDEX!r}, the first is {first}, "
        f"and the video holds {counted(video.n_frames, 'frame')}: whether the missing ones are in it is not known, so "
        f"frames from {first} on have no stamp"
    )
    numbers = {"frames": n_holes, "first": first}
    return _Frames(number, (Finding(Code.ROWS_RENUMBERED, Severity.ERROR, where, sentence, numbers),))


def _runs(frame: NDArray[np.float64], slot: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the frame that mio made of each buffer, shape (n,), by its own rule; -1 for buffers of none.

    It waits for the first buffer of a frame, leaves out buffers whose place in the frame it does not have, and begins a
    frame where `frame_num` changes.
    """
    places, counts = np.unique(slot[slot >= 0], return_counts=True)
    usual = places[counts * 2 > counts.max(initial=0)]
    is_used = np.isfinite(frame) & (slot >= 0) & (slot <= usual.max(initial=-1))
    is_used &= np.cumsum(is_used & (slot == 0)) > 0
    rows = np.flatnonzero(is_used)
    runs = np.full(len(frame), -1)
    runs[rows] = np.cumsum(np.diff(frame[rows], prepend=-1) != 0) - 1
    return runs


def _by_runs(runs: NDArray[np.int64], video: Written, where: str) -> _Frames:
    """Frames of a table that does not number them."""
    n_runs = int(runs.max(initial=-1)) + 1
    # mio 0.4 to 0.8.0 writes what it had before the first frame, which is black, and never the last frame
    n_ahead = int(video.is_first_black)
    if video.n_frames != n_runs - 1 + n_ahead:
        black = ", the first of them black" * n_ahead
        raise InputError(
            f"{where}: has no column {csv.INDEX!r}, as before mio 0.8.1. According to {csv.FRAME!r} it lists {n_runs} "
            f"frames, of which mio writes all but the last; the video holds {video.n_frames}{black}. So it is not "
            "known when its frames were taken: look for the video as it was recorded, or make a table of frames and "
            "stamps and give it with --timestamps_file"
        )
    number = np.where((runs >= 0) & (runs < n_runs - 1), runs + n_ahead, -1)
    black = ". The first picture is the black one that mio wrote ahead of them, and has no stamp" * n_ahead
    sentence = (
        f"has no column {csv.INDEX!r}, as before mio 0.8.1: frames begin where {csv.FRAME!r} changes, which gives "
        f"exactly the {n_runs - 1} frames that mio wrote{black}"
    )
    return _Frames(number, (Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence),))
