"""Frames spread over a movie, band-passed and kept in a file while the motion is looked for.

A movie is read once for them: to decode it takes far longer than to lay a frame on a template.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.movie import frames_in_chunk
from miniscope_to_nwb_zarr.analysis.native.registration import band_pass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie
    from miniscope_to_nwb_zarr.analysis.workers import Workers

RUN_FRAMES = 4
"""Frames of the sample that follow each other: between them hardly anything moves."""
_PART_FRAMES = 40
"""Frames of the sample that one task works on."""
_SAMPLE_BYTES = 300_000_000
_SAMPLE_FRAMES = 480
_READ_BYTES = 96_000_000
"""Of the frames between the first and the last that a task reads, as 32-bit numbers."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Band-passed frames in a file, that worker processes map into their memory.

    Parameters
    ----------
    file : str
        As numpy stores it, float32, shape (frame, row, column).
    n_frames : int
    """

    file: str
    n_frames: int

    @property
    def parts(self) -> list[slice]:
        """The frames of each task, in whole runs."""
        return [
            slice(first, min(first + _PART_FRAMES, self.n_frames)) for first in range(0, self.n_frames, _PART_FRAMES)
        ]

    @property
    def middle(self) -> slice:
        """The run in the middle of the movie."""
        first = self.n_frames // RUN_FRAMES // 2 * RUN_FRAMES
        return slice(first, first + RUN_FRAMES)

    def read(self, part: slice) -> NDArray[np.float32]:
        """Some of the frames; they are read from the disk when they are looked at."""
        return np.asarray(np.load(self.file, mmap_mode="r")[part])

    def mean(self, part: slice | None = None) -> NDArray[np.float32]:
        """The mean of some frames, or of all."""
        parts = self.parts if part is None else [part]
        total = sum(self.read(one).sum(axis=0, dtype=np.float64) for one in parts)
        return np.asarray(total / sum(len(range(*one.indices(self.n_frames))) for one in parts), dtype=np.float32)


@contextmanager
def sampled(
    movie: Movie, coarse_px: float, file: Path, workers: Workers, told: Callable[[float], None]
) -> Iterator[Sample]:
    """A sample of a movie in a file that is there within this context."""
    frames = sample_frames(movie)
    try:
        shape = (len(frames), movie.height_px, movie.width_px)
        np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape).flush()
        workers.map(partial(_keep, movie, frames, coarse_px, str(file)), reads_of(movie, frames), told)
        yield Sample(str(file), len(frames))
    finally:
        file.unlink(missing_ok=True)


def sample_frames(movie: Movie) -> NDArray[np.int64]:
    """Numbers of the frames of a sample: runs of a few frames, spread evenly over the movie."""
    n_sample = min(_SAMPLE_FRAMES, _SAMPLE_BYTES // (4 * movie.height_px * movie.width_px), movie.n_frames)
    n_runs = max(1, n_sample // RUN_FRAMES)
    length = min(RUN_FRAMES, movie.n_frames)
    starts = np.linspace(0, movie.n_frames - length, n_runs).round().astype(np.int64)
    chunk = frames_in_chunk(movie)
    if chunk >= length and n_runs > 1 and np.diff(starts).min() >= 2 * length:
        # a run that would reach into the next chunk begins earlier
        starts -= np.maximum(0, starts % chunk + length - chunk)
    return np.asarray((starts[:, None] + np.arange(length)).ravel())


def reads_of(movie: Movie, frames: NDArray[np.int64]) -> list[slice]:
    """Which of the frames are read together, so that each chunk of the movie is decoded once."""
    chunk = frames_in_chunk(movie)
    # small chunks are read some at a time
    together = chunk * max(1, _PART_FRAMES // chunk)
    longest = max(RUN_FRAMES, _READ_BYTES // (4 * movie.height_px * movie.width_px))
    cuts = [0]
    for place, frame in enumerate(frames):
        first = frames[cuts[-1]]
        if frame // together != first // together or frame - first >= longest:
            cuts.append(place)
    return [slice(first, stop) for first, stop in pairwise([*cuts, len(frames)])]


def _keep(movie: Movie, frames: NDArray[np.int64], coarse_px: float, file: str, places: slice) -> None:
    """Write some frames of the sample into its file."""
    wanted = frames[places]
    seen = movie.read(slice(int(wanted[0]), int(wanted[-1]) + 1))
    kept = np.load(file, mmap_mode="r+")
    for place, frame in enumerate(wanted - wanted[0], start=places.start):
        kept[place] = band_pass(seen[frame], coarse_px)
