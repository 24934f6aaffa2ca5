"""The limit: a bare loop that decodes, transposes, encodes and writes the frames of a recording, and nothing else.

Nothing of the project is used. Each process takes one contiguous run of whole chunks, seeks to the key frame before it,
and decodes its packets with PyAV on one thread. Frames are transposed straight into the chunks' own memory, which is
used again, as is that of the differences. The chunks are byte for byte those of the project (`benchmark.py` compares
them). Nothing is hashed, checked, described or forced onto the disk.

    python benchmark_limit.py '{"videos": [["0.avi", 1000]], "out": "...", "chunks": [66, 300, 600], ...}'
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numcodecs
import numcodecs.blosc
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def decode(videos: list[tuple[str, int]], first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Frames ``[first, stop)`` of the files, each file given with its number of frames; shape (height, width)."""
    begin = 0
    for path, n_frames in videos:
        if begin < stop and begin + n_frames > first:
            yield from _decode_file(path, max(first - begin, 0), min(stop - begin, n_frames))
        begin += n_frames


def _decode_file(path: str, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if first:
            container.seek(first, stream=stream, backward=True)
        for packet in container.demux(stream):
            for frame in packet.decode():
                if frame.pts is None or frame.pts >= stop:
                    return
                if frame.pts >= first:
                    plane = frame.planes[0]
                    yield np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]


def convert_run(job: dict[str, Any], first: int, stop: int) -> None:
    """Write the chunks of frames ``[first, stop)``."""
    numcodecs.blosc.use_threads = False
    length, width, height = job["chunks"]
    tiles = [np.zeros((length, width, height), np.uint8) for _ in range(-(-job["shape"][1] // width))]
    filtered = np.empty(tiles[0].size, np.uint8)
    compressor = numcodecs.get_codec(job["compressor"])
    frames = decode(job["videos"], first, stop)
    for start in range(first, stop, length):
        n_frames = min(length, stop - start)
        for k in range(n_frames):
            picture = next(frames).T
            for number, tile in enumerate(tiles):
                part = picture[number * width : (number + 1) * width]
                tile[k, : len(part)] = part
        for number, tile in enumerate(tiles):
            # what lies behind the end of the series is the fill value
            tile[n_frames:] = 0
            data = compressor.encode(_filter(tile, filtered, job["filters"]))
            Path(job["out"], f"{start // length}.{number}.0").write_bytes(data)


def _filter(tile: NDArray[np.uint8], memory: NDArray[np.uint8], filters: list[dict[str, Any]]) -> NDArray[Any]:
    """What numcodecs' filters give, with the differences taken in memory that is there already."""
    flat: NDArray[Any] = tile.reshape(-1)
    for config in filters:
        if config["id"] == "delta" and config["astype"] == config["dtype"]:
            values, differences = flat.view(config["dtype"]), memory.view(config["dtype"])
            differences[0] = values[0]
            np.subtract(values[1:], values[:-1], out=differences[1:])
            flat = differences
        else:
            flat = numcodecs.get_codec(config).encode(flat)
    return flat


def main() -> None:
    """Convert, in as many processes as the job says."""
    job = json.loads(sys.argv[1])
    Path(job["out"]).mkdir(parents=True)
    n_frames, length, workers = job["shape"][0], job["chunks"][0], job["workers"]
    n_slabs = -(-n_frames // length)
    bounds = [min(round(k * n_slabs / workers) * length, n_frames) for k in range(workers + 1)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(convert_run, [job] * workers, bounds[:-1], bounds[1:]))
    array = {name: job[name] for name in ("shape", "chunks", "compressor")} | {"filters": job["filters"] or None}
    array |= {"zarr_format": 2, "dtype": "|u1", "fill_value": 0, "order": "C"}
    Path(job["out"], ".zarray").write_text(json.dumps(array), encoding="utf-8")


if __name__ == "__main__":
    main()
