"""What speaks for a unit being a cell, and which units are taken for cells.

The scores ask the movie itself, whichever engine found the units. A unit's trace, freed of what changes slowly, is laid
on the movie: each pixel near the unit gets its share of the trace, less what overlapping units put there. Of a cell,
that picture is its footprint on a flat ground. Of a piece of the background, the surround brightens with it; of noise
and of traces of motion, the picture is not like the footprint.

The surround of a cell may brighten, too: its light is scattered, and the tissue around it is active when it is. So a
clear unit as large as a cell may have more of it, and a wider one, which may be a piece of the background, less.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import uniform_filter1d

from miniscope_to_nwb_zarr.analysis.footage import Box, read_box, tiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from scipy import sparse

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress, Units
    from miniscope_to_nwb_zarr.analysis.workers import Workers

MEANINGS = {
    "snr": "highest value of the denoised trace, in the noise of the trace",
    "footprint_correlation": "correlation of the footprint with the picture of the movie that goes with the trace",
    "surround_share": "how much the surround brightens with the unit, as a share of the unit itself",
    "area_px": "pixels at least half as bright as the brightest of the footprint",
    "relative_area": "that area, in that of a round cell of the size that was looked for",
}
MIN_SNR = 6.0
MIN_FOOTPRINT_CORRELATION = 0.8
MAX_SURROUND_SHARE = 0.6

_WIDE = 1.6
"""Relative area from which a unit may be a piece of the background."""
_CLEAR_SNR, _CLEAR_CORRELATION = 20.0, 0.9
_OF_WIDE, _OF_CLEAR = 0.75, 1.5
"""How much of the limit on the surround holds for wide units, and for clear ones that are not wide. The numbers are
from movies of minisim: "null" of seeds 11 to 18 and 21 to 23, "ca1" and "l23" of seeds 11, 12 and 21."""

_SLOW_S = 5.0
"""Changes slower than this are not compared."""
_TILE_PX = 64
_READ_VALUES = 8_000_000
_NEAR_RADII, _FAR_RADII = 3.5, 5.5
"""Between these distances lies the surround, in radii of a cell."""
_GROWTH_RADII = 0.6
"""So far around a footprint its picture is compared with it."""
_HALF_WIDTH = 1.177
"""Radius at which a Gaussian of standard deviation 1 is half as high."""


@dataclass(frozen=True, slots=True, eq=False)
class _TileTask:
    tile: Box
    weights: NDArray[np.float32]
    """Of the units near it, shape (n_units, n_frames)."""


def evaluate(units: Units, movie: Movie, workers: Workers, progress: Progress) -> Mapping[str, NDArray[np.float32]]:
    """Scores of all units, by name, each of shape (n_units,).

    Parameters
    ----------
    units : Units
    movie : Movie
        In which they were found, without motion.
    workers : Workers
    progress : callable
    """
    if not units.n_units:
        return {name: np.zeros(0, np.float32) for name in MEANINGS}
    picture = movie.height_px, movie.width_px
    area = bright_pixels(units.footprints)
    snr = np.where(units.noise > 0, units.denoised.max(axis=1) / np.where(units.noise > 0, units.noise, 1), 0)
    clear = area[snr >= MIN_SNR] if (snr >= MIN_SNR).any() else area
    # a footprint that was cut off is not the measure of its surround
    radii = np.sqrt(np.maximum(area, np.median(clear)) / np.pi) / _HALF_WIDTH
    weights = fast_part(units.denoised, movie.rate_hz)
    own = weights @ units.denoised.T
    windows = [window_of(units.footprints, unit, picture, radius) for unit, radius in enumerate(radii)]
    pictures = _pictures(movie, weights, windows, workers, progress)
    likeness, surround = np.zeros(units.n_units, np.float32), np.zeros(units.n_units, np.float32)
    for unit, (window, seen) in enumerate(zip(windows, pictures, strict=True)):
        if own[unit, unit] > 0:
            footprints = units.footprints[:, window.pixels(picture[1])]
            likeness[unit], surround[unit] = compare(footprints, own[unit], unit, seen, float(radii[unit]))
    return {
        "snr": snr.astype(np.float32),
        "footprint_correlation": likeness,
        "surround_share": surround,
        "area_px": area.astype(np.float32),
        "relative_area": (area / _usual_area(units, clear)).astype(np.float32),
    }


def _usual_area(units: Units, clear: NDArray[np.int64]) -> float:
    """Bright pixels of a round cell of the size that the engine looked for; else of the clear units."""
    radius_px = units.parameters.get("radius_px")
    return float(np.median(clear)) if radius_px is None else float(np.pi * (_HALF_WIDTH * radius_px) ** 2)


def accept(
    scores: Mapping[str, NDArray[np.float32]],
    min_snr: float = MIN_SNR,
    min_footprint_correlation: float = MIN_FOOTPRINT_CORRELATION,
    max_surround_share: float = MAX_SURROUND_SHARE,
) -> NDArray[np.bool_]:
    """Which units are taken for cells, by their scores."""
    snr, likeness = scores["snr"], scores["footprint_correlation"]
    is_wide = scores["relative_area"] > _WIDE
    is_clear = (snr >= _CLEAR_SNR) & (likeness >= _CLEAR_CORRELATION)
    limit = max_surround_share * np.where(is_wide, _OF_WIDE, np.where(is_clear, _OF_CLEAR, 1))
    return np.asarray((snr >= min_snr) & (likeness >= min_footprint_correlation) & (scores["surround_share"] <= limit))


def bright_pixels(footprints: sparse.csr_array) -> NDArray[np.int64]:
    """How many pixels of each footprint are at least half as bright as its brightest, shape (n_units,)."""
    unit = np.repeat(np.arange(footprints.shape[0]), np.diff(footprints.indptr))
    peak = footprints.max(axis=1).toarray().ravel()
    is_bright = (footprints.data > 0) & (footprints.data >= 0.5 * peak[unit])
    return np.bincount(unit[is_bright], minlength=footprints.shape[0])


def fast_part(traces: NDArray[np.floating], rate_hz: float) -> NDArray[np.float32]:
    """Traces less their slow changes and their mean."""
    size = max(3, round(_SLOW_S * rate_hz))
    fast = traces - uniform_filter1d(traces, min(size, traces.shape[1]), axis=1, mode="nearest")
    return np.asarray(fast - fast.mean(axis=1, keepdims=True), dtype=np.float32)


def window_of(footprints: sparse.csr_array, unit: int, picture: tuple[int, int], radius: float) -> Box:
    """The part of the picture that holds a unit and its surround."""
    pixels = footprints.indices[footprints.indptr[unit] : footprints.indptr[unit + 1]]
    rows, columns = np.divmod(pixels if len(pixels) else np.zeros(1, dtype=np.int64), picture[1])
    tight = Box(int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1)
    return tight.wider(int(np.ceil(_FAR_RADII * radius)), picture)


def _pictures(
    movie: Movie, weights: NDArray[np.float32], windows: list[Box], workers: Workers, progress: Progress
) -> list[NDArray[np.float32]]:
    """Weighted sums of the frames in the window of each unit."""
    near = {
        tile: np.array([unit for unit, window in enumerate(windows) if window.shared(tile)], dtype=np.int64)
        for tile in tiles((movie.height_px, movie.width_px), _TILE_PX)
    }
    near = {tile: units for tile, units in near.items() if len(units)}
    # the traces of its units go with each tile, so that they are not all there at once
    tasks = (_TileTask(tile, weights[units]) for tile, units in near.items())
    sums = workers.each(partial(_sum_tile, movie), tasks, len(near), partial(progress, "evaluation"))
    pictures = [np.zeros(window.shape, np.float32) for window in windows]
    for (tile, units), seen in zip(near.items(), sums, strict=True):
        for unit, part in zip(units, seen, strict=True):
            shared = windows[unit].shared(tile)
            if shared:
                pictures[unit][shared.within(windows[unit])] = part[shared.within(tile)]
    return pictures


def _sum_tile(movie: Movie, task: _TileTask) -> NDArray[np.float32]:
    total = np.zeros((len(task.weights), task.tile.shape[0] * task.tile.shape[1]))
    for block, frames in read_box(movie, np.arange(movie.n_frames), task.tile, _READ_VALUES):
        pixels = frames.reshape(len(frames), -1)
        total += task.weights[:, block] @ (pixels - pixels.mean(axis=0))
    return total.reshape(-1, *task.tile.shape).astype(np.float32)


def compare(
    footprints: sparse.csr_array, share: NDArray[np.floating], unit: int, seen: NDArray[np.float32], radius: float
) -> tuple[float, float]:
    """Likeness of a unit's footprint with its picture, and the share of the unit that its surround has.

    Parameters
    ----------
    footprints : sparse, shape (n_units, pixels of the window)
    share : shape (n_units,)
        Products of the unit's weights with all traces.
    seen : float32, shape (height, width)
        The weighted sum of the frames.
    """
    own = footprints[[unit]].toarray().reshape(seen.shape)
    others = share.copy()
    others[unit] = 0
    alone = ((seen - (footprints.T @ others).reshape(seen.shape)) / share[unit]).astype(np.float32)
    size = 2 * round(_GROWTH_RADII * radius) + 1
    inside = cv2.dilate((own > 0).astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0
    ground = cv2.GaussianBlur(alone - own, (0, 0), radius)
    likeness = _correlation((alone - ground)[inside], own[inside])
    rows, columns = np.indices(seen.shape)
    total = own.sum()
    distance = np.hypot(rows - (own * rows).sum() / total, columns - (own * columns).sum() / total) / radius
    ring = alone[(distance > _NEAR_RADII) & (distance < _FAR_RADII) & ~inside]
    brightness = float((own * alone).sum() / total)
    return likeness, float(np.median(ring) / brightness) if len(ring) and brightness > 0 else 1.0


def _correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size > 0 else 0.0
