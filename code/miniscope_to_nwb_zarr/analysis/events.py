"""Calcium events: when the fluorescence of a cell jumps by more than its noise explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

JOINED_S = 0.25
"""Jumps that follow each other within this time are one event."""


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Calcium events of all units, by time; those of one frame by unit.

    Attributes
    ----------
    unit, frame : int64, shape (n_events,)
        `frame` is that of the highest jump of the event.
    amplitude : float32, shape (n_events,)
        Sum of the jumps of the event, in the units of the traces.
    """

    unit: NDArray[np.int64]
    frame: NDArray[np.int64]
    amplitude: NDArray[np.float32]


def find_events(
    spikes: NDArray[np.floating], noise: NDArray[np.floating], threshold_noise: float, rate_hz: float
) -> Events:
    """Find the events of deconvolved traces.

    Parameters
    ----------
    spikes : shape (n_units, n_frames)
        Jumps of the fluorescence, as deconvolution gives them.
    noise : shape (n_units,)
        Standard deviation of the noise of each trace, in the same units.
    threshold_noise : float
        A jump counts from this multiple of the noise on.
    rate_hz : float
        Frames in a second.
    """
    joined_frames = max(1, round(JOINED_S * rate_hz))
    units, frames, amplitudes = [], [], []
    for unit, (trace, level) in enumerate(zip(spikes, noise, strict=True)):
        jumps = np.flatnonzero(trace > threshold_noise * level) if level > 0 else np.empty(0, dtype=np.int64)
        if not len(jumps):
            continue
        first = np.flatnonzero(np.diff(jumps, prepend=-joined_frames - 1) > joined_frames)
        for event in np.split(jumps, first[1:]):
            units.append(unit)
            frames.append(event[np.argmax(trace[event])])
            amplitudes.append(trace[event].sum())
    order = np.lexsort((units, frames)) if units else np.zeros(0, dtype=np.int64)
    return Events(
        np.array(units, dtype=np.int64)[order],
        np.array(frames, dtype=np.int64)[order],
        np.array(amplitudes, dtype=np.float32)[order],
    )
