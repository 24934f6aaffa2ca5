"""One look at the whole movie: what its pixels do, and which frames show anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.footage import whole_steps
from miniscope_to_nwb_zarr.analysis.movie import frames_in_chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress
    from miniscope_to_nwb_zarr.analysis.workers import Workers

_BLOCK_BYTES = 64_000_000
_EMPTY_SHARE = 0.2
"""A frame whose pixels differ by less than this share of what is usual shows nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What one look at the whole movie tells.

    Attributes
    ----------
    shown : int64, shape (n_frames,)
        The frame that is read for each: itself, or the nearest that shows anything.
    mean, highest, noise : float32, shape (height, width)
        Of each pixel; `noise` is the standard deviation of what changes from frame to frame.
    """

    shown: NDArray[np.int64]
    mean: NDArray[np.float32]
    highest: NDArray[np.float32]
    noise: NDArray[np.float32]

    @property
    def picture(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.mean.shape
        return height, width


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A block of frames, as it was seen."""

    spread: NDArray[np.float64]
    """Standard deviation over the pixels of each frame."""
    n_frames: int
    total: NDArray[np.float64]
    highest: NDArray[np.float32]
    bends: NDArray[np.float64]
    n_bends: int


def survey(movie: Movie, workers: Workers, progress: Progress) -> Survey:
    """Look at the whole movie once."""
    most = int(np.clip(_BLOCK_BYTES // (4 * movie.height_px * movie.width_px), 8, 512))
    step = whole_steps(most, frames_in_chunk(movie))
    blocks = [slice(first, min(first + step, movie.n_frames)) for first in range(0, movie.n_frames, step)]
    looks = workers.map(partial(_look, movie), blocks, partial(progress, "survey"))
    spread = np.concatenate([look.spread for look in looks])
    usual = float(np.median(spread[spread > 0])) if (spread > 0).any() else 0.0
    is_shown = spread > _EMPTY_SHARE * usual
    used = [look for look in looks if np.median(look.spread) > _EMPTY_SHARE * usual]
    if not used:
        still = movie.read(slice(0, 1))[0]
        return Survey(np.arange(movie.n_frames), still, still, np.zeros_like(still))
    n_bends = max(1, sum(look.n_bends for look in used))
    return Survey(
        nearest(is_shown),
        np.asarray(sum(look.total for look in used) / sum(look.n_frames for look in used), dtype=np.float32),
        np.max([look.highest for look in used], axis=0),
        np.asarray(np.sqrt(sum(look.bends for look in used) / n_bends), dtype=np.float32),
    )


def _look(movie: Movie, block: slice) -> _Look:
    frames = movie.read(block)
    spread = frames.reshape(len(frames), -1).std(axis=1, dtype=np.float64)
    frames = frames[spread > _EMPTY_SHARE * np.median(spread)] if spread.max() > 0 else frames
    bends = np.zeros(frames.shape[1:])
    for before, here, after in zip(frames[:-2], frames[1:-1], frames[2:], strict=True):
        # white noise bends by the root of six times its standard deviation, slow signals hardly bend
        bends += np.square(2 * here - before - after, dtype=np.float64) / 6
    total = frames.sum(axis=0, dtype=np.float64)
    return _Look(spread, len(frames), total, frames.max(axis=0), bends, max(0, len(frames) - 2))


def nearest(is_shown: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each frame the nearest one that is shown, the earlier of two."""
    at = np.arange(len(is_shown))
    shown = np.flatnonzero(is_shown)
    if not len(shown):
        return at
    after = np.clip(np.searchsorted(shown, at), 0, len(shown) - 1)
    before = np.clip(after - 1, 0, None)
    is_later = shown[after] - at < at - shown[before]
    return np.where(is_shown, at, np.where(is_later | (shown[before] > at), shown[after], shown[before]))
