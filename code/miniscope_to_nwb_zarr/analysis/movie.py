"""Movies that are read in parts, as the engines want them: frames of rows and columns, float32.

The frames of a store are (frame, x, y). They are turned here and nowhere else.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import zarr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie
    from miniscope_to_nwb_zarr.analysis.crop import Crop

_ALL = slice(None)
_BLOCK_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class StoredMovie:
    """A movie in an NWB file, cut to a part of the picture and made coarser; it can be sent to another process.

    Parameters
    ----------
    file : str
        The NWB file, a folder where it is Zarr.
    path : str
        The array in it, of shape (frame, x, y).
    n_frames : int
    rate_hz : float
    crop : Crop
    bin_px : int
        So many pixels along either axis are averaged to one; columns and rows that are left over are left out.
    replaced : tuple of (int, int)
        Frames without a true picture, and the frame whose picture stands in for each.
    """

    file: str
    path: str
    n_frames: int
    rate_hz: float
    crop: Crop
    bin_px: int = 1
    replaced: tuple[tuple[int, int], ...] = ()

    @property
    def height_px(self) -> int:
        """Rows."""
        return self.crop.height_px // self.bin_px

    @property
    def width_px(self) -> int:
        """Columns."""
        return self.crop.width_px // self.bin_px

    @property
    def chunk_frames(self) -> int:
        """Frames that are read as fast as one of them."""
        with _opened(self.file, self.path) as array:
            return _chunk_frames(array)

    def read(self, frames: slice, rows: slice = _ALL, columns: slice = _ALL) -> NDArray[np.float32]:
        """A part of the movie, shape (frame, row, column)."""
        first, stop, step = frames.indices(self.n_frames)
        top, bottom = _within(rows, self.height_px)
        left, right = _within(columns, self.width_px)
        size, crop = self.bin_px, self.crop
        window = (
            slice(crop.left_px + left * size, crop.left_px + right * size),
            slice(crop.top_px + top * size, crop.top_px + bottom * size),
        )
        with _opened(self.file, self.path) as array:
            stored = array[(slice(first, stop, step), *window)]
            picture = np.array(stored.transpose(0, 2, 1), dtype=np.float32, order="C")
            taken = range(first, stop, step)
            for frame, other in self.replaced:
                if frame in taken:
                    picture[taken.index(frame)] = array[(other, *window)].T
        return picture if size == 1 else _binned(picture, size)


@dataclass(frozen=True, slots=True)
class ArrayMovie:
    """A movie in a zarr array of shape (frame, row, column)."""

    array: str
    rate_hz: float

    @property
    def n_frames(self) -> int:
        """Frames."""
        return int(_store_array(self.array, "").shape[0])

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(_store_array(self.array, "").shape[1])

    @property
    def width_px(self) -> int:
        """Columns."""
        return int(_store_array(self.array, "").shape[2])

    @property
    def chunk_frames(self) -> int:
        """Frames that are read as fast as one of them."""
        return _chunk_frames(_store_array(self.array, ""))

    def read(self, frames: slice, rows: slice = _ALL, columns: slice = _ALL) -> NDArray[np.float32]:
        """A part of the movie, shape (frame, row, column)."""
        part: NDArray[Any] = _store_array(self.array, "")[frames, rows, columns]
        return part.astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class ChangedMovie:
    """What movies have in common whose values are computed from those of another one."""

    movie: Movie

    @property
    def n_frames(self) -> int:
        """Frames."""
        return self.movie.n_frames

    @property
    def height_px(self) -> int:
        """Rows."""
        return self.movie.height_px

    @property
    def width_px(self) -> int:
        """Columns."""
        return self.movie.width_px

    @property
    def rate_hz(self) -> float:
        """Frames in a second."""
        return self.movie.rate_hz

    @property
    def chunk_frames(self) -> int:
        """Frames that are read as fast as one of them."""
        return frames_in_chunk(self.movie)


def frames_in_chunk(movie: Movie) -> int:
    """Frames that are decoded together; 1 where the movie does not tell."""
    return int(getattr(movie, "chunk_frames", 1))


def blocks(movie: Movie) -> Iterator[tuple[int, int]]:
    """Runs of whole frames ``[first, stop)`` that together are the movie, each of about 64 MB and of whole chunks."""
    chunk = frames_in_chunk(movie)
    step = max(1, _BLOCK_BYTES // (4 * movie.height_px * movie.width_px) // chunk) * chunk
    for first in range(0, movie.n_frames, step):
        yield first, min(first + step, movie.n_frames)


def stored_frames(file: str, path: str) -> Iterator[tuple[int, NDArray[Any]]]:
    """The frames of an array of an NWB file as they are stored, (frame, x, y), with the number of each first one."""
    with _opened(file, path) as array:
        step = _chunk_frames(array)
        for first in range(0, array.shape[0], step):
            yield first, array[first : first + step]


def _chunk_frames(array: Any) -> int:  # noqa: ANN401 - zarr and h5py have no types
    return int(array.chunks[0]) if array.chunks else 1


def _within(wanted: slice, size: int) -> tuple[int, int]:
    first, stop, step = wanted.indices(size)
    if step != 1:
        raise ValueError(f"rows and columns are read without leaving any out, not by steps of {step}")
    return first, max(first, stop)


def _binned(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    n_frames, height, width = picture.shape
    tiles = picture.reshape(n_frames, height // size, size, width // size, size)
    mean: NDArray[np.float32] = tiles.mean(axis=(2, 4), dtype=np.float32)
    return mean


@contextmanager
def _opened(file: str, path: str) -> Iterator[Any]:
    """An array of an NWB file. HDF5 is closed again: a file that stays open cannot be read in another way."""
    if Path(file).is_dir():
        yield _store_array(file, path)
        return
    with h5py.File(file, mode="r") as opened:
        yield opened[path]


@lru_cache(maxsize=4)
def _store_array(store: str, path: str) -> Any:  # noqa: ANN401 - zarr has no types
    """An array of a Zarr store, opened once in each process."""
    return zarr.open_array(store, mode="r", path=path or None)
