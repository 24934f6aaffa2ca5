"""The size of cells, from the movie itself.

What lights up in single frames, against the median of frames spread over the movie, is mostly cells. Filtered with
Laplacians of Gaussians of growing size, each normalised by that size, a bright spot answers most to the one of its own
size (Lindeberg 1998, 10.1023/A:1008045108935). The size of a cell is the middle of those of the clearest spots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import maximum_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress
    from miniscope_to_nwb_zarr.analysis.workers import Workers

TYPICAL_RADIUS_PX = 5.0
"""Where nothing lights up."""

_SMALLEST_PX, _LARGEST_SHARE, _LARGEST_PX = 1.2, 1 / 12, 16.0
_SCALES_PER_OCTAVE = 4
_SAMPLE_BYTES = 120_000_000
_SAMPLE_FRAMES = 120
_GROUP, _GROUP_REACH = 10, 100
"""Frames of the sample that lie within so many of the movie."""
_MIN_NOISE = 8.0
_MOST_SPOTS = 400
_FEWEST_SPOTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Bright spots of some frames.

    Attributes
    ----------
    radius_px : float64, shape (n_spots,)
        Standard deviation of the Gaussian that each is like.
    clearness : float64, shape (n_spots,)
        Its answer, in that of the noise.
    """

    radius_px: NDArray[np.float64]
    clearness: NDArray[np.float64]


def estimate_radius(movie: Movie, workers: Workers, progress: Progress) -> float:
    """The size of cells: the standard deviation of the Gaussian that they are like, in pixels.

    `TYPICAL_RADIUS_PX`, or less where the picture is small, if too few spots light up.
    """
    n_frames = int(np.clip(_SAMPLE_BYTES // (4 * movie.height_px * movie.width_px), _GROUP, _SAMPLE_FRAMES))
    groups = sample_groups(movie.n_frames, n_frames)
    frames = np.concatenate(workers.map(movie.read, groups, lambda share: progress("cell size", share / 2)))
    usual = np.median(frames, axis=0).astype(np.float32)
    scales = scales_for(usual.shape)
    parts = [frames[first : first + _GROUP] for first in range(0, len(frames), _GROUP)]
    found = workers.map(partial(spots_of, usual, scales), parts, lambda share: progress("cell size", (1 + share) / 2))
    radius, clearness = (np.concatenate([getattr(one, name) for one in found]) for name in ("radius_px", "clearness"))
    if len(radius) < _FEWEST_SPOTS:
        return min(TYPICAL_RADIUS_PX, float(scales[-1]))
    clearest = np.argsort(-clearness, kind="stable")[:_MOST_SPOTS]
    return float(np.median(radius[clearest]))


def scales_for(picture: Sequence[int]) -> NDArray[np.float64]:
    """Sizes that are tried on a picture."""
    largest = max(2 * _SMALLEST_PX, min(_LARGEST_PX, _LARGEST_SHARE * min(picture)))
    n_scales = max(4, round(np.log2(largest / _SMALLEST_PX) * _SCALES_PER_OCTAVE) + 1)
    return np.geomspace(_SMALLEST_PX, largest, n_scales)


def sample_groups(n_frames: int, n_sample: int) -> list[slice]:
    """Frames spread over a movie in groups that lie close together, since a movie is stored in blocks of frames."""
    n_groups = max(1, min(n_sample, n_frames) // _GROUP)
    length = n_frames // n_groups
    step = max(1, min(_GROUP_REACH, length) // _GROUP)
    starts = np.linspace(0, max(0, n_frames - step * (_GROUP - 1) - 1), n_groups).round().astype(int)
    return [slice(int(start), min(int(start) + step * (_GROUP - 1) + 1, n_frames), step) for start in starts]


def spots_of(usual: NDArray[np.float32], scales: NDArray[np.float64], frames: NDArray[np.float32]) -> Spots:
    """Bright spots of some frames."""
    found = [spot for frame in frames for spot in spots_in(frame - usual, scales)]
    radius, clearness = zip(*found, strict=True) if found else ((), ())
    return Spots(np.array(radius, dtype=float), np.array(clearness, dtype=float))


def spots_in(changed: NDArray[np.float32], scales: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Size and clearness of the bright spots of a picture; those of the smallest and the largest size are none."""
    answers = np.stack([_answer(changed, float(scale)) for scale in scales])
    noise = np.median(np.abs(answers - np.median(answers, axis=(1, 2), keepdims=True)), axis=(1, 2)) / 0.6745
    is_top = answers == maximum_filter(answers, size=(3, 5, 5))
    is_top[[0, -1]] = False
    found = []
    for place, row, column in np.argwhere(is_top & (answers > _MIN_NOISE * noise[:, None, None])):
        before, here, after = answers[place - 1 : place + 2, row, column].astype(float)
        step = 0.5 * (before - after) / min(before - 2 * here + after, -1e-12)
        ratio = scales[1] / scales[0]
        found.append((float(scales[place] * ratio**step), float(here / max(noise[place], 1e-30))))
    return found


def _answer(picture: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(picture, (0, 0), scale, borderType=cv2.BORDER_REFLECT)
    return np.asarray(-(scale**2) * cv2.Laplacian(blurred, cv2.CV_32F, borderType=cv2.BORDER_REFLECT))
