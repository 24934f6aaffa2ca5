"""The background under a cell, from a ring around it.

Light from out of focus is wider than a cell. So the background of a pixel, less its mean, is a weighted sum of that of
the pixels on a ring around it which is larger than a cell; the weights are those that explain the pixel best (CNMF-E:
Zhou et al. 2018, 10.7554/eLife.28728). It is smooth, so weights are found for pixels averaged in squares and over some
frames, and their sums are interpolated. What known cells do is taken out first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RADII = 4.5
"""Radius of the ring in radii of a cell."""
_RIDGE = 1e-3
"""Weights are held back by this share of the summed variance of the ring."""


def coarse_shape(picture: tuple[int, int], size: int) -> tuple[int, int]:
    """Rows and columns of the coarse picture."""
    return -(-picture[0] // size), -(-picture[1] // size)


def averaging(picture: tuple[int, int], size: int) -> sparse.csr_array:
    """The matrix that averages squares of pixels, shape (n_coarse, n_pixels)."""
    return sparse.csr_array(sparse.kron(*(_average_1d(length, size) for length in picture), format="csr"), dtype="f4")


def interpolation(picture: tuple[int, int], size: int) -> sparse.csr_array:
    """The matrix that interpolates between the middles of squares, shape (n_pixels, n_coarse)."""
    return sparse.csr_array(
        sparse.kron(*(_interpolate_1d(length, size) for length in picture), format="csr"), dtype="f4"
    )


def _average_1d(length: int, size: int) -> sparse.csr_array:
    at = np.arange(length)
    share = 1 / np.bincount(at // size)
    return sparse.csr_array((share[at // size], (at // size, at)))


def _interpolate_1d(length: int, size: int) -> sparse.csr_array:
    n_coarse = -(-length // size)
    place = np.clip((np.arange(length) + 0.5) / size - 0.5, 0, n_coarse - 1)
    before = np.minimum(place.astype(int), max(0, n_coarse - 2))
    share = place - before
    at = np.arange(length)
    after = np.minimum(before + 1, n_coarse - 1)
    values = np.concatenate([1 - share, share])
    return sparse.csr_array((values, (np.tile(at, 2), np.concatenate([before, after]))), shape=(length, n_coarse))


def ring_of(radius_px: float, size: int) -> NDArray[np.int64]:
    """Rows and columns from a coarse pixel to those of its ring, shape (n_ring, 2)."""
    radius = _RADII * radius_px / size
    reach = int(np.ceil(radius + 1))
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(down, right)
    is_ring = (distance >= radius - 0.5) & (distance < radius + 0.5)
    return np.stack([down[is_ring], right[is_ring]], axis=1)


def ring_border_px(radius_px: float, size: int) -> int:
    """How far around a tile its rings reach, in whole squares."""
    return size * (int(np.abs(ring_of(radius_px, size)).max()) + 1)


def ring_weights(
    covariance: NDArray[np.floating], shape: tuple[int, int], ring: NDArray[np.int64], wanted: NDArray[np.int64]
) -> sparse.csr_array:
    """Weights of the rings of some coarse pixels of a tile.

    Parameters
    ----------
    covariance : shape (n_coarse, n_coarse)
        Of the coarse pixels of the tile, over time.
    shape : (int, int)
        Rows and columns of the coarse tile.
    ring : int64, shape (n_ring, 2)
    wanted : int64, shape (n_wanted,)
        The coarse pixels whose weights are wanted.

    Returns
    -------
    shape (n_coarse, n_coarse)
        Rows of pixels that are not wanted are empty.
    """
    height, width = shape
    rows, columns, values = [], [], []
    for pixel in wanted:
        at = np.array(divmod(int(pixel), width)) + ring
        at = at[(at >= 0).all(axis=1) & (at[:, 0] < height) & (at[:, 1] < width)]
        others = at[:, 0] * width + at[:, 1]
        among = covariance[np.ix_(others, others)].astype(np.float64)
        ridge = _RIDGE * np.trace(among)
        if not ridge > 0:
            continue
        among.flat[:: len(others) + 1] += ridge
        rows.append(np.full(len(others), pixel))
        columns.append(others)
        values.append(np.linalg.solve(among, covariance[others, pixel].astype(np.float64)))
    if not rows:
        return sparse.csr_array((height * width,) * 2, dtype="f4")
    place = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(values), place), shape=(height * width,) * 2, dtype="f4")
