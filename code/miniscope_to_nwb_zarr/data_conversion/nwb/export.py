"""From an opened NWB file to a staged one of either backend: small things by the libraries, large arrays by workers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import zarr
from hdmf_zarr import ZarrIO

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.data_conversion.nwb.blocks import BoxReport, BoxTask, copy_box, read_box
from miniscope_to_nwb_zarr.data_conversion.nwb.hdf5_writer import Hdf5Writer
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import explaining
from miniscope_to_nwb_zarr.data_conversion.nwb.specs import read_specs, specs_in_use
from miniscope_to_nwb_zarr.data_conversion.nwb.zarr_writer import ZarrWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from hdmf.build import GroupBuilder

    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool

    Advance = Callable[[int, int], None]
    Prepare = Callable[[GroupBuilder], None]
    Meanwhile = Callable[[], None]

_WAITING_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written."""

    chunk_bytes: int
    level: int
    """Of compression."""
    is_changed: bool
    """Whether the objects of the source were changed after it was read: they are written then, with the schemas in use.
    Otherwise what is written is what the source holds as it is stored, whatever its schema."""


@dataclass(slots=True)
class Copied:
    """What was written of the large arrays."""

    digests: dict[BoxTask, str] = field(default_factory=dict)
    known: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Size and sha256 of the objects that were hashed as they were written, by their path in the store."""

    @property
    def arrays(self) -> frozenset[str]:
        """The arrays, by their path in the file."""
        return frozenset(task.target.path.lstrip("/") for task in self.digests)

    @property
    def digest(self) -> str:
        """Of the values of all arrays."""
        return digest_of(
            sorted((task.target.path.lstrip("/"), task.box, found) for task, found in self.digests.items())
        )

    def note(self, task: BoxTask, report: BoxReport) -> None:
        """Take in what a worker reports."""
        self.digests[task] = report.digest
        for chunk in report.written:
            if chunk.sha256:
                self.known[f"{task.target.path}/{chunk.key(task.chunks)}"] = (chunk.size_bytes, chunk.sha256)


def write_zarr(
    source: NwbSource, store: Path, layout: Layout, pool: Pool, advance: Advance, prepare: Prepare, meanwhile: Meanwhile
) -> Copied:
    """Write a store; the workers fill large arrays while the rest is written.

    Parameters
    ----------
    source : NwbSource
    store : Path
        The folder to write.
    layout : Layout
    pool : Pool
    advance : callable
        Told the boxes and bytes that are done.
    prepare : callable
        May change what is to be written, right before it is.
    meanwhile : callable
        What else there is to do while the workers are busy.
    """
    running: list[Iterator[tuple[BoxTask, BoxReport]]] = []

    def start(tasks: Sequence[BoxTask]) -> None:
        running.append(pool.run(copy_box, tasks))

    chosen = (layout.chunk_bytes, layout.level, start, prepare)
    with explaining(source.path), ZarrWriter(store, source.io.manager, *chosen) as writer:
        if layout.is_changed:
            # NWBZarrIO's own leaves no choice of when the metadata is consolidated
            ZarrIO.export(
                writer,
                src_io=source.io,
                container=source.nwbfile,
                write_args={"link_data": False},
                cache_spec=False,
                consolidate_metadata=False,
            )
            writer.write_specs(specs_in_use(source, writer.root))
        else:
            writer.write_builder(builder=source.builder, export_source=source.io.source)
            writer.write_specs(read_specs(source))
    meanwhile()
    copied = Copied()
    for reports in running:
        for task, report in reports:
            copied.note(task, report)
            advance(1, report.n_bytes)
    zarr.consolidate_metadata(zarr.DirectoryStore(str(store)))
    return copied


def write_hdf5(
    source: NwbSource, path: Path, layout: Layout, pool: Pool, advance: Advance, prepare: Prepare, meanwhile: Meanwhile
) -> Copied:
    """Write an HDF5 file: the workers compress the chunks of large arrays, this process puts them into the file.

    Parameters are those of `write_zarr`.
    """
    tasks: list[BoxTask] = []
    copied = Copied()
    chosen = (layout.chunk_bytes, tasks.extend, prepare)
    with explaining(source.path), Hdf5Writer(path, source.io.manager, *chosen) as writer:
        if layout.is_changed:
            writer.export(source.io, source.nwbfile, write_args={"link_data": False}, cache_spec=False)
            writer.write_specs(specs_in_use(source, writer.root))
        else:
            writer.write_builder(builder=source.builder, link_data=False, export_source=source.io.source)
            writer.write_specs(read_specs(source))
        for task, report in _few_at_once(pool, tasks):
            for chunk in report.written:
                writer.write_chunk(task.target.path, chunk)
            copied.note(task, report)
            advance(1, report.n_bytes)
    meanwhile()
    return copied


def start_reading(copied: Copied, pool: Pool) -> Iterator[tuple[BoxTask, BoxReport]]:
    """Set the workers to read every large array back as any reader would; `hold` waits for them."""
    return pool.run(read_box, list(copied.digests))


def hold(reports: Iterable[tuple[BoxTask, BoxReport]], copied: Copied, advance: Advance) -> None:
    """Hold what was read back against what was read from the source.

    Raises
    ------
    VerificationError
        Naming the array and the box that differ.
    """
    for task, report in reports:
        if report.digest != copied.digests[task]:
            raise VerificationError(
                f"{task.target.path}: the values {_shown(task)} are not what was read from the source; no output was "
                "made. A faulty disk or memory can do this: run again, and if it happens again, check the machine"
            )
        advance(1, report.n_bytes)


def _few_at_once(pool: Pool, tasks: Iterable[BoxTask]) -> Iterator[tuple[BoxTask, BoxReport]]:
    """Reports in the order of the tasks; no more of them wait in memory than the workers need to stay busy."""
    waiting: deque[Iterator[tuple[BoxTask, BoxReport]]] = deque()
    for task in tasks:
        waiting.append(pool.run(copy_box, [task]))
        if len(waiting) >= _WAITING_PER_WORKER * pool.workers:
            yield from waiting.popleft()
    while waiting:
        yield from waiting.popleft()


def _shown(task: BoxTask) -> str:
    return "[" + ", ".join(f"{first}:{stop}" for first, stop in task.box) + "]"
