"""One image of a stack in a source file, read when it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from hdmf.data_utils import AbstractDataChunkIterator, DataChunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK_BYTES = 10_000_000


class LazyImage(AbstractDataChunkIterator):  # type: ignore[misc] # hdmf has no types
    """The image ``stack[index]`` of an array of shape (image, y, x), in bands of rows of about 10 MB.

    A movie of 900 images as float64 is 17 GB: no more than one band of it is ever in memory.

    Parameters
    ----------
    stack : array-like
        ``h5py.Dataset``, ``zarr.Array`` or numpy array.
    index : int

    Examples
    --------
    >>> LazyImage(np.zeros((3, 4, 5)), 1)[:2].shape
    (2, 5)
    """

    def __init__(self, stack: Any, index: int) -> None:  # noqa: ANN401 - of either backend
        self._stack = stack
        self._index = index
        self._first = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """(y, x)."""
        return tuple(self._stack.shape[1:])

    maxshape = shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """As the stack has it."""
        dtype: np.dtype[Any] = np.dtype(self._stack.dtype)
        return dtype

    @property
    def ndim(self) -> int:
        """2."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:  # noqa: ANN401 - whatever numpy takes
        part: NDArray[Any] = np.asarray(self._stack[self._index])[key]
        return part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401, FBT001 - numpy's
        return np.array(self._stack[self._index], dtype=dtype, copy=copy)

    def __iter__(self) -> Self:
        self._first = 0
        return self

    def __next__(self) -> DataChunk:
        height, width = self.shape
        first = self._first
        if first >= height:
            raise StopIteration
        stop = self._first = min(first + self.recommended_chunk_shape()[0], height)
        return DataChunk(np.asarray(self._stack[self._index, first:stop]), np.s_[first:stop, 0:width])

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        """Whole rows."""
        height, width = self.shape
        return max(1, min(height, _CHUNK_BYTES // max(1, width * self.dtype.itemsize))), width

    def recommended_data_shape(self) -> tuple[int, ...]:
        """Shape of the image."""
        return self.shape
