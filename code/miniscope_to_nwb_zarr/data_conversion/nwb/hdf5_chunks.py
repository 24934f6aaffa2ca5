"""The chunks of an HDF5 array, decoded here: igzip inflates twice as fast as the zlib that is built into HDF5."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import h5py
import numcodecs
import numpy as np
from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.plan import Box

    Decode = Callable[[bytes], bytes]

_SLACK_BYTES = 4096


def read_box(array: h5py.Dataset, box: Box) -> NDArray[Any]:
    """The values of a box of an array: what ``array[box]`` gives, sooner where its chunks are compressed with gzip.

    Parameters
    ----------
    array : h5py.Dataset
        Any; what is not understood here is left to HDF5.
    box : Box
        First and stop along each axis.
    """
    steps = _decoders(array)
    if not steps:
        return np.asarray(array[tuple(slice(first, stop) for first, stop in box)])
    starts = (range(first - first % side, stop, side) for side, (first, stop) in zip(array.chunks, box, strict=True))
    corners = list(product(*starts))
    if len(corners) == 1:
        return _shared(array, corners[0], box, steps)[1]
    values = np.empty([stop - first for first, stop in box], array.dtype)
    for corner in corners:
        place, part = _shared(array, corner, box, steps)
        values[place] = part
    return values


def _shared(
    array: h5py.Dataset, corner: tuple[int, ...], box: Box, steps: list[Decode]
) -> tuple[tuple[slice, ...], NDArray[Any]]:
    """What a box and a chunk have in common: its place in the box, and the values."""
    sides = [
        (max(at, first), min(at + side, stop))
        for at, side, (first, stop) in zip(corner, array.chunks, box, strict=True)
    ]
    place = tuple(slice(a - first, b - first) for (a, b), (first, _) in zip(sides, box, strict=True))
    chunk = _decode(array, corner, steps)
    if chunk is None:
        return place, array[tuple(slice(a, b) for a, b in sides)]
    return place, chunk[tuple(slice(a - at, b - at) for (a, b), at in zip(sides, corner, strict=True))]


def _decoders(array: h5py.Dataset) -> list[Decode]:
    """What undoes each filter of an array, in the order in which HDF5 applied them; empty where it is left to HDF5."""
    if array.chunks is None or array.dtype.kind not in "iuf" or not array.size:
        return []
    properties = array.id.get_create_plist()
    codes = [properties.get_filter(at)[0] for at in range(properties.get_nfilters())]
    known: dict[int, Decode] = {
        h5py.h5z.FILTER_SHUFFLE: numcodecs.Shuffle(array.dtype.itemsize).decode,
        h5py.h5z.FILTER_DEFLATE: lambda data: _inflate(data, _n_bytes(array)),
        h5py.h5z.FILTER_FLETCHER32: numcodecs.Fletcher32().decode,
    }
    if h5py.h5z.FILTER_DEFLATE not in codes or not known.keys() >= set(codes):
        return []
    return [known[code] for code in codes]


def _decode(array: h5py.Dataset, corner: tuple[int, ...], steps: list[Decode]) -> NDArray[Any] | None:
    """A whole chunk; None where there is none or it is damaged, which HDF5 then says in its own words."""
    stored = array.id.get_chunk_info_by_coord(corner)
    # a chunk that was never written has no place; one that is far longer than its values is damage
    if stored.byte_offset is None or stored.size > 2 * _n_bytes(array) + _SLACK_BYTES:
        return None
    try:
        skipped, data = array.id.read_direct_chunk(corner)
        for at, step in reversed(list(enumerate(steps))):
            if not skipped >> at & 1:
                data = step(data)
    except (OSError, RuntimeError, ValueError, isal_zlib.error):  # type: ignore[misc] # isal's types take it for an instance
        return None
    if len(memoryview(data).cast("B")) != _n_bytes(array):
        return None
    return np.frombuffer(data, array.dtype).reshape(array.chunks)


def _inflate(data: bytes, n_bytes: int) -> bytes:
    """At most so many bytes and a checksum: what was packed to take all memory is not unpacked."""
    stream = isal_zlib.decompressobj()
    inflated = stream.decompress(data, n_bytes + _SLACK_BYTES)
    if not stream.eof:
        raise ValueError("more bytes than a chunk has")
    return inflated


def _n_bytes(array: h5py.Dataset) -> int:
    return int(math.prod(array.chunks) * array.dtype.itemsize)
