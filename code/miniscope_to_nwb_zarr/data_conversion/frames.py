"""What a worker process does: decode a slab of frames, encode its chunks, write them; later read them back.

Frames never cross a process. A worker imports PyAV, numcodecs, zarr and numpy and nothing else, so that it is up in
half a second and stays small.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import product, repeat
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numcodecs.blosc
import numpy as np
import xxhash
import zarr

from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references
from miniscope_to_nwb_zarr.qc.frame_sums import NO_PICTURE, FrameSums, level_of
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.avi import NotAnAviError
from miniscope_to_nwb_zarr.sources.video import DecodedFrame, UndecodableError, VideoFile, listen_to_decoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import Segment
    from miniscope_to_nwb_zarr.qc.sampling import Sampling

DIGEST_BYTES = 8
_OPEN_FILES = 2


@dataclass(frozen=True, slots=True)
class SlabTask:
    """Frames ``[first, stop)`` of a series, some slabs that each fill whole chunks of the array at `array`."""

    array: str
    first: int
    stop: int
    segments: tuple[Segment, ...]
    """Where these frames are, in order."""
    as_color: bool = False
    white: int = 255
    """The largest value that a pixel can have."""
    sampling: Sampling | None = None
    """Which frames to look at closely; None: none of them."""


@dataclass(frozen=True, slots=True)
class ChunkWritten:
    """A chunk of frames as it was written."""

    key: str
    size_bytes: int
    sha256: str
    """Of the object in the store."""
    digest: bytes
    """xxh3 of what went into the compressor."""


@dataclass(frozen=True, slots=True)
class SlabReport:
    """What came of a task."""

    first: int
    digests: bytes
    """8 bytes for each frame: xxh3 of its pixels as they lie in the store. Reading back, of the first slab only."""
    damaged: tuple[tuple[int, bool], ...] = ()
    """Frames that the decoder complained of: number in the series, and whether there is a picture of it at all."""
    written: tuple[ChunkWritten, ...] = ()
    read: tuple[tuple[str, bytes], ...] = ()
    """Key of each chunk read back, and xxh3 of what came out of the decompressor."""
    n_bytes: int = 0
    levels: tuple[tuple[int, int], ...] = ()
    """Of each frame that was written the sum of its values, and how many of them are the largest there is."""
    sums: FrameSums | None = None
    """What was seen of the frames that were looked at closely; damaged ones are not."""


@dataclass(slots=True)
class _WorkerState:
    videos: OrderedDict[tuple[str, bool], VideoFile] = field(default_factory=OrderedDict)
    buffer: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))


_state = _WorkerState()


def start_worker(raised: Mapping[str, int]) -> None:
    """Prepare a worker process: one thread each, the parent alone answers to the terminal's interrupt.

    Parameters
    ----------
    raised : mapping of str to int
        The limits that were chosen for the run.
    """
    limits.choose(raised)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    numcodecs.blosc.use_threads = False
    admit_only_references()
    listen_to_decoder()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone: killed, it cannot tell its workers to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def write_slab(task: SlabTask) -> SlabReport:
    """Decode the frames of a task and write their chunks.

    A frame that cannot be decoded keeps its place and is stored as zeros; a frame that the decoder mended is stored
    as the decoder gave it. Both are reported.
    """
    array = zarr.open_array(task.array, mode="r+")
    frames = _decoded(task)
    damaged: list[tuple[int, bool]] = []
    written: list[ChunkWritten] = []
    digests = bytearray()
    levels: list[tuple[int, int]] = []
    sums = _no_sums(task, array)
    for first, stop in _slabs(task, array):
        block = _block((stop - first, *array.shape[1:]), array.dtype)
        for k, frame in zip(range(stop - first), frames, strict=False):
            picture = usable_picture(frame, block.shape[1:], block.dtype)
            block[k] = 0 if picture is None else picture
            if picture is None or frame.is_damaged:
                damaged.append((first + k, picture is not None))
            digests += xxhash.xxh3_64_digest(block[k])
            levels.append((NO_PICTURE, 0) if picture is None else level_of(block[k], task.white))
            if task.sampling and sums and picture is not None and not frame.is_damaged:
                sums.look(first + k, block[k], task.sampling)
        written += [_write_chunk(array, key, block[place]) for key, place in _chunks_of_slab(array, first)]
    return SlabReport(
        task.first,
        bytes(digests),
        tuple(damaged),
        tuple(written),
        n_bytes=_n_bytes(task, array),
        levels=tuple(levels),
        sums=sums,
    )


def _no_sums(task: SlabTask, array: zarr.Array) -> FrameSums | None:
    if task.sampling is None:
        return None
    n_looks = 1 + (task.stop - task.first) // task.sampling.step
    return FrameSums.of_none(array.shape[1:], array.dtype, task.sampling, n_looks)


def _write_chunk(array: zarr.Array, key: str, pixels: NDArray[Any]) -> ChunkWritten:
    """Encode and write one chunk as zarr does, and digest it on both sides of the compressor."""
    data = pixels
    if pixels.shape != array.chunks:
        data = np.zeros(array.chunks, array.dtype)
        data[tuple(slice(size) for size in pixels.shape)] = pixels
    data = np.ascontiguousarray(data)
    for codec in array.filters or ():
        data = codec.encode(data)
    encoded = array.compressor.encode(data)
    array.store[key] = encoded
    digest = xxhash.xxh3_64_digest(data.data)
    return ChunkWritten(key, len(encoded), hashlib.sha256(encoded).hexdigest(), digest)


def read_slab(task: SlabTask) -> SlabReport:
    """Read the chunks of a task back from the store and digest each; read its first slab as any reader would.

    Every chunk is decompressed. Undoing the differences between pixels takes twice as long again and cannot fail by
    itself: it is done, through zarr, for the first slab of each task.
    """
    array = zarr.open_array(task.array, mode="r")
    read = []
    for first, _ in _slabs(task, array):
        for key, _ in _chunks_of_slab(array, first):
            read.append((key, _digest_of_chunk(array, key)))
    if not all(digest for _, digest in read):
        return SlabReport(task.first, b"", read=tuple(read))
    first, stop = next(_slabs(task, array))
    block = _block((stop - first, *array.shape[1:]), array.dtype)
    try:
        array.get_basic_selection(slice(first, stop), out=block)
    except (MemoryError, RuntimeError, SystemError, ValueError):
        # a chunk says that it holds fewer bytes than it should, and holds them
        return SlabReport(task.first, b"", read=tuple((key, b"") for key, _ in read))
    digests = b"".join(xxhash.xxh3_64_digest(frame) for frame in block)
    return SlabReport(task.first, digests, read=tuple(read), n_bytes=_n_bytes(task, array))


def _digest_of_chunk(array: zarr.Array, key: str) -> bytes:
    """The digest of a chunk as it comes out of the decompressor; empty where there is none or it cannot be decoded."""
    try:
        return xxhash.xxh3_64_digest(array.compressor.decode(array.store[key]))
    except (KeyError, MemoryError, RuntimeError, SystemError, ValueError):
        return b""


def digest_source(task: SlabTask) -> SlabReport:
    """Decode the frames of a task again and digest them as they would lie in the store, without writing."""
    array = zarr.open_array(task.array, mode="r")
    black = np.zeros(array.shape[1:], array.dtype)
    digests = bytearray()
    for frame in _decoded(task):
        picture = usable_picture(frame, black.shape, black.dtype)
        digests += xxhash.xxh3_64_digest((black if picture is None else np.ascontiguousarray(picture)).data)
    return SlabReport(task.first, bytes(digests), n_bytes=black.nbytes * (task.stop - task.first))


def usable_picture(frame: DecodedFrame, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The frame as shape (x, y); None where there is no picture, or one of another size or depth than the series."""
    if frame.array is None or frame.array.dtype != dtype:
        return None
    picture = frame.array.swapaxes(0, 1)
    return picture if picture.shape == shape else None


def _slabs(task: SlabTask, array: zarr.Array) -> Iterator[tuple[int, int]]:
    step = array.chunks[0]
    for first in range(task.first, task.stop, step):
        yield first, min(first + step, task.stop)


def _chunks_of_slab(array: zarr.Array, first: int) -> Iterator[tuple[str, tuple[slice, ...]]]:
    """Key of each chunk of the slab that begins at frame `first`, and its place in the slab."""
    grid = [range(-(-size // chunk)) for size, chunk in zip(array.shape[1:], array.chunks[1:], strict=True)]
    for place in product(*grid):
        key = ".".join(str(number) for number in (first // array.chunks[0], *place))
        sides = (slice(k * chunk, (k + 1) * chunk) for k, chunk in zip(place, array.chunks[1:], strict=True))
        yield key, (slice(None), *sides)


def _n_bytes(task: SlabTask, array: zarr.Array) -> int:
    return (task.stop - task.first) * int(np.prod(array.shape[1:])) * int(array.dtype.itemsize)


def _decoded(task: SlabTask) -> Iterator[DecodedFrame]:
    for segment in task.segments:
        try:
            video = _open(segment.path, as_color=task.as_color)
        except (UndecodableError, NotAnAviError):
            yield from repeat(DecodedFrame(None, is_damaged=True), segment.n_frames)
            continue
        for index in range(segment.first_in_file, segment.first_in_file + segment.n_frames):
            yield video.read(index)


def _open(path: Path, *, as_color: bool) -> VideoFile:
    key = (str(path), as_color)
    if key not in _state.videos:
        while len(_state.videos) >= _OPEN_FILES:
            _state.videos.popitem(last=False)[1].close()
        _state.videos[key] = VideoFile(Path(path), as_color=as_color)
    _state.videos.move_to_end(key)
    return _state.videos[key]


def _block(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Memory for a slab, used again for the next: fresh pages cost more than the transposition that fills them."""
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    if len(_state.buffer) < n_bytes:
        _state.buffer = np.empty(n_bytes, np.uint8)
    return _state.buffer[:n_bytes].view(dtype).reshape(shape)
