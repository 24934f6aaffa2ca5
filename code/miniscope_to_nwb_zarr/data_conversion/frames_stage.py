"""Set the workers to fill plain zarr arrays with frames, beside the store that will take them in.

Nothing of NWB is imported here: the workers are at work while those libraries load.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xxhash
import zarr

from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames
from miniscope_to_nwb_zarr.data_conversion.frames import ChunkWritten, SlabReport, SlabTask, write_slab
from miniscope_to_nwb_zarr.qc.frame_sums import FrameSums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries


# wide enough for the sums over any number of frames
_ANY_NUMBER = 1 << 32


@dataclass(frozen=True, slots=True, eq=False)
class WrittenSeries:
    """What the workers wrote of one series."""

    name: str
    digests: bytes
    """8 bytes for each frame, taken as it was decoded."""
    damaged: tuple[tuple[int, bool], ...]
    """Frames with a decoder error: number in the series, and whether there is a picture."""
    chunks: tuple[ChunkWritten, ...]
    levels: NDArray[np.int64]
    """Shape (n_frames, 2): of each frame the sum of its values, -1 without a picture, and how many are the largest."""
    sums: FrameSums | None
    """What was seen of some of the frames."""

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
    sums: dict[str, FrameSums] = {}
    # the disk takes in chunks while the workers make more: forced onto it at the end only, they cost seconds
    threads = ThreadPoolExecutor(1)
    try:
        syncing = []
        for task, report in reports:
            name = Path(task.array).name
            _add_sums(sums, name, task, report)
            found[name].append(replace(report, sums=None))
            syncing += [threads.submit(disk.sync_file, f"{task.array}/{chunk.key}") for chunk in report.written]
            advance(task.stop - task.first, report.n_bytes)
        for synced in syncing:
            synced.result()
    finally:
        threads.shutdown(cancel_futures=True)
    return {name: _join(name, slabs, sums.get(name)) for name, slabs in found.items()}


def _add_sums(sums: dict[str, FrameSums], name: str, task: SlabTask, report: SlabReport) -> None:
    if report.sums is None or task.sampling is None:
        return
    if name not in sums:
        frames = report.sums.largest
        sums[name] = FrameSums.of_none(frames.shape, frames.dtype, task.sampling, _ANY_NUMBER)
    sums[name].add(report.sums)


def _join(name: str, slabs: list[SlabReport], sums: FrameSums | None) -> WrittenSeries:
    slabs.sort(key=lambda slab: slab.first)
    return WrittenSeries(
        name=name,
        digests=b"".join(slab.digests for slab in slabs),
        damaged=tuple(frame for slab in slabs for frame in slab.damaged),
        chunks=tuple(chunk for slab in slabs for chunk in slab.written),
        levels=np.array([level for slab in slabs for level in slab.levels], np.int64).reshape(-1, 2),
        sums=sums,
    )
