"""Signals on an even grid of time, which filters and spectra need and recordings do not have.

A frame that is late, or a few that are missing, are bridged by straight lines. What is longer is no signal: there the
recording is cut into stretches, and nothing reaches from one into the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.timing import rate_hz

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST_BRIDGE_FRAMES = 5
"""Missing frames in a row that are bridged, unless `stretches` is told otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A part of a recording without a gap.

    Attributes
    ----------
    frames : int64, shape (n_frames,)
        Frames whose stamps are used: finite, and later than all before.
    start_s : float
        Time of the first value.
    rate_hz : float
        Measured rate of the frames.
    values : float64, shape (n_values,)
        The signal at `start_s` + k / `rate_hz`.
    n_bridged : int
        Values that lie where frames are missing.
    """

    frames: NDArray[np.int64]
    start_s: float
    rate_hz: float
    values: NDArray[np.float64]
    n_bridged: int

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of each value."""
        return self.start_s + np.arange(len(self.values)) / self.rate_hz

    @property
    def duration_s(self) -> float:
        """From the first value to one interval after the last."""
        return len(self.values) / self.rate_hz


def stretches(
    time_s: NDArray[np.float64], values: NDArray[np.float32], longest_bridge_frames: int = LONGEST_BRIDGE_FRAMES
) -> tuple[Stretch, ...]:
    """Cut a signal at its gaps and put each part on an even grid.

    Parameters
    ----------
    time_s : float64, shape (n_frames,)
        Stamps of the frames. Those that are not finite, or not later than all before, are left out with their values.
    values : shape (n_frames,)
        NaN is left out, too.
    longest_bridge_frames : int
        Gaps of more missing frames than this cut the signal.
    """
    highest = np.maximum.accumulate(np.where(np.isfinite(time_s), time_s, -np.inf))
    is_later = np.append(True, time_s[1:] > highest[:-1])[: len(time_s)]
    used = np.flatnonzero(is_later & np.isfinite(time_s) & np.isfinite(values))
    rate = rate_hz(time_s[used])
    if rate is None:
        return ()
    step = np.diff(time_s[used])
    cuts = np.flatnonzero(step * rate > longest_bridge_frames + 1.5) + 1
    parts = (part for part in np.split(used, cuts) if len(part) > 1)
    return tuple(_stretch(part, time_s, values, rate) for part in parts)


def _stretch(
    frames: NDArray[np.int64], time_s: NDArray[np.float64], values: NDArray[np.float32], rate: float
) -> Stretch:
    stamps = time_s[frames]
    n_values = round((stamps[-1] - stamps[0]) * rate) + 1
    grid = stamps[0] + np.arange(n_values) / rate
    missing = np.rint(np.diff(stamps) * rate).astype(np.int64) - 1
    even = np.interp(grid, stamps, values[frames].astype(np.float64))
    return Stretch(frames, float(stamps[0]), rate, even, int(missing[missing > 0].sum()))
