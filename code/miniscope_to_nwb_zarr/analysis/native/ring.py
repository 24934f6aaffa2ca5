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
_EVERY = 2
"""Of the pixels around a ring so many are one step: neighbours tell the same."""
_BATCH = 256


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
    """Rows and columns from a coarse pixel to those of its ring, in the order around it, shape (n_ring, 2)."""
    radius = _RADII * radius_px / size
    reach = int(np.ceil(radius + 1))
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(down, right)
    is_ring = (distance >= radius - 0.5) & (distance < radius + 0.5)
    ring = np.stack([down[is_ring], right[is_ring]], axis=1)
    around = np.argsort(np.arctan2(ring[:, 0], ring[:, 1]), kind="stable")
    return np.asarray(ring[around][::_EVERY])


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
    at = np.stack(np.divmod(wanted, shape[1]), axis=1)[:, None] + ring
    is_there = np.asarray(((at >= 0) & (at < np.array(shape))).all(axis=2))
    others = np.where(is_there, at[..., 0] * shape[1] + at[..., 1], 0)
    weights = np.zeros(others.shape)
    for first in range(0, len(wanted), _BATCH):
        part = slice(first, first + _BATCH)
        weights[part] = _solve(covariance, wanted[part], others[part], is_there[part])
    pixel, place = np.nonzero(weights)
    n_coarse = shape[0] * shape[1]
    found = (wanted[pixel], others[pixel, place])
    return sparse.csr_array((weights[pixel, place], found), shape=(n_coarse, n_coarse), dtype="f4")


def _solve(
    covariance: NDArray[np.floating],
    wanted: NDArray[np.int64],
    others: NDArray[np.int64],
    is_there: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Weights of some pixels, shape (n_wanted, n_ring); 0 where the ring leaves the tile."""
    pairs = is_there[:, :, None] & is_there[:, None]
    among = np.where(pairs, covariance[others[:, :, None], others[:, None]], 0).astype(np.float64)
    own = np.where(is_there, covariance[others, wanted[:, None]], 0).astype(np.float64)
    diagonal = np.arange(others.shape[1])
    variance = among[:, diagonal, diagonal].sum(axis=1)
    # where nothing changes, or the ring has no pixel, the weights are nought
    among[:, diagonal, diagonal] += np.where(variance > 0, _RIDGE * variance, 1)[:, None]
    return np.asarray(np.linalg.solve(among, own[..., None])[..., 0])
