"""Sums over frames, taken by the workers and added up by the parent: whole numbers, and so the same in every order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.sampling import Sampling

NO_PICTURE = -1
"""In place of the sum of a frame of which there is no picture."""
# so many values of 8 bits add up to one of 16
_ROWS_OF_8_BITS = 257
_STEPS_OF_MEAN = 8


def level_of(frame: NDArray[Any], white: int) -> tuple[int, int]:
    """The sum of all values of a frame, and how many of them are `white`, the largest one there is.

    Examples
    --------
    >>> level_of(np.array([[7, 255], [255, 0]], np.uint8), 255)
    (517, 2)
    """
    # most frames have no such value, which takes half the time to tell that it takes to count them
    n_white = int(np.count_nonzero(frame == white)) if frame.max(initial=0) >= white else 0
    if frame.dtype != np.uint8:
        return int(np.add.reduce(frame, axis=None, dtype=np.uint64)), n_white
    blocks = range(0, len(frame), _ROWS_OF_8_BITS)
    sums = (np.add.reduce(frame[row : row + _ROWS_OF_8_BITS], axis=0, dtype=np.uint16) for row in blocks)
    return sum(int(np.add.reduce(some, axis=None, dtype=np.uint64)) for some in sums), n_white


@dataclass(slots=True, eq=False)
class FrameSums:
    """What was seen of some frames of a series, each of shape (x, y).

    Attributes
    ----------
    largest : uint8 or uint16, shape (x, y)
        The largest value of each pixel.
    total : whole numbers, shape (x, y)
        The sum of the values of each pixel.
    small : whole numbers, shape (5, x / small, y / small)
        Of the small pictures: the sum of the values, of their squares, of the products with the pixel of the next x,
        with the pixel of the next y, and with the mean of the picture in eighths of a level.
    means : list of int
        The sum over the frames of the mean of the small picture, and of its square, in eighths of a level.
    n_frames : int
        Frames that were looked at.
    tiny, preview, examples : dict of int to array
        Pictures by the number of their frame: tiny, small and whole ones.
    """

    largest: NDArray[Any]
    total: NDArray[Any]
    small: NDArray[Any]
    means: list[int] = field(default_factory=lambda: [0, 0])
    n_frames: int = 0
    tiny: dict[int, NDArray[Any]] = field(default_factory=dict)
    preview: dict[int, NDArray[Any]] = field(default_factory=dict)
    examples: dict[int, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of_none(cls, shape: tuple[int, ...], dtype: np.dtype[Any], sampling: Sampling, n_looks: int) -> Self:
        """The sums over no frame, which can become those over `n_looks` frames."""
        white = int(np.iinfo(dtype).max)
        values, products = n_looks * white, n_looks * white * white * _STEPS_OF_MEAN
        small = tuple(side // sampling.small for side in shape)
        return cls(
            largest=np.zeros(shape, dtype),
            total=np.zeros(shape, np.min_scalar_type(values)),
            small=np.zeros((5, *small), np.uint32 if products < 1 << 32 else np.uint64),
        )

    def look(self, number: int, frame: NDArray[Any], sampling: Sampling) -> None:
        """Add what is to be kept of a frame."""
        if number in sampling.examples or number in sampling.spares:
            self.examples[number] = frame.copy()
        if number % sampling.step:
            return
        self.n_frames += 1
        np.maximum(self.largest, frame, out=self.largest)
        np.add(self.total, frame, out=self.total)
        small = binned(frame, sampling.small)
        self._look_at_small(small.astype(self.small.dtype))
        self.tiny[number] = binned(small, sampling.tiny)
        if number in sampling.previewed:
            self.preview[number] = small

    def _look_at_small(self, small: NDArray[Any]) -> None:
        mean = int(small.sum()) * _STEPS_OF_MEAN // max(1, small.size)
        self.means[0] += mean
        self.means[1] += mean * mean
        value, square, next_x, next_y, with_mean = self.small
        value += small
        square += small * small
        next_x[:-1] += small[:-1] * small[1:]
        next_y[:, :-1] += small[:, :-1] * small[:, 1:]
        with_mean += small * small.dtype.type(mean)

    def add(self, more: FrameSums) -> None:
        """Add the sums over other frames."""
        self.n_frames += more.n_frames
        np.maximum(self.largest, more.largest, out=self.largest)
        self.total += more.total
        self.small += more.small
        self.means = [a + b for a, b in zip(self.means, more.means, strict=True)]
        for mine, theirs in ((self.tiny, more.tiny), (self.preview, more.preview), (self.examples, more.examples)):
            mine.update(theirs)


def binned(picture: NDArray[Any], n_pixels: int) -> NDArray[Any]:
    """The picture with the mean of `n_pixels` x `n_pixels` in place of each; pixels left over at the end are left out.

    Shape (x, y) or (x, y, channel).

    Examples
    --------
    >>> binned(np.array([[1, 3, 9], [5, 7, 9], [9, 9, 9]], np.uint8), 2).tolist()
    [[4]]
    """
    if n_pixels == 1:
        return picture.copy()
    x, y = (side // n_pixels * n_pixels for side in picture.shape[:2])
    wide = np.dtype(np.uint16 if picture.dtype == np.uint8 and n_pixels <= 16 else np.uint64)
    rows: NDArray[Any] = picture[:x:n_pixels, :y].astype(wide)
    for k in range(1, n_pixels):
        rows += picture[k:x:n_pixels, :y]
    sums: NDArray[Any] = rows[:, ::n_pixels].copy()
    for k in range(1, n_pixels):
        sums += rows[:, k::n_pixels]
    n_values = wide.type(n_pixels * n_pixels)
    rounded: NDArray[Any] = (sums + n_values // wide.type(2)) // n_values
    return rounded.astype(picture.dtype)


def in_order(pictures: Mapping[int, NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The numbers of frames and their pictures, by number.

    Returns
    -------
    numbers : int64, shape (n,)
    stack : array, shape (n, x, y)
    """
    numbers = sorted(pictures)
    return np.array(numbers, np.int64), np.array([pictures[number] for number in numbers])
