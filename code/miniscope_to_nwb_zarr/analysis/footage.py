"""A movie read in tiles of the picture, some frames at a time: memory is that of a tile, whatever the length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.movie import frames_in_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie

BIN_FRAMES = 4
"""So many frames are averaged to one while the background of cells is looked for."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def disc(self, row: int, column: int, radius: float) -> NDArray[np.bool_]:
        """Which of its pixels lie within a distance of a pixel, shape (height, width)."""
        down, right = np.ogrid[self.top - row : self.bottom - row, self.left - column : self.right - column]
        return np.asarray(down**2 + right**2 <= radius**2)

    def holds(self, row: int, column: int) -> bool:
        """Whether a pixel lies in it."""
        return self.top <= row < self.bottom and self.left <= column < self.right

    def wider(self, border: int, picture: tuple[int, int]) -> Box:
        """With a border, as far as the picture goes."""
        return Box(
            max(0, self.top - border),
            min(picture[0], self.bottom + border),
            max(0, self.left - border),
            min(picture[1], self.right + border),
        )

    def shared(self, other: Box) -> Box | None:
        """The part that lies in another box, too."""
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        left, right = max(self.left, other.left), min(self.right, other.right)
        return Box(top, bottom, left, right) if top < bottom and left < right else None

    def within(self, outer: Box) -> tuple[slice, slice]:
        """Its rows and columns, counted from the corner of a box around it."""
        rows = slice(self.top - outer.top, self.bottom - outer.top)
        return rows, slice(self.left - outer.left, self.right - outer.left)

    def pixels(self, width: int) -> NDArray[np.int64]:
        """Numbers of its pixels in a picture of that width, row after row."""
        rows, columns = np.ogrid[self.top : self.bottom, self.left : self.right]
        return np.asarray((rows * width + columns).ravel())


def tiles(picture: tuple[int, int], side: int, step: int = 1) -> list[Box]:
    """Boxes side by side that fill a picture, about `side` high and wide, beginning at multiples of `step`."""
    cuts = []
    for length in picture:
        n_parts = max(1, round(length / side))
        inner = [round(part * length / n_parts / step) * step for part in range(1, n_parts)]
        cuts.append([0, *inner, length])
    rows, columns = (list(pairwise(one)) for one in cuts)
    return [Box(top, bottom, left, right) for top, bottom in rows for left, right in columns]


def whole_steps(most: int, chunk: int) -> int:
    """Frames of a block, so that blocks begin with chunks of the file and with bins of frames, where they can.

    Parameters
    ----------
    most : int
        Frames that a block may hold.
    chunk : int
        Frames of a chunk of the file.
    """
    unit = next(unit for unit in (math.lcm(chunk, BIN_FRAMES), chunk, BIN_FRAMES, 1) if unit <= most)
    return most - most % unit


def read_box(
    movie: Movie, shown: NDArray[np.int64], box: Box, n_values: int
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The frames of a box, some at a time.

    Parameters
    ----------
    n_values : int
        Pixels that are held at once.

    Yields
    ------
    slice
        Which frames.
    float32, shape (frame, height, width)
    """
    rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
    height, width = box.shape
    step = whole_steps(max(1, n_values // (height * width)), frames_in_chunk(movie))
    for first in range(0, movie.n_frames, step):
        block = slice(first, min(first + step, movie.n_frames))
        frames = movie.read(block, rows, columns)
        for place in np.flatnonzero(shown[block] != np.arange(block.start, block.stop)):
            other = int(shown[block][place])
            frames[place] = movie.read(slice(other, other + 1), rows, columns)[0]
        yield block, frames
