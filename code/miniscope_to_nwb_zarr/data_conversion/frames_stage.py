"""Set the workers to fill plain zarr arrays with frames, beside the store that will take them in.

Nothing of NWB is imported here: the workers are at work while those libraries load.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash
import zarr

from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames
from miniscope_to_nwb_zarr.data_conversion.frames import ChunkWritten, SlabReport, SlabTask, write_slab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries


@dataclass(frozen=True, slots=True)
class WrittenSeries:
    """What the workers wrote of one series."""

    name: str
    digests: bytes
    """8 bytes for each frame, taken as it was decoded."""
    damaged: tuple[tuple[int, bool], ...]
    """Frames with a decoder error: number in the series, and whether there is a picture."""
    chunks: tuple[ChunkWritten, ...]
    n_white: int
    """Pixels of the largest value, of all frames."""

    @property
    def frames_digest(self) -> str:
        """Digest of the whole series, the same for every way of cutting it into chunks."""
        return xxhash.xxh3_128_hexdigest(self.digests)


def start_writing(
    series: Sequence[FrameSeries], folder: Path, level: int, pool: Pool
) -> Iterator[tuple[SlabTask, SlabReport]]:
    """Create the arrays of all series under `folder` and set the workers to fill them; `collect` waits for them."""
    tasks: list[SlabTask] = []
    for one in series:
        array = folder / one.name
        encoding = encode_frames(level, one.plan.chunks, one.dtype)
        zarr.create(
            shape=one.plan.shape,
            chunks=one.plan.chunks,
            dtype=one.dtype,
            compressor=encoding.compressor,
            filters=list(encoding.filters) or None,
            fill_value=0,
            store=zarr.DirectoryStore(str(array)),
        )
        tasks += one.tasks(array, pool.workers)
    return pool.run(write_slab, tasks)


def collect(
    reports: Iterable[tuple[SlabTask, SlabReport]], advance: Callable[[int, int], None]
) -> dict[str, WrittenSeries]:
    """Wait for the workers; gives what was written of each series, by name.

    Parameters
    ----------
    reports : iterable of (SlabTask, SlabReport)
    advance : callable
        Told the frames and bytes of each slab, for a progress bar.
    """
    found: dict[str, list[SlabReport]] = defaultdict(list)
    # the disk takes in chunks while the workers make more: forced onto it at the end only, they cost seconds
    threads = ThreadPoolExecutor(1)
    try:
        syncing = []
        for task, report in reports:
            found[Path(task.array).name].append(report)
            syncing += [threads.submit(disk.sync_file, f"{task.array}/{chunk.key}") for chunk in report.written]
            advance(task.stop - task.first, report.n_bytes)
        for synced in syncing:
            synced.result()
    finally:
        threads.shutdown(cancel_futures=True)
    return {name: _join(name, slabs) for name, slabs in found.items()}


def _join(name: str, slabs: list[SlabReport]) -> WrittenSeries:
    slabs.sort(key=lambda slab: slab.first)
    return WrittenSeries(
        name=name,
        digests=b"".join(slab.digests for slab in slabs),
        damaged=tuple(frame for slab in slabs for frame in slab.damaged),
        chunks=tuple(chunk for slab in slabs for chunk in slab.written),
        n_white=sum(slab.n_white for slab in slabs),
    )
