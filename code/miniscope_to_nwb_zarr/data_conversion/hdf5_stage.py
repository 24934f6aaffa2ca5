"""Write the session as one HDF5 file instead of a store: frames by the workers first, then copied in by one process.

HDF5 has one writer. The workers decode into zarr arrays all the same, so that decoding runs on every core; the file
takes gzip, the one fast-enough codec that every HDF5 reader has.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import h5py
import xxhash
import zarr
from hdmf.backends.hdf5 import H5DataIO
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.core.output_names import SUFFIXES
from miniscope_to_nwb_zarr.data_conversion.cached_specs import GROUP, unused_specs
from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask
from miniscope_to_nwb_zarr.data_conversion.lazy_frames import LazyFrames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries

SUFFIX = SUFFIXES["hdf5"]
_GZIP_LEVEL = 1
_ERRNO = re.compile(r"errno = (\d+)")


def series_data(series: FrameSeries, _level: int, filled: Path | None) -> H5DataIO:
    """The `data` of a series for HDF5, read from the array that the workers fill."""

    def read(first: int, stop: int) -> NDArray[Any]:
        frames: NDArray[Any] = zarr.open_array(str(filled), mode="r")[first:stop]
        return frames

    return H5DataIO(
        data=LazyFrames(series, read),
        chunks=series.plan.chunks,
        compression="gzip",
        compression_opts=_GZIP_LEVEL,
        fletcher32=True,
    )


def table_data(values: NDArray[Any]) -> H5DataIO:
    """A small array for HDF5."""
    return H5DataIO(data=values, compression="gzip" if values.size else None)


def write_store(nwbfile: NWBFile, store: Path, _series: Sequence[FrameSeries], _frames: Path) -> None:
    """Write the file, frames included."""
    try:
        with h5py.File(store, mode="w") as file, NWBHDF5IO(file=file, mode="w") as io:
            io.write(nwbfile)
            for name in unused_specs(nwbfile, file[GROUP]):
                del file[GROUP][name]
    except RuntimeError as error:
        # what fails while a file is closed is told in words only, the system's error number among them
        number = _ERRNO.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(store)) from error


def open_store(store: Path) -> NWBHDF5IO:
    """Open a file as any reader would."""
    return NWBHDF5IO(str(store), mode="r")


def start_reading(series: Sequence[FrameSeries], store: Path, pool: Pool) -> Iterator[tuple[SlabTask, SlabReport]]:
    """Read every frame back from the file."""
    with h5py.File(store, mode="r") as file:
        for one in series:
            for task in one.tasks(store / one.path, pool.workers):
                digests = bytearray()
                n_bytes = 0
                for first in range(task.first, task.stop, one.plan.chunks[0]):
                    block = file[one.path][first : min(first + one.plan.chunks[0], task.stop)]
                    n_bytes += block.nbytes
                    for frame in block:
                        digests += xxhash.xxh3_64_digest(frame)
                yield task, SlabReport(task.first, bytes(digests), n_bytes=n_bytes)


def known_objects(_path: str, _written: WrittenSeries) -> dict[str, tuple[int, str]]:
    """Nothing: the file is hashed when it is finished."""
    return {}
