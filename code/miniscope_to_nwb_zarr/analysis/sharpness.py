"""How sharp the mean picture of a movie is: motion blurs it, and a correction that helps makes it sharper.

Crispness of the mean, a measure of registration that needs no truth: Pnevmatikakis & Giovannucci 2017 (NoRMCorre,
10.1016/j.jneumeth.2017.07.031).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from miniscope_to_nwb_zarr.analysis.movie import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie

_BLOCKS = 8
"""So many blocks of frames are looked at, spread evenly over the movie."""
_FINE_PX = 1.0
"""Standard deviation of the blur against what is left of the noise of pixels."""
_LEAST_PX = 8


def sharpness(movie: Movie, border_px: int) -> float:
    """Root mean square of the gradient of the mean picture, without a border, in units of the movie per pixel."""
    every = list(blocks(movie))
    spread = np.unique(np.linspace(0, len(every) - 1, min(_BLOCKS, len(every))).round().astype(int))
    total = np.zeros((movie.height_px, movie.width_px))
    for first, stop in (every[k] for k in spread):
        total += movie.read(slice(first, stop)).sum(axis=0, dtype=np.float64)
    n_frames = sum(every[k][1] - every[k][0] for k in spread)
    picture = cv2.GaussianBlur(_inner(total / n_frames, border_px), (0, 0), _FINE_PX)
    return float(np.sqrt(np.mean(np.square(np.gradient(picture)))))


def _inner(picture: NDArray[np.float64], border_px: int) -> NDArray[np.float64]:
    least = min(border_px, max(0, (min(picture.shape) - _LEAST_PX) // 2))
    height, width = picture.shape
    return picture[least : height - least, least : width - least]
