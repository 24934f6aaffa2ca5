"""Loops over the traces of the pixels of a tile, compiled by numba. A tile is of shape (height, width, n_frames)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ABOVE_NOISE = 3.0
"""Only values so far above the noise are compared with those of neighbours."""


@numba.njit(cache=True, nogil=True)
def center_and_noise(filtered: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take from each pixel its median; gives the standard deviation of its noise, shape (height, width)."""
    height, width, n_frames = filtered.shape
    noise = np.zeros((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            trace = filtered[row, column]
            trace -= np.median(trace)
            square = 0.0
            for frame in range(1, n_frames - 1):
                bend = 2 * trace[frame] - trace[frame - 1] - trace[frame + 1]
                square += bend * bend
            noise[row, column] = math.sqrt(square / max(1, n_frames - 2) / 6)
    return noise


@numba.njit(cache=True, nogil=True)
def _shared(
    here: NDArray[np.float32], floor: float, there: NDArray[np.float32], its_floor: float
) -> tuple[float, float]:
    """Sum of the products of two traces where both are above their floors, and of the squares of the second there."""
    product, square = 0.0, 0.0
    for frame in range(len(here)):
        other = there[frame]
        if other > its_floor:
            square += other * other
            if here[frame] > floor:
                product += here[frame] * other
    return product, square


@numba.njit(cache=True, nogil=True)
def look_around(
    filtered: NDArray[np.float32],
    noise: NDArray[np.float32],
    part: tuple[int, int, int, int],
    peak: NDArray[np.float32],
    alike: NDArray[np.float32],
) -> None:
    """Write peak-to-noise ratio and correlation with the eight neighbours for a part of a tile.

    Parameters
    ----------
    part : (int, int, int, int)
        First row, last row and one, first column, last column and one.
    """
    height, width, _ = filtered.shape
    for row in range(part[0], part[1]):
        for column in range(part[2], part[3]):
            here, floor = filtered[row, column], noise[row, column] * _ABOVE_NOISE
            peak[row, column] = here.max() / max(noise[row, column], 1e-30)
            _, square = _shared(here, floor, here, floor)
            total, n_neighbours = 0.0, 0
            for at_row in range(max(0, row - 1), min(height, row + 2)):
                for at_column in range(max(0, column - 1), min(width, column + 2)):
                    there, its_floor = filtered[at_row, at_column], noise[at_row, at_column] * _ABOVE_NOISE
                    product, its_square = _shared(here, floor, there, its_floor)
                    n_neighbours += 1
                    total += product / math.sqrt(max(square * its_square, 1e-30))
            # the pixel itself was among its neighbours
            alike[row, column] = (total - 1) / max(1, n_neighbours - 1) if square > 0 else 0.0


@numba.njit(cache=True, nogil=True)
def regress(
    filtered: NDArray[np.float32], trace: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of a trace of mean 0 each pixel has, and its correlation with it, both of shape (height, width)."""
    height, width, n_frames = filtered.shape
    share, alike = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    power = 0.0
    for frame in range(n_frames):
        power += trace[frame] * trace[frame]
    for row in range(height):
        for column in range(width):
            pixel = filtered[row, column]
            product, total, square = 0.0, 0.0, 0.0
            for frame in range(n_frames):
                value = pixel[frame]
                product += value * trace[frame]
                total += value
                square += value * value
            spread = square - total * total / n_frames
            share[row, column] = product / max(power, 1e-30)
            alike[row, column] = product / math.sqrt(max(power * spread, 1e-30))
    return share, alike


@numba.njit(cache=True, nogil=True)
def take_out(filtered: NDArray[np.float32], share: NDArray[np.float32], trace: NDArray[np.float32]) -> None:
    """Subtract a trace from each pixel, as much of it as it has."""
    height, width, n_frames = filtered.shape
    for row in range(height):
        for column in range(width):
            for frame in range(n_frames):
                filtered[row, column, frame] -= share[row, column] * trace[frame]
