"""Footprints of cells: what is left of them once noise is taken away, where they may lie, which are of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


_GROWTH_RADII = 0.6
"""A footprint may grow by so many radii of a cell in one round."""
_LEAST_SHARE = 0.05
"""Of its brightest pixel, which a pixel of a footprint has at least."""
_MIN_PIXELS = 6
_SAME_PLACE = 0.75
"""Footprints whose cosine is larger are of one cell, whatever their traces."""
_TOUCHING = 0.3
_SAME_SUM = 1.1
"""Footprints that touch are of one cell where their cosine and the correlation of their traces are larger together."""
_POWER_ROUNDS = 5


def each(
    footprints: sparse.csr_array, picture: tuple[int, int], change: Callable[..., NDArray[np.floating]]
) -> sparse.csr_array:
    """All footprints, changed one by one as pictures; `change` takes the number of a cell and its picture."""
    changed = [
        sparse.csr_array(change(cell, footprints[[cell]].toarray().reshape(picture)).reshape(1, -1))
        for cell in range(footprints.shape[0])
    ]
    return sparse.csr_array(sparse.vstack(changed, format="csr")) if changed else footprints


def allowed(footprints: sparse.csr_array, picture: tuple[int, int], radius_px: float) -> sparse.csr_array:
    """Where footprints may lie after the next round: where they are, and a little around."""
    reach = max(1.0, _GROWTH_RADII * radius_px)
    size = int(np.ceil(reach))
    down, right = np.mgrid[-size : size + 1, -size : size + 1]
    disc = (down**2 + right**2 <= reach**2).astype(np.uint8)
    return each(footprints, picture, lambda _, one: cv2.dilate((one > 0).astype(np.uint8), disc).astype(np.float32))


def cleaned(footprints: sparse.csr_array, traces: NDArray[np.float32], noise: NDArray[np.float32]) -> sparse.csr_array:
    """Footprints in one piece, without speckles and without pixels in which noise is stronger than the cell.

    Parameters
    ----------
    footprints : sparse, shape (n_cells, n_pixels)
    traces : float32, shape (n_cells, n_frames)
        Of mean 0: those on which the footprints were found by regression.
    noise : float32, shape (height, width)
        Standard deviation of each pixel's noise.
    """
    size = np.linalg.norm(traces, axis=1)

    def clean(cell: int, one: NDArray[np.float32]) -> NDArray[np.float32]:
        smooth = cv2.medianBlur(one.astype(np.float32), 3)
        is_cell = (smooth > _LEAST_SHARE * smooth.max()) & (smooth * size[cell] > noise)
        _, labels = cv2.connectedComponents(is_cell.astype(np.uint8), connectivity=4)
        brightest = labels.flat[int(np.argmax(np.where(is_cell, smooth, 0)))]
        kept = (labels == brightest) & is_cell
        return np.where(kept, smooth, 0) if np.count_nonzero(kept) >= _MIN_PIXELS else np.zeros_like(smooth)

    height, width = noise.shape
    return each(footprints, (height, width), clean)


def cosines(footprints: sparse.csr_array) -> NDArray[np.float64]:
    """How alike the places of footprints are, shape (n_cells, n_cells)."""
    shared = (footprints @ footprints.T).toarray().astype(np.float64)
    size = np.sqrt(np.maximum(np.diag(shared), 1e-30))
    return np.asarray(shared / np.outer(size, size))


def correlations(traces: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of traces with each other, shape (n_cells, n_cells); 0 for one that is flat."""
    centered = traces - traces.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centered, axis=1, keepdims=True)
    unit = (centered / np.where(size > 0, size, 1)).astype(np.float64)
    return np.asarray(unit @ unit.T)


def merge(
    footprints: sparse.csr_array, traces: NDArray[np.float32], same_trace: float
) -> tuple[sparse.csr_array, NDArray[np.float32]]:
    """Join units that are parts of one cell.

    On simulated movies pairs of units that were two cells had cosines up to 0.70, and sums of cosine and correlation up
    to 1.06; pairs that were parts of one cell had more of either.

    Parameters
    ----------
    footprints : sparse, shape (n_cells, n_pixels)
    traces : float32, shape (n_cells, n_frames)
    same_trace : float
        Units that touch and whose traces correlate more are one, too.
    """
    cosine, correlation = cosines(footprints), correlations(traces)
    is_one = (cosine > _SAME_PLACE) | ((cosine > _TOUCHING) & (cosine + correlation > _SAME_SUM))
    is_one |= (cosine > 0) & (correlation > same_trace)
    n_joined, label = connected_components(sparse.csr_array(is_one), directed=False)
    if n_joined == len(traces):
        return footprints, traces
    joined = [
        _joined(footprints[members], traces[members])
        for members in (np.flatnonzero(label == one) for one in range(n_joined))
    ]
    return sparse.csr_array(sparse.vstack([one for one, _ in joined], format="csr")), np.stack(
        [one for _, one in joined]
    )


def _joined(footprints: sparse.csr_array, traces: NDArray[np.float32]) -> tuple[sparse.csr_array, NDArray[np.float32]]:
    """The one footprint and trace that explain best what several do together, by power iteration."""
    if len(traces) == 1:
        return footprints, traces[0]
    parts, level = footprints.toarray().astype(np.float64), traces.astype(np.float64)
    trace = level[int(np.argmax(np.linalg.norm(parts, axis=1) * level.std(axis=1)))]
    for _ in range(_POWER_ROUNDS):
        footprint = np.maximum(parts.T @ (level @ trace) / max(float(trace @ trace), 1e-30), 0)
        trace = level.T @ (parts @ footprint) / max(float(footprint @ footprint), 1e-30)
    return sparse.csr_array(footprint[None].astype(np.float32)), trace.astype(np.float32)
