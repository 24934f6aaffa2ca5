"""The mean brightness of each frame as it was recorded, before anything is done to the movie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.movie import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress


def mean_trace(movie: Movie, progress: Progress) -> NDArray[np.float32]:
    """Mean of all pixels of each frame.

    Phase and spectrogram are those of this trace: some ways to take trends out of a movie take it away.

    Returns
    -------
    float32, shape (n_frames,)
        In the units of the movie.
    """
    trace = np.empty(movie.n_frames, np.float32)
    for first, stop in blocks(movie):
        trace[first:stop] = movie.read(slice(first, stop)).mean(axis=(1, 2), dtype=np.float64)
        progress("mean trace", stop / movie.n_frames)
    return trace
