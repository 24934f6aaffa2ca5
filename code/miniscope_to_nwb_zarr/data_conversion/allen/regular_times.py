"""Time stamps that a start and a rate say as well are replaced by these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb import TimeSeries

from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import all_objects, path_of, set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

REGULAR_TIMES = "regular_times"
_BLOCK_ROWS = 1 << 20
# start + i / rate is rounded twice, and so were the stamps when they were made
_ROUNDINGS = 4


def times_to_rates(nwbfile: NWBFile, _context: Context) -> Sequence[Change]:
    """Replace the stamps of series that are regular to the last bit of their clock, and of all series that share them.

    A series whose stamps deviate by more than rounding keeps them: nothing that was measured is lost.
    """
    sharing: dict[int, list[TimeSeries]] = {}
    for series in sorted((each for each in all_objects(nwbfile) if isinstance(each, TimeSeries)), key=path_of):
        if series.fields.get("timestamps") is not None:
            sharing.setdefault(id(_owner(series)), []).append(series)
    changes = []
    for group in sharing.values():
        found = regular_rate(_owner(group[0]).fields["timestamps"])
        if found is None:
            continue
        start, rate, deviation = found
        sentence = f"{rate!r} Hz from {start!r} s instead of stamps, which differ from it by {deviation:.1e} s at most"
        for series in group:
            _set_rate(series, start, rate)
            where = path_of(series)
            changes.append(Change(REGULAR_TIMES, f"{where}/timestamps", sentence, (f"{where}/starting_time",)))
    return changes


def regular_rate(stamps: Any) -> tuple[float, float, float] | None:  # noqa: ANN401 - an array of either backend
    """Start in s, rate in Hz and largest deviation in s of stamps that are regular but for rounding; else None.

    Parameters
    ----------
    stamps : array-like of float, shape (n,)
        In seconds. Read in blocks.

    Examples
    --------
    >>> regular_rate(2 + np.arange(100) / 31)[:2]
    (2.0, 31.0)
    >>> regular_rate([0.0, 0.1, 0.21])
    """
    n_stamps = len(stamps)
    if n_stamps < 3:
        return None
    start, last = float(stamps[0]), float(stamps[n_stamps - 1])
    if not (np.isfinite(start) and np.isfinite(last) and last > start):
        return None
    allowed = _ROUNDINGS * float(np.spacing(max(abs(start), abs(last))))
    for rate in _likely_rates(n_stamps - 1, last - start):
        deviation = _largest_deviation(stamps, start, rate, allowed)
        if deviation <= allowed:
            return start, rate, deviation
    return None


def _likely_rates(n_intervals: int, length_s: float) -> list[float]:
    """The mean rate, and before it the rounder numbers that it may stand for."""
    mean = n_intervals / length_s
    return list(dict.fromkeys([float(f"{mean:.{digits}g}") for digits in (6, 9, 12)] + [mean]))


def _largest_deviation(stamps: Any, start: float, rate: float, allowed: float) -> float:  # noqa: ANN401 - see above
    largest = 0.0
    for first in range(0, len(stamps), _BLOCK_ROWS):
        block = np.asarray(stamps[first : first + _BLOCK_ROWS], np.float64)
        expected = start + np.arange(first, first + len(block)) / rate
        deviation = float(np.abs(block - expected).max())
        if not deviation <= allowed:
            return np.inf
        largest = max(largest, deviation)
    return largest


def _owner(series: TimeSeries) -> TimeSeries:
    """The series that holds the stamps of this one."""
    while isinstance(series.fields["timestamps"], TimeSeries):
        series = series.fields["timestamps"]
    return series


def _set_rate(series: TimeSeries, start: float, rate: float) -> None:
    for name in ("timestamps", "timestamps_unit", "interval", "timestamp_link"):
        set_field(series, name, None)
    series.fields.update(starting_time=start, rate=rate, starting_time_unit="seconds")
