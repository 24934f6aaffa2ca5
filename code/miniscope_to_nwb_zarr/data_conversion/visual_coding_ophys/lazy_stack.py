"""Images of one size as one array, read a few at a time when they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from hdmf.data_utils import AbstractDataChunkIterator, DataChunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CHUNK_BYTES = 10_000_000


class LazyStack(AbstractDataChunkIterator):  # type: ignore[misc] # hdmf has no types
    """An array of shape (image, y, x), of which no more than about 10 MB are ever in memory.

    Parameters
    ----------
    images : sequence of array-like
        At least one, all of one shape and dtype: ``h5py.Dataset``, ``zarr.Array`` or numpy arrays.

    Examples
    --------
    >>> stack = LazyStack([np.zeros((4, 5)), np.ones((4, 5))])
    >>> stack.shape, next(stack).data.sum()
    ((2, 4, 5), np.float64(20.0))
    """

    def __init__(self, images: Sequence[Any]) -> None:
        self._images = images
        self._next = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """(image, y, x)."""
        return (len(self._images), *self._images[0].shape)

    maxshape = shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the images."""
        dtype: np.dtype[Any] = self._images[0].dtype
        return dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, key: Any) -> NDArray[Any]:  # noqa: ANN401 - whatever numpy takes
        first, *rest = key if isinstance(key, tuple) else (key,)
        wanted = np.arange(len(self))[first]
        if wanted.ndim == 0:
            image: NDArray[Any] = np.asarray(self._images[int(wanted)][:])[tuple(rest)]
            return image
        stacked = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for k, index in enumerate(wanted.tolist()):
            stacked[k] = self._images[index][:]
        taken: NDArray[Any] = stacked[(slice(None), *rest)]
        return taken

    def __iter__(self) -> Self:
        self._next = 0
        return self

    def __next__(self) -> DataChunk:
        first = self._next
        if first >= len(self):
            raise StopIteration
        stop = self._next = min(first + self.recommended_chunk_shape()[0], len(self))
        # the writer of HDF5 wants a slice for each axis
        return DataChunk(self[first:stop], (slice(first, stop), *(slice(0, size) for size in self.shape[1:])))

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        """Whole images, as many as make about 10 MB."""
        image_bytes = max(1, int(np.prod(self.shape[1:]))) * self.dtype.itemsize
        return (max(1, min(len(self), _CHUNK_BYTES // image_bytes)), *self.shape[1:])

    def recommended_data_shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self.shape
