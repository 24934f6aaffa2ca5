"""One round of the fit of a tile: the rings of its background, then the footprints of its cells.

The movie Y, less its mean, is taken for ``A C + R (Y - A C) + noise``: footprints A times traces C of mean 0, and the
background that the rings R make of what is left (CNMF-E: Zhou et al. 2018, 10.7554/eLife.28728). Everything that is
asked of Y is linear in it, so a tile is read some frames at a time: the covariance of its coarse pixels gives the
rings, the products of its pixels with the traces the footprints, and a weighted sum of its pixels, one number a frame,
the traces. No residual movie is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from miniscope_to_nwb_zarr.analysis.footage import BIN_FRAMES, Box, read_box
from miniscope_to_nwb_zarr.analysis.native.ring import (
    averaging,
    coarse_shape,
    interpolation,
    ring_border_px,
    ring_of,
    ring_weights,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie
    from miniscope_to_nwb_zarr.analysis.native.survey import Survey

_READ_VALUES = 8_000_000
_SWEEPS = 10


@dataclass(frozen=True, slots=True, eq=False)
class TileTask:
    """A tile with what is known of its cells.

    Attributes
    ----------
    tile : Box
    footprints : sparse, shape (n_cells, pixels of the tile with its border)
    allowed : sparse bool, of the same shape
        Where each footprint may lie.
    traces : float32, shape (n_cells, n_frames)
        Of mean 0.
    """

    tile: Box
    footprints: sparse.csr_array
    allowed: sparse.csr_array
    traces: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What a tile gave.

    Attributes
    ----------
    rings : sparse
        Weights for the coarse pixels of the tile, over all coarse pixels of the picture.
    footprints : float32, shape (n_cells, pixels of the tile)
    """

    rings: sparse.csr_array
    footprints: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all tiles of a movie share."""

    movie: Movie
    survey: Survey
    radius_px: float
    coarse_px: int
    is_first: bool = False
    """Whether the background is found as if there were no cells."""

    @property
    def border_px(self) -> int:
        """How far around a tile its rings and the interpolation reach."""
        return ring_border_px(self.radius_px, self.coarse_px) + self.coarse_px

    def bordered(self, tile: Box) -> Box:
        """A tile with its border."""
        return tile.wider(self.border_px, self.survey.picture)


def fit_tile(setting: Setting, task: TileTask) -> Fitted:
    """Find the rings and the footprints of a tile."""
    box = setting.bordered(task.tile)
    average = averaging(box.shape, setting.coarse_px)
    shape = coarse_shape(box.shape, setting.coarse_px)
    known = (average @ task.footprints.T).astype(np.float32).toarray()
    products, covariance = _moments(setting, task, box, average, known)
    inner = task.tile.within(box)
    wanted = _coarse_around(inner, shape, setting.coarse_px)
    rings = ring_weights(covariance, shape, ring_of(setting.radius_px, setting.coarse_px), wanted)
    among = task.traces.astype(np.float64) @ task.traces.T.astype(np.float64)
    # what the traces see of the background, before it is interpolated
    behind = rings @ (average @ products - known @ among)
    chosen = np.arange(box.shape[0] * box.shape[1]).reshape(box.shape)[inner].ravel()
    seen = products[chosen] - interpolation(box.shape, setting.coarse_px)[chosen] @ behind
    allowed = task.allowed[:, chosen].toarray().astype(bool)
    footprints = solve_footprints(seen, among, task.footprints[:, chosen].toarray(), allowed)
    own = _coarse_around(inner, shape, setting.coarse_px, 0)
    return Fitted(_in_picture(rings, own, box, setting), footprints)


def _moments(
    setting: Setting, task: TileTask, box: Box, average: sparse.csr_array, known: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Products of the pixels with the traces, and the covariance of what cells leave of the coarse pixels."""
    mean = setting.survey.mean[box.top : box.bottom, box.left : box.right].ravel()
    products = np.zeros((mean.size, len(task.traces)))
    covariance = np.zeros((average.shape[0],) * 2)
    n_binned = 0
    for block, frames in read_box(setting.movie, setting.survey.shown, box, _READ_VALUES):
        pixels = frames.reshape(len(frames), -1) - mean
        traces = task.traces[:, block]
        products += pixels.T @ traces.T
        size = min(BIN_FRAMES, len(frames))
        whole = len(frames) // size * size
        coarse = np.asarray(average @ pixels[:whole].T)
        if not setting.is_first:
            coarse -= known @ traces[:, :whole]
        binned = coarse.reshape(len(coarse), -1, size).mean(axis=2)
        covariance += binned @ binned.T
        n_binned += binned.shape[1]
    covariance /= max(1, n_binned)
    return products, covariance


def _coarse_around(inner: tuple[slice, slice], shape: tuple[int, int], size: int, border: int = 1) -> NDArray[np.int64]:
    rows, columns = (
        np.arange(max(0, part.start // size - border), min(length, -(-part.stop // size) + border))
        for part, length in zip(inner, shape, strict=True)
    )
    return np.asarray((rows[:, None] * shape[1] + columns).ravel())


def _in_picture(rings: sparse.csr_array, own: NDArray[np.int64], box: Box, setting: Setting) -> sparse.csr_array:
    """The rings of some pixels of a tile, numbered as in the picture."""
    _, width = coarse_shape(box.shape, setting.coarse_px)
    whole = coarse_shape(setting.survey.picture, setting.coarse_px)
    corner = box.top // setting.coarse_px, box.left // setting.coarse_px
    part = sparse.coo_array(rings[own])
    from_rows, from_columns = np.divmod(own[part.row], width)
    to_rows, to_columns = np.divmod(part.col, width)
    pixel = (from_rows + corner[0]) * whole[1] + from_columns + corner[1]
    other = (to_rows + corner[0]) * whole[1] + to_columns + corner[1]
    return sparse.csr_array((part.data, (pixel, other)), shape=(whole[0] * whole[1],) * 2, dtype="f4")


def solve_footprints(
    seen: NDArray[np.floating], among: NDArray[np.float64], start: NDArray[np.floating], allowed: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Footprints that are nowhere negative and explain each pixel best, by coordinate descent (HALS).

    Parameters
    ----------
    seen : shape (n_pixels, n_cells)
        Products of the pixels, less their background, with the traces.
    among : shape (n_cells, n_cells)
        Products of the traces with each other.
    start, allowed : shape (n_cells, n_pixels)
    """
    found = np.where(allowed, start, 0).T.astype(np.float64)
    for _ in range(_SWEEPS):
        for cell in range(len(among)):
            pixels = np.flatnonzero(allowed[cell])
            power = among[cell, cell]
            if power > 0 and len(pixels):
                step = (seen[pixels, cell] - found[pixels] @ among[:, cell]) / power
                found[pixels, cell] = np.maximum(0, found[pixels, cell] + step)
    return found.T.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Weights by which the pixels of a tile are summed, shape (n_cells, pixels of the tile)."""

    tile: Box
    cells: NDArray[np.int64]
    weights: NDArray[np.float32]


def project_tile(setting: Setting, projection: Projection) -> NDArray[np.float32]:
    """Weighted sums of the pixels of a tile, less their mean, shape (n_cells, n_frames)."""
    tile = projection.tile
    mean = setting.survey.mean[tile.top : tile.bottom, tile.left : tile.right].ravel()
    sums = np.empty((len(projection.weights), setting.movie.n_frames), dtype=np.float32)
    for block, frames in read_box(setting.movie, setting.survey.shown, tile, _READ_VALUES):
        sums[:, block] = projection.weights @ (frames.reshape(len(frames), -1) - mean).T
    return sums
