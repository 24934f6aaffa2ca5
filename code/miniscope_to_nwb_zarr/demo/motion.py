"""Smooth, bounded movement that looks random: of a mouse, its head and its tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_N_WAVES = 5


def wander(
    n_frames: int, n_axes: int, rate_hz: float, fastest_hz: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A path within -1 to 1 along each axis: a sum of slow waves, equally lively however long it is.

    Parameters
    ----------
    n_frames, n_axes : int
        Shape of the result.
    rate_hz : float
        Frames in a second.
    fastest_hz : float
        Highest frequency of a wave; the slowest has a twentieth of it.
    rng : Generator
        Chooses frequencies and phases.

    Returns
    -------
    float64 array, shape (n_frames, n_axes)
    """
    time_s = np.arange(n_frames)[:, None] / rate_hz
    path = np.zeros((n_frames, n_axes))
    for _ in range(_N_WAVES):
        frequency, phase = rng.uniform(fastest_hz / 20, fastest_hz, n_axes), rng.uniform(0, 2 * np.pi, n_axes)
        path += np.sin(2 * np.pi * frequency * time_s + phase) / _N_WAVES
    return path
