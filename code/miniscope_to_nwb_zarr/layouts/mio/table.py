"""From buffers to frames: the time table of a wireless Miniscope, and what its buffers tell of each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.model import Signal, TimeTable
from miniscope_to_nwb_zarr.layouts.mio.counters import in_order, steps, told_first
from miniscope_to_nwb_zarr.sources import buffers_csv as csv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.buffers_csv import BufferTable

RECEIVED_BUFFERS, LOST, DROPPED = "buffers received", "buffers lost", "buffers dropped"
"""Names of the sums that are made for each frame; further ones have the names of their columns."""
_MS_PER_S = 1000
_COUNTER_BITS = 32
# how far the first reading of a counter may be from those after it: 1 s of the clock, so many buffers or frames
_REACH = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """The rows of a table of buffers with what can be believed of them.

    Attributes
    ----------
    frame : int64, shape (n_rows,)
        The frame that each buffer belongs to, -1 for none.
    is_fresh : bool, shape (n_rows,)
        False for a row that tells again of a buffer that an earlier row tells of.
    sound : mapping of column to bool, shape (n_rows,)
        For each counter that the table has, the fresh rows in which it can be right.
    """

    table: BufferTable
    frame: NDArray[np.int64]
    is_fresh: NDArray[np.bool_]
    sound: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """What a table of buffers tells of the frames.

    Attributes
    ----------
    table : TimeTable
        One row for each frame that has a buffer.
    received_s : float64, shape (n_frames,)
        When the buffer that gives a frame its stamp reached the computer, in seconds since 1970 UTC; NaN if the table
        does not tell.
    signal : Signal
        The table itself, on the clock of the device.
    """

    table: TimeTable
    received_s: NDArray[np.float64]
    signal: Signal


def judge_buffers(table: BufferTable, frame: NDArray[np.int64]) -> Buffers:
    """Tell which counters can be right.

    Parameters
    ----------
    table : BufferTable
    frame : int64, shape (n_rows,)
        The frame that each buffer belongs to, -1 for none.
    """
    is_fresh = told_first([frame.astype(np.float64), *(table.column(n) for n in (csv.SLOT, csv.BUFFER, csv.STAMP))])
    sound = {}
    for name in filter(table.has, (csv.STAMP, csv.FRAME, csv.BUFFER, csv.DROPPED)):
        values = table.column(name)
        is_count = is_fresh & (values >= 0) & (values < 1 << _COUNTER_BITS) & (np.floor(values) == values)
        sound[name] = in_order(np.where(is_count, values, np.nan), _REACH)
    return Buffers(table, frame, is_fresh, sound)


def frame_table(buffers: Buffers) -> FrameTable:
    """Give each frame the stamp of its first buffer whose stamp can be right; none if it has no such buffer."""
    table, frame = buffers.table, buffers.frame
    numbers = np.unique(frame[frame >= 0])
    stamped = np.flatnonzero((frame >= 0) & buffers.sound[csv.STAMP])
    timed, first = np.unique(frame[stamped], return_index=True)
    row = np.full(len(numbers), -1)
    row[np.searchsorted(numbers, timed)] = stamped[first]

    def of_frames(values: NDArray[np.float64]) -> NDArray[np.float64]:
        # a frame without a stamp takes what stands behind the last row
        found: NDArray[np.float64] = np.append(values, np.nan)[row]
        return found

    stamp_ms = table.column(csv.STAMP)
    start_ms = float(stamp_ms[stamped[0]]) if len(stamped) else 0.0
    time_s = (stamp_ms - start_ms) / _MS_PER_S
    received = csv.RECEIVED if table.has(csv.RECEIVED) else csv.SAVED
    received_s = of_frames(table.column(received))
    count = of_frames(np.where(buffers.sound.get(csv.FRAME, False), table.column(csv.FRAME), np.nan))
    frames = TimeTable(
        path=table.path,
        time_s=of_frames(time_s),
        frame_number=numbers,
        hardware_count=np.nan_to_num(count, nan=-1).astype(np.int64) if table.has(csv.FRAME) else None,
        extra={**_sums(buffers, numbers), **({received: received_s} if table.has(received) else {})},
        hardware_count_header=csv.FRAME,
        hardware_count_bits=_COUNTER_BITS,
    )
    signal = Signal(
        name="Buffers",
        description=(
            f"{table.path.name}: the header of each buffer that the radio delivered, as it was received. Time stamps "
            f"are the column {csv.STAMP!r} less {start_ms:.0f} ms, in seconds; NaN where it cannot be right"
        ),
        unit="",
        time_s=np.where(buffers.sound[csv.STAMP], time_s, np.nan),
        values=table.values,
        columns=table.columns,
    )
    return FrameTable(frames, received_s, signal)


def missing_buffers(buffers: Buffers) -> dict[str, NDArray[np.int64]]:
    """Buffers missing right before each row, shape (n_rows,), from the first frame on.

    Returns
    -------
    dict
        `LOST` by the device's count of buffers, `DROPPED` by what it says that it dropped itself; only what the table
        can tell.
    """
    is_recorded = np.cumsum(buffers.frame >= 0) > 0
    # a buffer whose count is damaged was received all the same
    received = np.cumsum(buffers.is_fresh).astype(np.float64)
    missing = {}
    for label, name in ((LOST, csv.BUFFER), (DROPPED, csv.DROPPED)):
        if buffers.table.has(name):
            chosen = buffers.sound[name] & is_recorded
            arrived = steps(received, chosen) if label == LOST else 0
            missing[label] = np.maximum(steps(buffers.table.column(name), chosen) - arrived, 0)
    return missing


def _sums(buffers: Buffers, numbers: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Sums over the buffers of each frame."""
    chosen = buffers.is_fresh & (buffers.frame >= 0)
    at = np.searchsorted(numbers, buffers.frame[chosen])
    per_row = {RECEIVED_BUFFERS: np.ones(len(chosen)), **missing_buffers(buffers)}
    if buffers.table.has(csv.PADDING):
        # -1 stands for a buffer that was never looked at, less for one that was too long
        per_row[csv.PADDING] = np.nan_to_num(np.maximum(buffers.table.column(csv.PADDING), 0))
    return {label: np.bincount(at, values[chosen], len(numbers)).astype(np.int64) for label, values in per_row.items()}
