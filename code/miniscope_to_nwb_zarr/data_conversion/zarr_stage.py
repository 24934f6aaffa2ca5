"""Write a store into a staging folder: frames by the workers, everything else by hdmf-zarr, then joined.

The workers fill plain zarr arrays beside the store. When all frames are decoded, and everything there is to know of
them is known, hdmf-zarr writes the file once, with an empty array of the same plan in place of each series; the
chunks are then moved into it, and the metadata is consolidated once.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash
import zarr
from hdmf_zarr import NWBZarrIO, ZarrDataIO

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames, encode_table
from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask, read_slab, write_slab
from miniscope_to_nwb_zarr.data_conversion.lazy_frames import LazyFrames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries

SUFFIX = ".nwb.zarr"
_TABLE_ROWS = 1 << 20


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


def series_data(series: FrameSeries, level: int, _filled: Path | None) -> ZarrDataIO:
    """The `data` of a series for hdmf-zarr, with the planned chunks and codecs."""
    encoding = encode_frames(level, series.plan.chunks, series.dtype)
    return ZarrDataIO(
        data=LazyFrames(series),
        chunks=series.plan.chunks,
        compressor=encoding.compressor,
        filters=list(encoding.filters) or None,
        fillvalue=0,
    )


def table_data(values: NDArray[Any]) -> ZarrDataIO:
    """A small array for hdmf-zarr, in few chunks."""
    return ZarrDataIO(
        data=values,
        chunks=(max(1, min(len(values), _TABLE_ROWS)), *values.shape[1:]),
        compressor=encode_table(),
    )


def write_store(nwbfile: NWBFile, store: Path, series: Sequence[FrameSeries], frames: Path) -> None:
    """Write everything but frames, move the frames in, consolidate.

    Raises
    ------
    VerificationError
        hdmf-zarr made an array that differs from the one that the workers filled.
    """
    lazy = [nwbfile.acquisition[one.name].data.data for one in series]
    with LazyFrames.written_elsewhere(lazy), NWBZarrIO(str(store), mode="w") as io:
        io.write(nwbfile, consolidate_metadata=False)
    for one in series:
        _move_chunks(frames / one.name, store / one.path)
    zarr.consolidate_metadata(zarr.DirectoryStore(str(store)))


def open_store(store: Path) -> NWBZarrIO:
    """Open a store as any reader would."""
    return NWBZarrIO(str(store), mode="r")


def start_reading(series: Sequence[FrameSeries], store: Path, pool: Pool) -> Iterator[tuple[SlabTask, SlabReport]]:
    """Set the workers to read every frame back from the store."""
    tasks = [task for one in series for task in one.tasks(store / one.path, pool.workers)]
    return pool.run(read_slab, tasks)


def known_objects(path: str, written: WrittenSeries) -> dict[str, tuple[int, str]]:
    """Size and sha256 of the chunks of a series, by their path in the output."""
    return {f"{path}/{key}": (size, sha256) for key, size, sha256 in written.objects}


def _move_chunks(source: Path, target: Path) -> None:
    made, filled = (json.loads((array / ".zarray").read_text()) for array in (target, source))
    if made != filled:
        raise VerificationError(
            f"{target.name}: hdmf-zarr made the array as {made}, the frames were written as {filled}"
        )
    for entry in os.scandir(source):
        if entry.name != ".zarray":
            os.rename(entry.path, target / entry.name)  # noqa: PTH104 - 700 renames: keep it cheap
    (source / ".zarray").unlink()
    source.rmdir()
