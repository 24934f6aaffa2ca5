"""Candidate codecs and chunk shapes, each tried on frames in memory on one thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numcodecs.blosc
import numpy as np
import zarr
from numcodecs import Blosc, Delta

from benchmark_reading import time_reading
from miniscope_to_nwb_zarr.core.chunking import plan_chunks
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

N_FRAMES = 66
_REPEATS = 3
_FILTERS = {"none": None, "bytes": Delta("|u1"), "words": Delta("<u2")}
_SHUFFLES = {"none": Blosc.NOSHUFFLE, "bytes": Blosc.SHUFFLE, "bits": Blosc.BITSHUFFLE}
_CHUNKS = ((33, 600, 600), (66, 300, 600), (133, 150, 600), (133, 300, 300), (20, 600, 600), (200, 100, 600))


def compare_codecs(frames: NDArray[np.uint8], chosen_level: int) -> list[list[str]]:
    """Rows of a table: size and speed of each codec on frames of shape (frame, x, y); the project's own comes first."""
    numcodecs.blosc.use_threads = False
    plan = plan_chunks(frames.shape, 1, 12_000_000)
    tile = np.ascontiguousarray(frames[: plan.chunks[0], : plan.chunks[1]])
    chosen = encode_frames(chosen_level, plan.chunks, tile.dtype)
    rows = [["delta", "zstd level", "shuffle", "block [kB]", "size / raw", "encode [MB/s]", "decode [MB/s]"]]
    words = ["chosen", str(chosen_level), "", f"{chosen.compressor.blocksize // 1024}"]
    rows.append([*words, *_try(tile, chosen.filters[0] if chosen.filters else None, chosen.compressor)])
    for delta, level, shuffle, block in _candidates():
        compressor = Blosc(cname="zstd", clevel=level, shuffle=_SHUFFLES[shuffle], blocksize=block * 1024)
        words = [delta, str(level), shuffle, str(block) if block else "own"]
        rows.append([*words, *_try(tile, _FILTERS[delta], compressor)])
    return rows


def _candidates() -> Iterator[tuple[str, int, str, int]]:
    for delta in _FILTERS:
        for shuffle in _SHUFFLES:
            yield from ((delta, level, shuffle, 0) for level in (1, 5))
    yield from (("words", level, "none", 512) for level in (1, 3, 5, 7))
    yield from (("words", 1, "none", block) for block in (64, 128, 256, 1024, 2048))


def _try(tile: NDArray[np.uint8], delta: Delta | None, compressor: Blosc) -> list[str]:
    def encode() -> bytes:
        values = tile if delta is None or tile.nbytes % delta.dtype.itemsize else delta.encode(tile)
        return bytes(compressor.encode(values))

    packed = encode()

    def decode() -> Any:  # noqa: ANN401 - whatever numcodecs gives
        values = compressor.decode(packed)
        return values if delta is None else delta.decode(values)

    megabytes = tile.nbytes / 1e6
    speeds = [f"{megabytes / _seconds(work):.0f}" for work in (encode, decode)]
    return [f"{len(packed) / tile.nbytes:.3f}", *speeds]


def compare_chunks(frames: NDArray[np.uint8], level: int, work: Path) -> list[list[str]]:
    """Rows of a table: time to write and to read the same frames in chunks of several shapes."""
    numcodecs.blosc.use_threads = False
    rows = [["chunk (frame, x, y)", "MB", "objects", "write [s]", "one frame [ms]", "500 frames [ms]", "trace [ms]"]]
    for chunks in _CHUNKS:
        fitted = tuple(min(chunk, size) for chunk, size in zip(chunks, frames.shape, strict=True))
        folder = work / "chunks" / "x".join(map(str, fitted))
        encoding = encode_frames(level, fitted, frames.dtype)
        array = zarr.open_array(
            str(folder),
            mode="w",
            shape=frames.shape,
            chunks=fitted,
            dtype=frames.dtype,
            compressor=encoding.compressor,
            filters=list(encoding.filters) or None,
        )
        began = time.perf_counter()
        array[:] = frames
        wrote_s = time.perf_counter() - began
        read = time_reading(folder)
        rows.append(
            [
                " x ".join(map(str, fitted)),
                f"{np.prod(fitted) / 1e6:.1f}",
                str(array.nchunks),
                f"{wrote_s:.2f}",
                *(f"{1000 * seconds:.1f}" for seconds in (read.one_frame_s, read.run_s, read.trace_s)),
            ]
        )
    return rows


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        # one thread: its processor time is the wall time of a machine that does nothing else
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)
