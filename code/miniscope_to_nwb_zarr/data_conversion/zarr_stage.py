"""Write a store into a staging folder: frames by the workers, everything else by hdmf-zarr, then joined.

The workers fill plain zarr arrays beside the store. When all frames are decoded, and everything there is to know of them
is known, hdmf-zarr writes the file once, with an empty array of the same plan in place of each series; the chunks are then
moved into it, and the metadata is consolidated once.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, Self

import xxhash
import zarr
from hdmf.data_utils import AbstractDataChunkIterator
from hdmf_zarr import NWBZarrIO, ZarrDataIO

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames
from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask, write_slab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from pynwb import NWBFile

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
    objects: tuple[tuple[str, int, str], ...]
    """Key, size and sha256 of each chunk."""

    @property
    def frames_digest(self) -> str:
        """Digest of the whole series, the same for every way of cutting it into chunks."""
        return xxhash.xxh3_128_hexdigest(self.digests)


def start_writing(
    series: Sequence[FrameSeries], folder: Path, level: int, pool: Pool
) -> Iterator[tuple[SlabTask, SlabReport]]:
    """Create the arrays of all series under `folder` and set the workers to fill them; `collect` waits for them."""
    tasks = []
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
    for task, report in reports:
        found[Path(task.array).name].append(report)
        advance(task.stop - task.first, report.n_bytes)
    return {name: _join(name, slabs) for name, slabs in found.items()}


def _join(name: str, slabs: list[SlabReport]) -> WrittenSeries:
    slabs.sort(key=lambda slab: slab.first)
    return WrittenSeries(
        name=name,
        digests=b"".join(slab.digests for slab in slabs),
        damaged=tuple(frame for slab in slabs for frame in slab.damaged),
        objects=tuple(written for slab in slabs for written in slab.objects),
    )


class EmptyFrames(AbstractDataChunkIterator):  # type: ignore[misc]
    """Tells hdmf-zarr the shape of an array of frames and yields none of them."""

    def __init__(self, series: FrameSeries) -> None:
        self._series = series

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Never:
        raise StopIteration

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        """Chunk shape as planned."""
        return self._series.plan.chunks

    def recommended_data_shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self._series.plan.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Depth of the source."""
        return self._series.dtype

    @property
    def maxshape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return self._series.plan.shape


def frames_placeholder(series: FrameSeries, level: int) -> ZarrDataIO:
    """The `data` of a series for hdmf-zarr: an array of the planned chunks and codecs without frames."""
    encoding = encode_frames(level, series.plan.chunks, series.dtype)
    return ZarrDataIO(
        data=EmptyFrames(series),
        chunks=series.plan.chunks,
        compressor=encoding.compressor,
        filters=list(encoding.filters) or None,
        fillvalue=0,
    )


def write_store(nwbfile: NWBFile, store: Path, series: Sequence[FrameSeries], frames: Path) -> None:
    """Write everything but frames, move the frames in, consolidate.

    Raises
    ------
    VerificationError
        hdmf-zarr made an array that differs from the one that the workers filled.
    """
    with NWBZarrIO(str(store), mode="w") as io:
        io.write(nwbfile, consolidate_metadata=False)
    for one in series:
        _move_chunks(frames / one.name, store / one.path)
    zarr.consolidate_metadata(zarr.DirectoryStore(str(store)))


def _move_chunks(source: Path, target: Path) -> None:
    made, filled = (json.loads((array / ".zarray").read_text()) for array in (target, source))
    if made != filled:
        raise VerificationError(f"{target.name}: hdmf-zarr made the array as {made}, the frames were written as {filled}")
    for entry in os.scandir(source):
        if entry.name != ".zarray":
            os.rename(entry.path, target / entry.name)  # noqa: PTH104 - 700 renames: keep it cheap
    (source / ".zarray").unlink()
    source.rmdir()
