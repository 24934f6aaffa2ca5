"""A synthetic one-photon movie: a vignetted tissue with vessels, cells with calcium transients, slow bleaching, motion.

Frames are made on demand and in any order: frame `k` depends on the seed and on `k` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from miniscope_to_nwb_zarr.demo import sensor
from miniscope_to_nwb_zarr.demo.motion import wander

if TYPE_CHECKING:
    from numpy.typing import NDArray

DARK_LEVEL, CENTRE_LEVEL = 38.0, 105.0
"""Grey levels of the corners and of the centre of the tissue."""
BLEACH_TIME_S = 3600.0
"""Time constant of bleaching."""
DECAY_TIME_S = 0.6
"""Time constant of the fall of a calcium transient."""
EVENTS_PER_S = 0.12
"""Mean rate of calcium transients of a cell."""
PX_PER_CELL = 6000
"""One cell on so many pixels: 60 cells in a frame of 600 x 600."""
MAX_SHIFT_PX = 2
"""Largest motion of the tissue along either axis."""


class Movie(Protocol):
    """Anything that can make frame `k` of a device."""

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Frame `index`, uint8, shape (height, width) or (height, width, 3) in blue-green-red."""
        ...


@dataclass(frozen=True)
class ScopeMovie:
    """The movie of a scope; equal parameters give equal frames.

    Attributes
    ----------
    width_px, height_px : int
        Size of the frame.
    n_frames : int
        Length of the movie.
    rate_hz : float
        Frames in a second.
    seed : int
        Decides everything that is random.
    has_noise : bool
        Whether the sensor is noisy (`sensor`).
    has_motion : bool
        Whether the tissue moves, by whole pixels.
    """

    width_px: int
    height_px: int
    n_frames: int
    rate_hz: float = 30.0
    seed: int = 0
    has_noise: bool = True
    has_motion: bool = True

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Frame `index`, uint8, shape (height_px, width_px)."""
        light = self.light(index)
        if not self.has_noise:
            return sensor.to_levels(light)
        return sensor.expose(light, self._pool, np.random.default_rng([self.seed, index]))

    def light(self, index: int) -> NDArray[np.float32]:
        """Frame `index` without noise, in grey levels, float32, shape (height_px, width_px)."""
        canvas: NDArray[np.float32] = self.background * np.float32(np.exp(-index / self.rate_hz / BLEACH_TIME_S))
        side = self.footprints.shape[1]
        bright = self.footprints * self.traces[index][:, None, None]
        for (row, column), cell in zip(self.corners, bright, strict=True):
            canvas[row : row + side, column : column + side] += cell
        down, right = self.shifts_px[index] + MAX_SHIFT_PX
        return canvas[down : down + self.height_px, right : right + self.width_px]

    @cached_property
    def background(self) -> NDArray[np.float32]:
        """The tissue in grey levels, float32, with a border of `MAX_SHIFT_PX` on each side."""
        rng = self._rng(1)
        height, width = self.height_px + 2 * MAX_SHIFT_PX, self.width_px + 2 * MAX_SHIFT_PX
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        tissue = np.exp(-(x**2 + y**2) / 0.9)
        for _ in range(6):
            frequency_x, frequency_y, phase = rng.uniform(-7, 7), rng.uniform(-7, 7), rng.uniform(0, 6.3)
            tissue *= 1 + 0.04 * np.sin(frequency_x * x + frequency_y * y + phase)
        for _ in range(4):
            tissue *= _vessel(x, y, rng)
        light: NDArray[np.float32] = (DARK_LEVEL + (CENTRE_LEVEL - DARK_LEVEL) * tissue).astype(np.float32)
        return light

    @cached_property
    def footprints(self) -> NDArray[np.float32]:
        """The shape of each cell, 1 at its centre, float32, shape (n_cells, side, side)."""
        radius = max(1.0, min(4.5, min(self.width_px, self.height_px) / 16))
        reach = int(np.ceil(2.5 * radius))
        offset = np.arange(-reach, reach + 1) / radius
        stretch = self._rng(2).uniform(0.8, 1.25, (self._n_cells, 1, 1))
        squared = (offset * stretch) ** 2 + (offset[:, None] / stretch) ** 2
        shape: NDArray[np.float32] = np.exp(-squared / 2).astype(np.float32)
        return shape

    @cached_property
    def corners(self) -> NDArray[np.int64]:
        """The upper left corner (row, column) of each cell's footprint in `background`; int64, shape (n_cells, 2)."""
        side = self.footprints.shape[1]
        room = np.array(self.background.shape) - side
        corner: NDArray[np.int64] = (room * self._rng(3).uniform(0.08, 0.92, (self._n_cells, 2))).astype(np.int64)
        return corner

    @cached_property
    def traces(self) -> NDArray[np.float32]:
        """The brightness of each cell above the tissue, in grey levels, float32, shape (n_frames, n_cells)."""
        rng = self._rng(4)
        shape = (self.n_frames, self._n_cells)
        trace = np.zeros(shape, np.float32)
        events = np.nonzero(rng.random(shape, np.float32) < EVENTS_PER_S / self.rate_hz)
        trace[events] = rng.uniform(12, 40, len(events[0]))
        kept = np.float32(np.exp(-1 / self.rate_hz / DECAY_TIME_S))
        for k in range(1, self.n_frames):
            trace[k] += kept * trace[k - 1]
        trace += rng.uniform(3, 10, self._n_cells).astype(np.float32)
        return trace

    @cached_property
    def shifts_px(self) -> NDArray[np.int64]:
        """How far the tissue is displaced (rows, columns) in each frame, int64, shape (n_frames, 2)."""
        if not self.has_motion:
            return np.zeros((self.n_frames, 2), np.int64)
        path = wander(self.n_frames, 2, self.rate_hz, 1.5, self._rng(5))
        shift: NDArray[np.int64] = np.rint(MAX_SHIFT_PX * np.sin(2 * path)).astype(np.int64)
        return shift

    @cached_property
    def _pool(self) -> NDArray[np.float32]:
        return sensor.noise_pool(self.width_px * self.height_px, self.seed)

    @property
    def _n_cells(self) -> int:
        return max(3, self.width_px * self.height_px // PX_PER_CELL)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 0xCE11, purpose])


def _vessel(x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """What a winding vessel lets through of the light, 0.6 at its middle to 1 beside it."""
    angle, offset, bend = rng.uniform(0, np.pi), rng.uniform(-0.7, 0.7), rng.uniform(1.5, 4)
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    distance = across - offset - 0.15 * np.sin(bend * along + offset)
    through: NDArray[np.float64] = 1 - 0.4 * np.exp(-((distance / rng.uniform(0.02, 0.06)) ** 2))
    return through
