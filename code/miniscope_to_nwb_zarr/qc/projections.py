"""The pictures of a whole movie, from the sums over its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.frame_sums import FrameSums

# of all values: what is brighter or darker is not told apart, so that a speck of dust does not take all the contrast
_DARK_PERCENT, _BRIGHT_PERCENT = 0.5, 99.8
_STEPS_OF_MEAN = 8.0


def maximum(sums: FrameSums) -> NDArray[Any]:
    """The largest value of each pixel, shape (x, y)."""
    return sums.largest


def mean(sums: FrameSums) -> NDArray[np.float64]:
    """The mean of each pixel, shape (x, y)."""
    found: NDArray[np.float64] = sums.total / max(1, sums.n_frames)
    return found


def deviation(sums: FrameSums) -> NDArray[np.float64]:
    """The standard deviation of each small pixel over time, shape (x / small, y / small)."""
    value, square = (part.astype(np.float64) for part in sums.small[:2])
    n = max(1, sums.n_frames)
    found: NDArray[np.float64] = np.sqrt(np.maximum(square / n - (value / n) ** 2, 0))
    return found


def correlation(sums: FrameSums) -> NDArray[np.float64]:
    """How much each small pixel goes with its four neighbours, once the mean of the picture is taken out.

    It is the mean of their partial correlations, given the mean of the picture: what brightens or bleaches everywhere
    goes with everything. The pixels of a cell that fires go together. Shape (x / small, y / small), from -1 to 1.
    """
    n = sums.n_frames
    value, square, next_x, next_y, with_mean = (part.astype(np.float64) for part in sums.small)
    total, squares = (float(number) for number in sums.means)
    of_mean = squares - total * total / max(1, n)
    along = (with_mean - value * total / max(1, n)) / of_mean if of_mean > 0 else np.zeros_like(value)
    # all in sums of squares about the mean, which is n times the covariance
    spread = square - value * value / max(1, n) - along * along * of_mean
    found, n_neighbours = np.zeros_like(value), np.zeros_like(value)
    for axis, products in ((0, next_x), (1, next_y)):
        here, there = _neighbours(axis)
        joint = products[here] - value[here] * value[there] / max(1, n) - along[here] * along[there] * of_mean
        scale = np.sqrt(np.maximum(spread[here] * spread[there], 0))
        pair = np.divide(joint, scale, out=np.zeros_like(joint), where=scale > 0)
        for side in (here, there):
            found[side] += pair
            n_neighbours[side] += 1
    mean_of_four: NDArray[np.float64] = np.clip(found / np.maximum(n_neighbours, 1), -1, 1)
    return mean_of_four


def _neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Each pixel but the last along an axis, and the one after it."""
    here, there = [slice(None)] * 2, [slice(None)] * 2
    here[axis], there[axis] = slice(None, -1), slice(1, None)
    return tuple(here), tuple(there)


def contrast(image: NDArray[Any]) -> tuple[float, float]:
    """The values that become black and white."""
    if not image.size:
        return 0.0, 0.0
    low, high = np.percentile(image, (_DARK_PERCENT, _BRIGHT_PERCENT))
    return float(low), float(high)
