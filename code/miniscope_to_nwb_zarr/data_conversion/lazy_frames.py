"""The frames of a series as an array that is read when it is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from hdmf.data_utils import AbstractDataChunkIterator, DataChunk

from miniscope_to_nwb_zarr.data_conversion.frames import usable_picture
from miniscope_to_nwb_zarr.data_conversion.series import cut_segments
from miniscope_to_nwb_zarr.sources.video import VideoFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries

    ReadFrames = Callable[[int, int], NDArray[Any]]


class LazyFrames(AbstractDataChunkIterator):  # type: ignore[misc]
    """An array of shape (frame, x, y) or (frame, x, y, channel), read on demand.

    It can stand as the data of an `NWBFile` in memory. Any NWB writer can write it, one slab after the other; this
    program's own writer fills the array by its workers instead (`written_elsewhere`).

    Parameters
    ----------
    series : FrameSeries
    read : callable
        Gives the frames ``[first, stop)``; decodes the recording's files where not given.

    Examples
    --------
    >>> frames[100:110].shape  # doctest: +SKIP
    (10, 600, 600)
    """

    def __init__(self, series: FrameSeries, read: ReadFrames | None = None) -> None:
        self._series = series
        self._read = read or (lambda first, stop: decode_frames(series, first, stop))
        self._slabs = iter(series.plan.slabs())
        self._is_written_elsewhere = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self._series.plan.shape

    @property
    def maxshape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self._series.plan.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """`uint8` or `uint16`, as the source has it."""
        return self._series.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:  # noqa: ANN401 - whatever numpy takes
        first, *rest = key if isinstance(key, tuple) else (key,)
        wanted = np.arange(len(self))[first]
        if wanted.ndim == 0:
            frame: NDArray[Any] = self._read(int(wanted), int(wanted) + 1)[(0, *rest)]
            return frame
        if len(wanted) == 0:
            return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *rest)]
        low, high = int(wanted.min()), int(wanted.max()) + 1
        return self._read(low, high)[wanted - low][(slice(None), *rest)]

    def __iter__(self) -> Self:
        self._slabs = iter(self._series.plan.slabs())
        return self

    def __next__(self) -> DataChunk:
        if self._is_written_elsewhere:
            raise StopIteration
        first, stop = next(self._slabs)
        # the writer of HDF5 wants a slice for each axis
        return DataChunk(self._read(first, stop), (slice(first, stop), *(slice(0, size) for size in self.shape[1:])))

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        """Chunk shape as planned."""
        return self._series.plan.chunks

    def recommended_data_shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self._series.plan.shape

    @staticmethod
    @contextmanager
    def written_elsewhere(arrays: Iterable[LazyFrames]) -> Iterator[None]:
        """Within this context a writer makes the arrays and fills in no frames."""
        chosen = list(arrays)
        for array in chosen:
            array._is_written_elsewhere = True  # noqa: SLF001 - its own class
        try:
            yield
        finally:
            for array in chosen:
                array._is_written_elsewhere = False  # noqa: SLF001


def decode_frames(series: FrameSeries, first: int, stop: int) -> NDArray[Any]:
    """Decode the frames ``[first, stop)`` of a series; a frame that cannot be decoded is zeros."""
    frames = np.zeros((stop - first, *series.plan.shape[1:]), series.dtype)
    k = 0
    for segment in cut_segments(series.stream.segments, first, stop):
        with VideoFile(segment.path, as_color=series.as_color) as video:
            for index in range(segment.first_in_file, segment.first_in_file + segment.n_frames):
                picture = usable_picture(video.read(index), frames.shape[1:], frames.dtype)
                if picture is not None:
                    frames[k] = picture
                k += 1
    return frames
