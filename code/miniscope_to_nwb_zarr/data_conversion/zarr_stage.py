"""Write a Zarr store into a staging folder: everything but frames by hdmf-zarr, then joined with the frames.

When all frames are decoded, and everything there is to know of them is known, hdmf-zarr writes the file once, with an
empty array of the same plan in place of each series; the chunks that the workers wrote are then moved into it, and the
metadata is consolidated once.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import zarr
from hdmf_zarr import NWBZarrIO, ZarrDataIO

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.output_names import SUFFIXES
from miniscope_to_nwb_zarr.data_conversion.cached_specs import GROUP, unused_specs
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames, encode_table
from miniscope_to_nwb_zarr.data_conversion.frames import read_slab
from miniscope_to_nwb_zarr.data_conversion.lazy_frames import LazyFrames
from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask
    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries

SUFFIX = SUFFIXES["zarr"]
_TABLE_ROWS = 1 << 20
# of each task one slab is read in full
_SLABS_READ_PER_TASK = 16


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
    specs = store / GROUP
    for name in unused_specs(nwbfile, [path.name for path in specs.iterdir() if path.is_dir()]):
        shutil.rmtree(specs / name)
    for one in series:
        _move_chunks(frames / one.name, store / one.path)
    zarr.consolidate_metadata(zarr.DirectoryStore(str(store)))


def open_store(store: Path) -> NWBZarrIO:
    """Open a store as any reader would."""
    admit_only_references()
    return NWBZarrIO(str(store), mode="r")


def start_reading(series: Sequence[FrameSeries], store: Path, pool: Pool) -> Iterator[tuple[SlabTask, SlabReport]]:
    """Set the workers to read every frame back from the store."""
    tasks = [task for one in series for task in one.tasks(store / one.path, pool.workers, _SLABS_READ_PER_TASK)]
    return pool.run(read_slab, tasks)


def known_objects(path: str, written: WrittenSeries) -> dict[str, tuple[int, str]]:
    """Size and sha256 of the chunks of a series, by their path in the output."""
    return {f"{path}/{chunk.key}": (chunk.size_bytes, chunk.sha256) for chunk in written.chunks}


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
