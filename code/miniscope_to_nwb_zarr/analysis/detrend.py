"""Trends taken out of a movie before motion and cells are looked for. The mean trace of the recording is kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.movie import ChangedMovie, blocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress

_ALL = slice(None)
_WEIGHTS = "weights.npy"


class Detrend(StrEnum):
    """What is taken out of the movie."""

    NONE = "none"
    SLOW = "slow"
    """The slow trend of the mean trace: each frame is divided by it, as light that bleaches fades everywhere alike."""
    PIXEL_SLOW = "pixel_slow"
    """The slow trend of each pixel is subtracted."""
    PIXEL_LINEAR = "pixel_linear"
    """The straight line of each pixel is subtracted."""
    FRAME_MEAN = "frame_mean"
    """The mean of each frame is subtracted, up to the median of all: whatever all pixels do together is gone."""


@dataclass(frozen=True, slots=True, eq=False)
class DetrendedMovie(ChangedMovie):
    """A movie without its trend; of each pixel the mean is kept. It can be sent to another process.

    Parameters
    ----------
    movie : Movie
    divided : float32, shape (n_frames,)
        Each frame is divided by it.
    subtracted : float32, shape (n_frames,)
        Then subtracted from all pixels of the frame.
    basis : float32, shape (n_frames, n_functions)
        Functions of time, of which each pixel has its own share.
    weights : str
        File of the shares, float32, shape (n_functions, row, column), as numpy stores it; empty where there are none.
        Their product with the functions is subtracted, too.
    """

    divided: NDArray[np.float32]
    subtracted: NDArray[np.float32]
    basis: NDArray[np.float32]
    weights: str = ""

    def read(self, frames: slice, rows: slice = _ALL, columns: slice = _ALL) -> NDArray[np.float32]:
        """A part of the movie, shape (frame, row, column)."""
        part = self.movie.read(frames, rows, columns)
        part = part / self.divided[frames, None, None] - self.subtracted[frames, None, None]
        if self.weights:
            weights = np.load(self.weights, mmap_mode="r")[:, rows, columns]
            part -= np.tensordot(self.basis[frames], weights, axes=1)
        return part


def find_trend(
    movie: Movie,
    method: Detrend,
    trace: NDArray[np.float32],
    time_s: NDArray[np.float64],
    *,
    slowest_s: float,
    folder: Path,
    progress: Progress,
) -> Mapping[str, NDArray[np.float32]]:
    """The trend of a movie, for `without_trend`.

    Parameters
    ----------
    movie : Movie
    method : Detrend
    trace : float32, shape (n_frames,)
        Mean of each frame of the movie.
    time_s : float64, shape (n_frames,)
    slowest_s : float
        Slow is what takes longer than this for one swing up and down.
    folder : Path
        Takes what is found of single pixels.
    progress : callable
    """
    found = {
        "divided": np.ones(movie.n_frames, np.float32),
        "subtracted": np.zeros(movie.n_frames, np.float32),
        "basis": np.zeros((movie.n_frames, 0), np.float32),
    }
    if method is Detrend.FRAME_MEAN:
        return found | {"subtracted": trace - np.median(trace)}
    if method is Detrend.SLOW:
        functions = slow_functions(time_s, slowest_s)
        trend = functions @ np.linalg.lstsq(functions, trace.astype(np.float64))[0]
        return found | {"divided": (trend / trend.mean()).astype(np.float32)}
    if method in {Detrend.PIXEL_SLOW, Detrend.PIXEL_LINEAR}:
        functions = slow_functions(time_s, slowest_s if method is Detrend.PIXEL_SLOW else np.inf)
        # the first is constant, and stays
        varying = functions[:, 1:] - functions[:, 1:].mean(axis=0)
        np.save(folder / _WEIGHTS, _project(movie, varying, progress))
        return found | {"basis": varying.astype(np.float32)}
    return found


def without_trend(movie: Movie, trend: Mapping[str, NDArray[np.float32]], folder: Path) -> DetrendedMovie:
    """The movie without a trend that `find_trend` found, and of which it left a part in `folder`."""
    weights = str(folder / _WEIGHTS) if trend["basis"].shape[1] else ""
    return DetrendedMovie(movie, trend["divided"], trend["subtracted"], trend["basis"], weights)


def slow_functions(time_s: NDArray[np.float64], slowest_s: float) -> NDArray[np.float64]:
    """A constant, a straight line, and cosines whose periods are longer than `slowest_s`; at the stamps of the frames.

    Returns
    -------
    float64, shape (n_frames, n_functions)
        Frames without a stamp are taken to lie between their neighbours.
    """
    frame = np.arange(len(time_s))
    known = np.isfinite(time_s)
    time = np.interp(frame, frame[known], time_s[known])
    duration_s = float(time.max() - time.min()) or 1.0
    share = (time - time.min()) / duration_s
    n_cosines = max(0, ceil(2 * duration_s / slowest_s) - 1)
    cosines = [np.cos(np.pi * k * share) for k in range(1, n_cosines + 1)]
    return np.stack([np.ones(len(share)), share - 0.5, *cosines], axis=1)


def _project(movie: Movie, functions: NDArray[np.float64], progress: Progress) -> NDArray[np.float32]:
    """The weights of the functions in each pixel, by least squares; the movie is read once."""
    inverse = np.linalg.pinv(functions)
    sums = np.zeros((functions.shape[1], movie.height_px, movie.width_px))
    for first, stop in blocks(movie):
        part = movie.read(slice(first, stop))
        sums += np.tensordot(inverse[:, first:stop].astype(np.float32), part, axes=1)
        progress("trend", stop / movie.n_frames)
    return sums.astype(np.float32)
