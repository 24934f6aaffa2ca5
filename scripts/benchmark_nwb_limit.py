"""The limit for an NWB file: every large array is read, decompressed and compressed, and nothing else.

Nothing of the project is used, and nothing is put in another order, written, hashed or checked. Each process takes runs
of chunks of the source, in turn, and the codecs are those of the project's store.

    python benchmark_nwb_limit.py '{"file": "session.nwb", "workers": 2, "arrays": {"acquisition/lfp/data": {...}}}'
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import h5py
import numcodecs
import numcodecs.blosc
import numpy as np

_PARTS_OF_A_WHOLE = 64


def convert_run(path: str, name: str, codecs: dict[str, Any], first: int, stop: int) -> int:
    """Read the chunks ``[first, stop)`` of an array and compress them in blocks of the size of the store's chunks."""
    numcodecs.blosc.use_threads = False
    compressor = numcodecs.get_codec(dict(codecs["compressor"]))
    filters = [numcodecs.get_codec(dict(config)) for config in codecs["filters"] or ()]
    n_bytes = 0

    def encode(values: Any) -> int:  # noqa: ANN401 - an array
        for codec in filters:
            values = codec.encode(values)
        return len(compressor.encode(values))

    with h5py.File(path) as file:
        array = file[name]
        block = np.empty(int(np.prod(codecs["chunks"])), array.dtype)
        filled = 0
        for part in parts_of(array)[first:stop]:
            values = array[part].reshape(-1)
            if filled and filled + len(values) > len(block):
                n_bytes += encode(block[:filled])
                filled = 0
            if len(values) > len(block):
                n_bytes += encode(values)
                continue
            block[filled : filled + len(values)] = values
            filled += len(values)
        return n_bytes + (encode(block[:filled]) if filled else 0)


def parts_of(array: h5py.Dataset) -> list[Any]:
    """The chunks of an array, or slices of one that is not cut."""
    if array.chunks:
        return list(array.iter_chunks())
    step = max(1, len(array) // _PARTS_OF_A_WHOLE)
    return [slice(first, first + step) for first in range(0, len(array), step)]


def main() -> None:
    """Convert, in as many processes as the job says."""
    job = json.loads(sys.argv[1])
    tasks = []
    with h5py.File(job["file"]) as file:
        for name, codecs in job["arrays"].items():
            array = file[name]
            n_parts = len(parts_of(array))
            size = max(1, int(np.prod(codecs["chunks"])) * n_parts // array.size)
            tasks += [(name, codecs, first, first + size) for first in range(0, n_parts, size)]
    with ProcessPoolExecutor(job["workers"], mp_context=get_context("spawn")) as pool:
        running = [pool.submit(convert_run, job["file"], *task) for task in tasks]
        print(f"{sum(one.result() for one in running)} bytes")


if __name__ == "__main__":
    main()
