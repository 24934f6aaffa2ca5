"""Brightness of each pixel of a movie without motion relative to its baseline: dF/F or dF/sqrt(F).

F0 of a pixel is a low quantile of its values in windows of some seconds, joined by straight lines from the middle of
one window to that of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.movie import ChangedMovie

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress

_ALL = slice(None)
_BASELINE = "baseline.npy"
FRAMES_OF_A_WINDOW = 100
"""Frames of a window that are looked at, spread evenly: memory does not grow with the window."""
LEAST_F0 = 1.0
"""The least that is divided by, in grey levels: a black pixel has no relative brightness."""


class Normalise(StrEnum):
    """What the brightness is divided by."""

    NONE = "none"
    DF_OVER_F = "df_over_f"
    """(F - F0) / F0"""
    DF_OVER_SQRT_F = "df_over_sqrt_f"
    """(F - F0) / sqrt(F0): the noise of photons becomes the same in bright and in dark pixels."""


UNITS = {
    Normalise.NONE: "grey levels",
    Normalise.DF_OVER_F: "brightness relative to that of each pixel at rest, (F - F0) / F0",
    Normalise.DF_OVER_SQRT_F: "brightness relative to that of each pixel at rest, (F - F0) / sqrt(F0)",
}
"""Of a movie and of the traces in it, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalisedMovie(ChangedMovie):
    """A movie relative to its baseline; it can be sent to another process.

    Parameters
    ----------
    movie : Movie
    method : Normalise
    baseline : str
        File of the baseline, float32, shape (window, row, column), as numpy stores it.
    window_frames : int
    """

    method: Normalise
    baseline: str
    window_frames: int

    def read(self, frames: slice, rows: slice = _ALL, columns: slice = _ALL) -> NDArray[np.float32]:
        """A part of the movie, shape (frame, row, column)."""
        part = self.movie.read(frames, rows, columns)
        windows = np.load(self.baseline, mmap_mode="r")
        place = _places(self.n_frames, self.window_frames)[frames]
        before = np.clip(place.astype(np.int64), 0, len(windows) - 1)
        after = np.minimum(before + 1, len(windows) - 1)
        share = (place - before).astype(np.float32)[:, None, None]
        low, high = (int(before.min()), int(after.max()) + 1) if len(before) else (0, 0)
        near = np.asarray(windows[low:high, rows, columns])
        f0 = near[before - low] * (1 - share) + near[after - low] * share
        part -= f0
        divisor = np.maximum(f0, LEAST_F0)
        part /= divisor if self.method is Normalise.DF_OVER_F else np.sqrt(divisor)
        return part


def relative(movie: Movie, method: Normalise, window_s: float, folder: Path) -> NormalisedMovie:
    """The movie relative to the baseline that `write_baseline` left in `folder`."""
    return NormalisedMovie(movie, method, str(folder / _BASELINE), _window_frames(movie, window_s))


def write_baseline(
    movie: Movie, *, window_s: float, quantile: float, folder: Path, progress: Progress
) -> NDArray[np.float32]:
    """Find the baseline of each pixel.

    Parameters
    ----------
    movie : Movie
    window_s : float
    quantile : float
        0 to 1.
    folder : Path
        Takes it; about as large as the movie divided by the frames of a window.
    progress : callable

    Returns
    -------
    float32, shape (height, width)
        The mean of what is divided by, over time.
    """
    bounds = _bounds(movie.n_frames, _window_frames(movie, window_s))
    n_windows = len(bounds) - 1
    shape = (n_windows, movie.height_px, movie.width_px)
    filled = np.lib.format.open_memmap(folder / _BASELINE, mode="w+", dtype=np.float32, shape=shape)
    total = np.zeros(shape[1:])
    for k in range(n_windows):
        step = -(-(bounds[k + 1] - bounds[k]) // FRAMES_OF_A_WINDOW)
        frames = movie.read(slice(bounds[k], bounds[k + 1], step))
        filled[k] = np.quantile(frames, quantile, axis=0)
        total += np.maximum(filled[k], LEAST_F0)
        progress("baseline", (k + 1) / n_windows)
    filled.flush()
    return (total / n_windows).astype(np.float32)


def _window_frames(movie: Movie, window_s: float) -> int:
    return max(1, round(window_s * movie.rate_hz))


def _bounds(n_frames: int, window: int) -> list[int]:
    """First frames of the windows, and the end; the last window takes what is left over."""
    return [*range(0, max(1, n_frames // window) * window, window), n_frames]


def _places(n_frames: int, window: int) -> NDArray[np.float64]:
    """Where each frame lies among the middles of the windows: 1.5 is half-way between the second and the third."""
    bounds = np.array(_bounds(n_frames, window))
    middles = (bounds[:-1] + bounds[1:] - 1) / 2
    return np.interp(np.arange(n_frames), middles, np.arange(len(middles)))
