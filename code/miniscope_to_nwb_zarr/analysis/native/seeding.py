"""Where cells may be: pixels whose brightness peaks far above its noise and agrees with that of their neighbours.

The movie is filtered with a kernel of the shape and size of a cell whose sum is nought, so that what is wider than a
cell goes away. Cells are taken one by one where the product of local correlation and peak-to-noise ratio is highest; of
each the activity is taken out of the filtered movie before the next is looked for (greedy start of CNMF-E: Zhou et al.
2018, 10.7554/eLife.28728). Here the filtered movie alone is kept, in half the memory: what a cell left in it is found by
regression on its denoised trace.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numba
import numpy as np

from miniscope_to_nwb_zarr.analysis.footage import Box, read_box
from miniscope_to_nwb_zarr.analysis.native.deconvolution import deconvolve, noise_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie
    from miniscope_to_nwb_zarr.analysis.native.settings import CellSettings

cv2.setNumThreads(1)

_ABOVE_NOISE = 3.0
"""Only values so far above the noise are compared with those of neighbours."""
_READ_VALUES = 4_000_000
_ALIKE = 0.8
"""Correlation from which the pixels around a seed show the same cell."""
_FOOTPRINT_SHARE = 0.2
_MIN_PIXELS = 4
_REACH_RADII = 5.5
"""The filter spreads a cell so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """A cell as it was first seen.

    Attributes
    ----------
    row, column : int
        Of its brightest pixel, in the picture.
    top, left : int
        Corner of `footprint` in the picture.
    footprint : float32, shape (height, width)
    trace : float32, shape (n_bins,)
    """

    row: int
    column: int
    top: int
    left: int
    footprint: NDArray[np.float32]
    trace: NDArray[np.float32]


def cell_filter(frame: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    """A Gaussian of a cell's size less the mean of a square around."""
    side = 2 * round(2.2 * radius_px) + 1
    bell = cv2.GaussianBlur(frame, (0, 0), radius_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(bell - cv2.blur(frame, (side, side), borderType=cv2.BORDER_REFLECT), dtype=np.float32)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
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


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def look_around(
    filtered: NDArray[np.float32],
    noise: NDArray[np.float32],
    rows: tuple[int, int],
    columns: tuple[int, int],
    peak: NDArray[np.float32],
    alike: NDArray[np.float32],
) -> None:
    """Write peak-to-noise ratio and correlation with the eight neighbours for a part of a tile."""
    height, width, n_frames = filtered.shape
    for row in range(rows[0], rows[1]):
        for column in range(columns[0], columns[1]):
            here = filtered[row, column]
            floor = noise[row, column] * _ABOVE_NOISE
            highest, square = 0.0, 0.0
            for frame in range(n_frames):
                value = here[frame]
                highest = max(highest, value)
                if value > floor:
                    square += value * value
            peak[row, column] = highest / max(noise[row, column], 1e-30)
            alike[row, column] = 0.0
            if square == 0:
                continue
            total, n_neighbours = 0.0, 0
            for at_row in range(max(0, row - 1), min(height, row + 2)):
                for at_column in range(max(0, column - 1), min(width, column + 2)):
                    if at_row == row and at_column == column:
                        continue
                    there = filtered[at_row, at_column]
                    its_floor = noise[at_row, at_column] * _ABOVE_NOISE
                    product, its_square = 0.0, 0.0
                    for frame in range(n_frames):
                        other = there[frame]
                        if other > its_floor:
                            its_square += other * other
                            value = here[frame]
                            if value > floor:
                                product += value * other
                    n_neighbours += 1
                    if its_square > 0:
                        total += product / math.sqrt(square * its_square)
            alike[row, column] = total / max(1, n_neighbours)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
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


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def take_out(filtered: NDArray[np.float32], share: NDArray[np.float32], trace: NDArray[np.float32]) -> None:
    """Subtract a trace from each pixel, as much of it as it has."""
    height, width, n_frames = filtered.shape
    for row in range(height):
        for column in range(width):
            for frame in range(n_frames):
                filtered[row, column, frame] -= share[row, column] * trace[frame]


def coarser(frame: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The means of squares of pixels; the last row and column repeat where the picture does not hold whole ones."""
    if size == 1:
        return frame
    height, width = frame.shape
    whole = np.pad(frame, ((0, -height % size), (0, -width % size)), mode="edge")
    return np.asarray(cv2.resize(whole, None, fx=1 / size, fy=1 / size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def filtered_tile(movie: Movie, shown: NDArray[np.int64], box: Box, settings: CellSettings) -> NDArray[np.float32]:
    """A tile through the filter, coarser in space and in time, shape (height, width, n_bins)."""
    coarse, bin_frames = settings.coarse_px, settings.bin_frames
    shape = -(-box.shape[0] // coarse), -(-box.shape[1] // coarse)
    n_bins = movie.n_frames // bin_frames
    filtered = np.empty((*shape, n_bins), dtype=np.float32)
    total, taken, written = np.zeros(shape, dtype=np.float32), 0, 0
    for _, frames in read_box(movie, shown, box, _READ_VALUES):
        passed = []
        for frame in frames:
            total += cell_filter(coarser(frame, coarse), settings.radius_px / coarse)
            taken += 1
            if taken == bin_frames:
                passed.append(total / bin_frames)
                total, taken = np.zeros(shape, dtype=np.float32), 0
        block = passed[: n_bins - written]
        if block:
            filtered[:, :, written : written + len(block)] = np.moveaxis(np.array(block), 0, -1)
        written += len(block)
    return filtered


class Greedy:
    """A filtered tile out of which cells are taken, the clearest first."""

    def __init__(self, filtered: NDArray[np.float32], settings: CellSettings) -> None:
        self._filtered = filtered
        self._settings = settings
        self._noise = center_and_noise(filtered)
        shape = filtered.shape[:2]
        self.peak, self.alike = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._is_done = np.zeros(shape, dtype=bool)
        look_around(filtered, self._noise, (0, shape[0]), (0, shape[1]), self.peak, self.alike)
        self.first_peak, self.first_alike = self.peak.copy(), self.alike.copy()

    def next_seed(self) -> tuple[int, int] | None:
        """The pixel where a cell is most likely; None where no pixel is left that may be one."""
        is_open = (self.alike >= self._settings.min_correlation) & (self.peak >= self._settings.min_peak_to_noise)
        score = np.where(is_open & ~self._is_done, self.alike * self.peak, 0)
        place = int(np.argmax(score))
        return divmod(place, score.shape[1]) if score.flat[place] > 0 else None

    def take(self, row: int, column: int, decay: float) -> Seed | None:
        """Take a cell out of the tile; None where it turns out to be none."""
        height, width = self._is_done.shape
        radius = self._settings.radius_px / self._settings.coarse_px
        reach = math.ceil(_REACH_RADII * radius)
        rows, columns = (
            (max(0, row - reach), min(height, row + reach + 1)),
            (max(0, column - reach), min(width, column + reach + 1)),
        )
        self._is_done[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = True
        around = self._filtered[rows[0] : rows[1], columns[0] : columns[1]]
        first = self._filtered[row, column] - self._filtered[row, column].mean()
        near = _disc(rows, columns, (row, column), 1.5 * radius)
        patch = _bounds(near)
        alike = np.zeros(near.shape, np.float32)
        alike[patch] = regress(around[patch], first)[1]
        trace = around[near & (alike > _ALIKE)].mean(axis=0) if (near & (alike > _ALIKE)).any() else first
        noise = noise_of(trace)
        calcium = deconvolve(trace, decay, noise).calcium.astype(np.float32)
        if not calcium.max() > _ABOVE_NOISE * noise:
            return None
        calcium -= np.median(calcium)
        share, _ = regress(around, calcium - calcium.mean())
        footprint = _connected(
            np.where(_disc(rows, columns, (row, column), 3 * radius), share, 0), row - rows[0], column - columns[0]
        )
        if footprint is None:
            return None
        take_out(around, share, calcium)
        wider = (max(0, rows[0] - 1), min(height, rows[1] + 1)), (max(0, columns[0] - 1), min(width, columns[1] + 1))
        look_around(self._filtered, self._noise, *wider, self.peak, self.alike)
        kept = _bounds(footprint > 0)
        return Seed(row, column, rows[0] + kept[0].start, columns[0] + kept[1].start, footprint[kept], calcium)


def find_seeds(
    movie: Movie, shown: NDArray[np.int64], settings: CellSettings, tile: Box, picture: tuple[int, int]
) -> tuple[list[Seed], NDArray[np.float32], NDArray[np.float32]]:
    """Seeds of a tile, and the images of correlation and of peak-to-noise ratio before any was taken."""
    coarse = settings.coarse_px
    box = tile.wider(settings.seed_border_px, picture)
    greedy = Greedy(filtered_tile(movie, shown, box, settings), settings)
    inner = Box(
        *(
            -(-(edge - start) // coarse)
            for edge, start in zip(
                (tile.top, tile.bottom, tile.left, tile.right), (box.top, box.top, box.left, box.left), strict=True
            )
        )
    )
    seeds = []
    while (place := greedy.next_seed()) is not None:
        seed = greedy.take(*place, settings.decay_per_bin)
        if seed is not None and inner.holds(*place):
            seeds.append(finer(seed, coarse, box))
    rows, columns = slice(inner.top, inner.bottom), slice(inner.left, inner.right)
    return seeds, greedy.first_alike[rows, columns], greedy.first_peak[rows, columns]


def finer(seed: Seed, size: int, box: Box) -> Seed:
    """A seed of a coarse tile in pixels of the picture."""
    height, width = (int(side) * size for side in seed.footprint.shape)
    footprint = cv2.resize(seed.footprint, (width, height), interpolation=cv2.INTER_LINEAR)
    top, left = box.top + seed.top * size, box.left + seed.left * size
    return Seed(
        box.top + seed.row * size + size // 2,
        box.left + seed.column * size + size // 2,
        top,
        left,
        footprint[: box.bottom - top, : box.right - left],
        seed.trace,
    )


def _disc(rows: tuple[int, int], columns: tuple[int, int], center: tuple[int, int], radius: float) -> NDArray[np.bool_]:
    down, right = np.ogrid[rows[0] - center[0] : rows[1] - center[0], columns[0] - center[1] : columns[1] - center[1]]
    return np.asarray(down**2 + right**2 <= radius**2)


def _bounds(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _connected(share: NDArray[np.float32], row: int, column: int) -> NDArray[np.float32] | None:
    """The part of a footprint that holds a pixel; None where that is too small for a cell."""
    peak = share[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max()
    if not peak > 0:
        return None
    _, labels = cv2.connectedComponents((share > _FOOTPRINT_SHARE * peak).astype(np.uint8), connectivity=4)
    if not labels[row, column]:
        return None
    footprint = np.where(labels == labels[row, column], share, 0).astype(np.float32)
    return footprint if np.count_nonzero(footprint) >= _MIN_PIXELS else None
