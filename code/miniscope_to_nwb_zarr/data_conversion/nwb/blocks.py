"""What a worker process does for an NWB file: copy boxes of a large array into chunks, and read them back.

Values never cross a process on the way into a Zarr store. Into HDF5, which has one writer, compressed chunks do.
"""

from __future__ import annotations

import hashlib
import zlib
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numcodecs
import numpy as np
import xxhash
import zarr

from miniscope_to_nwb_zarr.data_conversion.nwb import hdf5_chunks
from miniscope_to_nwb_zarr.data_conversion.nwb.damage import explaining

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.plan import Box


GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Place:
    """An array in a file."""

    file: str
    path: str
    """Inside the file."""
    is_zarr: bool


@dataclass(frozen=True, slots=True)
class BoxTask:
    """A box of an array to copy, or to read back."""

    source: Place
    target: Place
    box: Box
    dtype: np.dtype[Any]
    """Of the target."""
    chunks: tuple[int, ...]
    """Of the target."""


@dataclass(frozen=True, slots=True)
class ChunkWritten:
    """One chunk of the target."""

    corner: tuple[int, ...]
    size_bytes: int
    sha256: str
    """Of the object in a store; empty for HDF5."""
    encoded: bytes
    """What the file is to hold; empty for Zarr, where the worker has written it."""

    def key(self, chunks: tuple[int, ...]) -> str:
        """Name of the object in a store whose chunks have this shape."""
        return ".".join(str(at // chunk) for at, chunk in zip(self.corner, chunks, strict=True))


@dataclass(frozen=True, slots=True)
class BoxReport:
    """What came of a task."""

    digest: str
    """xxh3-128 of the values of the box, as the target has them."""
    n_bytes: int
    written: tuple[ChunkWritten, ...] = ()


def copy_box(task: BoxTask) -> BoxReport:
    """Read a box from the source and write it in chunks, digesting the values before they are put together."""
    hasher = xxhash.xxh3_128()
    array = zarr.open_array(f"{task.target.file}/{task.target.path}", mode="r+") if task.target.is_zarr else None
    with explaining(Path(task.source.file), task.source.path), _opened(task.source) as source:
        order: Literal["C", "F"] = array.order if array is not None else "C"
        block = np.empty([stop - first for first, stop in task.box], task.dtype, order)
        for piece in _pieces(task.box, source.chunks):
            found = source[_slices(piece)] if task.source.is_zarr else hdf5_chunks.read_box(source, piece)
            values = np.ascontiguousarray(found, dtype=block.dtype)
            hasher.update(values.view(np.uint8).reshape(-1).data)
            block[_slices(piece, task.box)] = values
    written = tuple(_write_chunks(task, array, block))
    return BoxReport(hasher.hexdigest(), block.nbytes, written)


def read_box(task: BoxTask) -> BoxReport:
    """Read a box back from the target as any reader would, and digest it in the order in which it was copied."""
    hasher = xxhash.xxh3_128()
    with _opened(task.source) as source:
        pieces = list(_pieces(task.box, source.chunks))
    with _opened(task.target) as target:
        block = target[_slices(task.box)]
    for piece in pieces:
        values = np.ascontiguousarray(block[_slices(piece, task.box)])
        hasher.update(values.view(np.uint8).reshape(-1).data)
    return BoxReport(hasher.hexdigest(), block.nbytes)


def _pieces(box: Box, chunks: tuple[int, ...] | None) -> Iterator[Box]:
    """The parts of a box that the source holds in one piece each.

    A narrow chunk that goes straight into a wide block is scattered value by value; as a piece of its own it is read at
    once, and numpy puts it into its place.
    """
    if chunks is None or all(chunk >= stop - first for chunk, (first, stop) in zip(chunks[1:], box[1:], strict=True)):
        yield box
        return
    steps = (range(first - first % chunk, stop, chunk) for chunk, (first, stop) in zip(chunks, box, strict=True))
    for corner in product(*steps):
        yield tuple(
            (max(at, first), min(at + chunk, stop))
            for at, chunk, (first, stop) in zip(corner, chunks, box, strict=True)
        )


def _slices(box: Box, inside: Box | None = None) -> tuple[slice, ...]:
    origin = [first for first, _ in inside] if inside else [0] * len(box)
    return tuple(slice(first - zero, stop - zero) for (first, stop), zero in zip(box, origin, strict=True))


def _write_chunks(task: BoxTask, array: zarr.Array | None, block: NDArray[Any]) -> Iterator[ChunkWritten]:
    steps = (range(first, stop, chunk) for (first, stop), chunk in zip(task.box, task.chunks, strict=True))
    ends = [stop for _, stop in task.box]
    for corner in product(*steps):
        sides = tuple((at, min(at + chunk, end)) for at, chunk, end in zip(corner, task.chunks, ends, strict=True))
        values = block[_slices(sides, task.box)]
        if array is None:
            yield ChunkWritten(corner, 0, "", encode_hdf5(_whole(values, task.chunks, "C")))
            continue
        data = _whole(values, task.chunks, array.order)
        for codec in array.filters or ():
            data = codec.encode(data)
        encoded = array.compressor.encode(data)
        chunk = ChunkWritten(corner, len(encoded), hashlib.sha256(encoded).hexdigest(), b"")
        array.store[chunk.key(task.chunks)] = encoded
        yield chunk


def _whole(values: NDArray[Any], chunks: tuple[int, ...], order: Literal["C", "F"]) -> NDArray[Any]:
    """The values of a chunk in the order of its memory; at the array's edge filled up with zeros."""
    if values.shape == chunks:
        return np.asarray(values, order=order)
    filled = np.zeros(chunks, values.dtype, order)
    filled[tuple(slice(size) for size in values.shape)] = values
    return filled


def encode_hdf5(values: NDArray[Any]) -> bytes:
    """A chunk as the filters shuffle, gzip and fletcher32 of HDF5 would make it."""
    shuffled = numcodecs.Shuffle(values.dtype.itemsize).encode(values.view(np.uint8).reshape(-1))
    return bytes(numcodecs.Fletcher32().encode(zlib.compress(shuffled, GZIP_LEVEL)))


@contextmanager
def _opened(place: Place) -> Iterator[Any]:
    if place.is_zarr:
        yield zarr.open_array(f"{place.file}/{place.path}", mode="r")
    else:
        with closing(h5py.File(place.file, "r", locking=False)) as file:
            yield file[place.path]
