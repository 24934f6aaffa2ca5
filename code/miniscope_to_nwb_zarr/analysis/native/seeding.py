"""Where cells may be: pixels whose brightness peaks far above its noise and agrees with that of their neighbours.

The movie is filtered with a kernel of the shape and size of a cell whose sum is nought, so that what is wider than a
cell goes away. Cells are taken one by one where the product of local correlation and peak-to-noise ratio is highest; of
each the activity is taken out of the filtered movie before the next is looked for (greedy start of CNMF-E: Zhou et al.
2018, 10.7554/eLife.28728). Here the filtered movie alone is kept, in half the memory: what a cell left in it is found
by regression on its denoised trace.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from miniscope_to_nwb_zarr.analysis.footage import Box, read_box
from miniscope_to_nwb_zarr.analysis.native.deconvolution import deconvolve, noise_of
from miniscope_to_nwb_zarr.analysis.native.kernels import center_and_noise, look_around, regress, take_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie
    from miniscope_to_nwb_zarr.analysis.native.settings import CellSettings

cv2.setNumThreads(1)

_ABOVE_NOISE = 3.0
"""A cell rises so far above its noise at least once."""
_READ_VALUES = 4_000_000
_ALIKE = 0.8
"""Correlation from which the pixels around a seed show the same cell."""
_FOOTPRINT_SHARE = 0.2
_MIN_PIXELS = 4
_SEED_RADII, _CELL_RADII, _REACH_RADII = 1.5, 3.0, 5.5
"""Distances around a seed, in radii of a cell: where its trace is read, where its footprint may lie, and how far the
filter spreads it."""


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
        height, width, _ = filtered.shape
        self._filtered = filtered
        self._settings = settings
        self._radius = settings.radius_px / settings.coarse_px
        self._noise = center_and_noise(filtered)
        self._whole = Box(0, height, 0, width)
        self._is_done = np.zeros((height, width), dtype=bool)
        self.peak, self.alike = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
        self._look(self._whole)
        self.first_peak, self.first_alike = self.peak.copy(), self.alike.copy()

    def _look(self, part: Box) -> None:
        corners = part.top, part.bottom, part.left, part.right
        look_around(self._filtered, self._noise, corners, self.peak, self.alike)

    def next_seed(self) -> tuple[int, int] | None:
        """The pixel where a cell is most likely; None where no pixel is left that may be one."""
        is_open = (self.alike >= self._settings.min_correlation) & (self.peak >= self._settings.min_peak_to_noise)
        score = np.where(is_open & ~self._is_done, self.alike * self.peak, 0)
        row, column = divmod(int(np.argmax(score)), score.shape[1])
        return (row, column) if score[row, column] > 0 else None

    def take(self, row: int, column: int) -> Seed | None:
        """Take a cell out of the tile; None where it turns out to be none."""
        pixel = Box(row, row + 1, column, column + 1)
        self._is_done[pixel.wider(1, self._whole.shape).slices] = True
        calcium = self._calcium(row, column)
        if calcium is None:
            return None
        around = pixel.wider(math.ceil(_REACH_RADII * self._radius), self._whole.shape)
        filtered = self._filtered[around.slices]
        share, _ = regress(filtered, calcium - calcium.mean())
        cell = np.where(around.disc(row, column, _CELL_RADII * self._radius), share, 0)
        footprint = _connected(cell, row - around.top, column - around.left)
        if footprint is None:
            return None
        take_out(filtered, share, calcium)
        self._look(around.wider(1, self._whole.shape))
        kept = _bounds(footprint > 0)
        top, left = around.top + kept.top, around.left + kept.left
        return Seed(row, column, top, left, footprint[kept.slices], calcium)

    def _calcium(self, row: int, column: int) -> NDArray[np.float32] | None:
        """What the pixels around a seed that agree with it do together, without its noise."""
        near = Box(row, row + 1, column, column + 1).wider(math.ceil(_SEED_RADII * self._radius), self._whole.shape)
        here = self._filtered[row, column]
        _, alike = regress(self._filtered[near.slices], here - here.mean())
        chosen = near.disc(row, column, _SEED_RADII * self._radius) & (alike > _ALIKE)
        trace = self._filtered[near.slices][chosen].mean(axis=0) if chosen.any() else here
        noise = noise_of(trace)
        calcium = deconvolve(trace, self._settings.decay_per_bin, noise).calcium.astype(np.float32)
        return np.asarray(calcium - np.median(calcium)) if calcium.max() > _ABOVE_NOISE * noise else None


def find_seeds(
    movie: Movie, shown: NDArray[np.int64], settings: CellSettings, tile: Box, picture: tuple[int, int]
) -> tuple[list[Seed], NDArray[np.float32], NDArray[np.float32]]:
    """Seeds of a tile, and the images of correlation and of peak-to-noise ratio before any was taken."""
    coarse = settings.coarse_px
    box = tile.wider(settings.seed_border_px, picture)
    greedy = Greedy(filtered_tile(movie, shown, box, settings), settings)
    edges = (tile.top - box.top, tile.bottom - box.top, tile.left - box.left, tile.right - box.left)
    inner = Box(*(-(-edge // coarse) for edge in edges))
    seeds = []
    while (place := greedy.next_seed()) is not None:
        seed = greedy.take(*place)
        if seed is not None and inner.holds(*place):
            seeds.append(finer(seed, coarse, box))
    return seeds, greedy.first_alike[inner.slices], greedy.first_peak[inner.slices]


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
        np.asarray(footprint[: box.bottom - top, : box.right - left], dtype=np.float32),
        seed.trace,
    )


def _bounds(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


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
