"""When the frames of an Open Ephys recording were taken: its two clocks, brought together.

The clock of the acquisition board gives the intervals, that of the computer the start. Where a workflow saved no
`HardwareTime`, the moments at which the computer received the frames are all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.timing import first_sound
from miniscope_to_nwb_zarr.sources.iso_stamps import NO_OFFSET, TICKS_PER_S, moment, ticks_of
from miniscope_to_nwb_zarr.sources.start_time import StartTime

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.open_ephys_csv import FrameRows

_MS_PER_S = 1000
_TICKS_PER_MS = TICKS_PER_S // _MS_PER_S
_S_PER_MIN = 60
_WINDOW_ROWS = 50
# a crystal is off by 100 parts in a million at most; a stamp waits until the computer has time for it
_DRIFT_SHARE = 2e-4
_DRIFT_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """When each row's frame was taken.

    Attributes
    ----------
    time_s : float64, shape (n_rows,)
        Seconds from the start of the recording; NaN where the row has no time.
    received_s : float64, shape (n_rows,), or None
        When the computer received the frame, in seconds from the start by the computer's clock; NaN where that cannot
        be read; None where the table does not tell.
    start : StartTime or None
        None where the table does not tell.
    offset_min : int64, shape (n_rows,), or None
        The computer's offset from UTC at each row, `NO_OFFSET` where it is not written.
    """

    time_s: NDArray[np.float64]
    received_s: NDArray[np.float64] | None
    start: StartTime | None
    offset_min: NDArray[np.int64] | None

    def seconds(self, local: datetime, row: int | None) -> float:
        """Seconds from the start to a moment on the computer's wall clock.

        Parameters
        ----------
        local : datetime
            Without time zone.
        row : int or None
            A row of about that moment, whose offset from UTC was that of the wall clock; the first one's if None.
        """
        if self.start is None or self.offset_min is None:
            return 0.0
        start = self.start.instant or self.start.local or local
        known = self.offset_min != NO_OFFSET
        offset = int(self.offset_min[row]) if row is not None and known[row] else None
        if offset is None:
            offset = int(self.offset_min[np.argmax(known)]) if known.any() else 0
        utc = ticks_of(local) - (offset * _S_PER_MIN if start.tzinfo else 0) * TICKS_PER_S
        return (utc - ticks_of(start)) / TICKS_PER_S


def times_of(rows: FrameRows, where: str) -> tuple[Times, tuple[Finding, ...]]:
    """Bring the clocks of a table together.

    Time zero is the first row that has a time; the start is its moment by the computer's clock, in whole microseconds,
    told by the first row whose moment can be right.
    """
    ticks, is_known, offset_min = _moments(rows)
    hardware_s = None if rows.hardware_ms is None else rows.hardware_ms / _MS_PER_S
    if hardware_s is not None and np.isfinite(hardware_s).any():
        is_timed = np.isfinite(hardware_s)
        hardware_s -= hardware_s[np.argmax(is_timed)]
        both = is_known & is_timed
    else:
        hardware_s, both = None, is_known
    if not both.any():
        nothing = np.full(rows.n_rows, np.nan)
        return Times(nothing if hardware_s is None else hardware_s, None, None, None), ()
    told = np.flatnonzero(both)
    begin_s = ticks[told] / TICKS_PER_S - (0 if hardware_s is None else hardware_s[told])
    place, doubts = first_sound(begin_s, where, "Timestamp")
    first = int(told[place])
    passed_s = 0.0 if hardware_s is None else float(hardware_s[first])
    start = moment(int(ticks[first]) - round(passed_s * _MS_PER_S) * _TICKS_PER_MS, int(offset_min[first]))
    received_s = np.where(is_known, (ticks - ticks_of(start)) / TICKS_PER_S, np.nan)
    times = Times(received_s if hardware_s is None else hardware_s, received_s, _start_time(start), offset_min)
    return times, doubts


def examine_clocks(times: Times, where: str) -> tuple[Finding, ...]:
    """The finding for clocks that run apart, or of which one was set."""
    if times.received_s is None:
        return ()
    apart_s = times.received_s - times.time_s
    known = np.isfinite(apart_s)
    n_windows = int(known.sum()) // _WINDOW_ROWS
    if n_windows < 2:
        return ()
    parts = np.array_split(np.flatnonzero(known), n_windows)
    medians = np.array([np.median(apart_s[part]) for part in parts])
    duration_s = float(times.time_s[parts[-1][-1]] - times.time_s[parts[0][0]])
    steps = np.diff(medians)
    at = int(np.argmax(np.abs(steps)))
    drift_s, step_s = float(medians[-1] - medians[0]), float(steps[at])
    if max(abs(drift_s), abs(step_s)) <= _DRIFT_S + _DRIFT_SHARE * duration_s:
        return ()
    when_s = float(times.time_s[parts[at + 1][0]])
    sentence = (
        f"over {duration_s:.1f} s the clock of the computer moves by {drift_s:+.3f} s against that of the hardware, "
        f"by {step_s:+.3f} s of it about {when_s:.1f} s after the start: the clock was changed, or frames waited in "
        "the computer. Stamps are those of the hardware"
    )
    numbers = {"drift_s": drift_s, "largest_step_s": step_s, "at_s": when_s, "duration_s": duration_s}
    return (Finding(Code.CLOCK_DRIFT, Severity.WARNING, where, sentence, numbers),)


def _moments(rows: FrameRows) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Ticks of each row, whether they can be used, and offsets from UTC.

    Where some moments have an offset, those without cannot be placed among them.
    """
    column = rows.stamp
    if column is None:
        nothing = np.zeros(rows.n_rows, np.int64)
        return nothing, np.zeros(rows.n_rows, bool), nothing
    has_offset = column.is_readable & (column.offset_min != NO_OFFSET)
    return column.values, has_offset if has_offset.any() else column.is_readable, column.offset_min


def _start_time(start: datetime) -> StartTime:
    if start.tzinfo is None:
        return StartTime(None, start)
    # a computer that writes UTC need not stand where UTC is the local time
    return StartTime(start, start.replace(tzinfo=None) if start.utcoffset() else None)
