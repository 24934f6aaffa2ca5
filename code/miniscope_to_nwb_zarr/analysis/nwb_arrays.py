"""Arrays of results as the writers of NWB want them: in chunks, compressed, large ones read as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from hdmf.backends.hdf5 import H5DataIO
from hdmf.data_utils import AbstractDataChunkIterator, DataChunk
from hdmf_zarr import ZarrDataIO

from miniscope_to_nwb_zarr.core.chunking import plan_chunks
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_array, encode_frames

if TYPE_CHECKING:
    from hdmf.data_utils import DataIO
    from numpy.typing import NDArray
    from pynwb import TimeSeries

    from miniscope_to_nwb_zarr.analysis.contract import Movie
    from miniscope_to_nwb_zarr.analysis.crop import Crop

_CHUNK_BYTES = 8_000_000
_CHUNK_FRAMES_BYTES = 12_000_000
_GZIP_LEVEL = 1
_LEVEL = 1
_ROUNDING_SHARE = 0.02
"""Of the variance of the noise: what rounding may add to it."""
_OVERSHOOT = 0.05
"""Of the range of a movie: by so much sums of neighbours may lie beyond what a sensor can give, and are cut off."""
_SAMPLE_FRAMES = 64


class Wrap:
    """Wraps arrays for one format.

    Parameters
    ----------
    backend : str
        ``zarr`` or ``hdf5``.
    """

    def __init__(self, backend: str) -> None:
        self._is_zarr = backend == "zarr"

    def values(self, values: NDArray[Any]) -> DataIO | NDArray[Any]:
        """An array of results; of long ones a chunk holds all columns of some rows."""
        if values.size == 0:
            return values
        row_bytes = max(1, values[:1].nbytes)
        chunks = (max(1, min(len(values), _CHUNK_BYTES // row_bytes)), *values.shape[1:])
        if self._is_zarr:
            encoding = encode_array(_LEVEL, values.ndim, values.dtype)
            return ZarrDataIO(
                data=values,
                chunks=chunks,
                compressor=encoding.compressor,
                filters=list(encoding.filters) or None,
            )
        return H5DataIO(data=values, chunks=chunks, compression="gzip", compression_opts=_GZIP_LEVEL, shuffle=True)

    def movie(self, movie: RoundedMovie) -> DataIO:
        """A movie that is read while it is written."""
        chunks = movie.recommended_chunk_shape()
        if self._is_zarr:
            encoding = encode_frames(_LEVEL, chunks, movie.dtype)
            return ZarrDataIO(
                data=movie,
                chunks=chunks,
                compressor=encoding.compressor,
                filters=list(encoding.filters) or None,
                fillvalue=0,
            )
        return H5DataIO(
            data=movie, chunks=chunks, compression="gzip", compression_opts=_GZIP_LEVEL, shuffle=True, fletcher32=True
        )


class RoundedMovie(AbstractDataChunkIterator):  # type: ignore[misc] # hdmf has no types
    """A corrected movie as whole numbers of shape (frame, x, y): what it says is ``number * step + offset``.

    Rounding adds at most a fiftieth to the variance of the noise: the step is the largest power of two that keeps to
    that, 1 for frames of 8 bits as scopes record them. All computing is done on the movie before it is rounded.

    Parameters
    ----------
    movie : Movie
    """

    def __init__(self, movie: Movie) -> None:
        self._movie = movie
        self.step, self.offset, self._dtype = _rounding(movie)
        self._plan = plan_chunks(
            (movie.n_frames, movie.width_px, movie.height_px), self._dtype.itemsize, _CHUNK_FRAMES_BYTES
        )
        self._slabs = iter(self._plan.slabs())

    @property
    def shape(self) -> tuple[int, ...]:
        """(frame, x, y)."""
        return self._plan.shape

    maxshape = shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """`uint8` or `uint16`."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return 3

    def __len__(self) -> int:
        return self.shape[0]

    def frames(self, first: int, stop: int) -> NDArray[Any]:
        """The frames ``[first, stop)`` as they are stored."""
        level = (self._movie.read(slice(first, stop)) - np.float32(self.offset)) / np.float32(self.step)
        np.rint(level, out=level)
        np.clip(level, 0, np.iinfo(self._dtype).max, out=level)
        return np.ascontiguousarray(level.astype(self._dtype).transpose(0, 2, 1))

    def slabs(self) -> list[tuple[int, int]]:
        """The runs of frames that fill whole chunks."""
        return self._plan.slabs()

    def __iter__(self) -> Self:
        self._slabs = iter(self._plan.slabs())
        return self

    def __next__(self) -> DataChunk:
        first, stop = next(self._slabs)
        # the writer of HDF5 wants a slice for each axis
        return DataChunk(self.frames(first, stop), (slice(first, stop), *(slice(0, size) for size in self.shape[1:])))

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        """Chunk shape as planned."""
        return self._plan.chunks

    def recommended_data_shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self.shape


def clock_of(series: TimeSeries) -> dict[str, Any]:
    """Arguments that give another series the stamps of this one, by a link where it has any."""
    if series.timestamps is not None:
        return {"timestamps": series}
    return {"starting_time": series.starting_time, "rate": series.rate}


def on_picture(image: NDArray[np.float32], crop: Crop, bin_px: int, width_px: int, height_px: int) -> NDArray[Any]:
    """An image of the analysed part on the whole picture, shape (x, y); NaN where nothing was analysed."""
    whole = np.full((height_px, width_px), np.nan, np.float32)
    fine = np.repeat(np.repeat(image, bin_px, axis=0), bin_px, axis=1)
    whole[crop.top_px : crop.top_px + fine.shape[0], crop.left_px : crop.left_px + fine.shape[1]] = fine
    return np.ascontiguousarray(whole.T)


def _rounding(movie: Movie) -> tuple[float, float, np.dtype[Any]]:
    """Step, offset and dtype of the stored numbers, from frames spread over the movie."""
    spread = np.unique(np.linspace(0, movie.n_frames - 2, _SAMPLE_FRAMES).astype(int))
    pairs = [movie.read(slice(int(k), int(k) + 2)) for k in spread]
    low = min(float(pair.min()) for pair in pairs)
    high = max(float(pair.max()) for pair in pairs)
    # of the difference of two frames the median is 0.67 of the standard deviation, which is that of one by sqrt(2)
    noise = float(np.median([np.median(np.abs(pair[1] - pair[0])) for pair in pairs])) / 0.6745 / np.sqrt(2)
    span = max(high - low, 1e-6)
    coarsest = np.sqrt(12 * _ROUNDING_SHARE) * noise
    finest = 1.5 * span / np.iinfo(np.uint16).max
    step = float(2.0 ** np.floor(np.log2(max(coarsest, finest))))
    if low >= -_OVERSHOOT * span:
        return step, 0.0, np.dtype("u1" if high <= (1 + _OVERSHOOT) * 255 * step else "<u2")
    # what the sample did not show may lie beyond it
    return step, float(np.floor((low - 0.25 * span) / step) * step), np.dtype("<u2")
