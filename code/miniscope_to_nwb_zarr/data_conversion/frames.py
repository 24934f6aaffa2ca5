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
from itertools import repeat
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numcodecs.blosc
import numpy as np
import xxhash
import zarr

from miniscope_to_nwb_zarr.sources.avi import NotAnAviError
from miniscope_to_nwb_zarr.sources.video import DecodedFrame, UndecodableError, VideoFile, listen_to_decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from typing_extensions import Buffer

    from miniscope_to_nwb_zarr.core.model import Segment

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


@dataclass(frozen=True, slots=True)
class SlabReport:
    """What came of a task."""

    first: int
    digests: bytes
    """8 bytes for each frame: xxh3 of its pixels as they lie in the store."""
    damaged: tuple[tuple[int, bool], ...] = ()
    """Frames that the decoder complained of: number in the series, and whether there is a picture of it at all."""
    objects: tuple[tuple[str, int, str], ...] = ()
    """Key, size in bytes and sha256 of each chunk written."""
    n_bytes: int = 0


class _HashingStore(zarr.DirectoryStore):  # type: ignore[misc]
    """A directory store that hashes each object as it is written, while it is still in memory."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.written: list[tuple[str, int, str]] = []

    def __setitem__(self, key: str, value: Buffer) -> None:
        data = memoryview(value).cast("B")
        super().__setitem__(key, data)
        self.written.append((key, data.nbytes, hashlib.sha256(data).hexdigest()))


@dataclass(slots=True)
class _WorkerState:
    videos: OrderedDict[tuple[str, bool], VideoFile] = field(default_factory=OrderedDict)
    buffer: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))


_state = _WorkerState()


def start_worker() -> None:
    """Prepare a worker process: one thread each, the parent alone answers to the terminal's interrupt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    numcodecs.blosc.use_threads = False
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
    store = _HashingStore(task.array)
    array = zarr.open_array(store, mode="r+")
    frames = _decoded(task)
    damaged: list[tuple[int, bool]] = []
    digests = bytearray()
    for first, stop in _slabs(task, array):
        block = _block((stop - first, *array.shape[1:]), array.dtype)
        for k, frame in zip(range(stop - first), frames, strict=False):
            picture = usable_picture(frame, block.shape[1:], block.dtype)
            if picture is None:
                block[k] = 0
                damaged.append((first + k, False))
            else:
                block[k] = picture
                if frame.is_damaged:
                    damaged.append((first + k, True))
            digests += xxhash.xxh3_64_digest(block[k])
        array[first:stop] = block
    n_bytes = (task.stop - task.first) * int(np.prod(array.shape[1:])) * array.dtype.itemsize
    return SlabReport(task.first, bytes(digests), tuple(damaged), tuple(store.written), n_bytes)


def read_slab(task: SlabTask) -> SlabReport:
    """Read the frames of a task back from the store and digest each."""
    array = zarr.open_array(task.array, mode="r")
    digests = bytearray()
    n_bytes = 0
    for first, stop in _slabs(task, array):
        block = _block((stop - first, *array.shape[1:]), array.dtype)
        array.get_basic_selection(slice(first, stop), out=block)
        n_bytes += block.nbytes
        for frame in block:
            digests += xxhash.xxh3_64_digest(frame)
    return SlabReport(task.first, bytes(digests), n_bytes=n_bytes)


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
