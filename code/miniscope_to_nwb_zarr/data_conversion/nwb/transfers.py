"""NWB files that lie in a bucket, or whose outputs do."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from miniscope_to_nwb_zarr.buckets.mirror import mirrored
from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.paths import moved
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import source_entries
from miniscope_to_nwb_zarr.data_conversion.nwb.task import NwbTask
from miniscope_to_nwb_zarr.run.transfer import Transfer, TransferTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.mirror import Look
    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile, StorePlace
    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options

Found = TypeVar("Found")


def transfer_of(
    name: str,
    job: NwbJob | None,
    options: Options,
    data: StorePlace | None,
    files: tuple[RemoteFile, ...],
    also: Callable[[], tuple[Path, ...]] | None = None,
) -> Transfer:
    """What an output needs of buckets.

    Parameters
    ----------
    name : str
        Of the output.
    job : NwbJob, optional
        What makes it; not given where that is known only when its files are here.
    options : Options
    data : StorePlace, optional
        The bucket of its files; none where they are local.
    files : tuple of RemoteFile
    also : callable, optional
        Gives, when its files are here, the places of more that they name.
    """
    return Transfer(
        name=name,
        results=options.results_dir,
        scratch=options.scratch_dir.resolve(),
        existing=options.existing,
        workers=options.workers,
        options=job.options if job else None,
        hash_sources=partial(source_entries, job.inputs, job.source_root, options.workers) if job else tuple,
        data=data,
        files=files,
        store=options.results_store,
        also=also,
    )


def look_into(options: Options, look: Look, find: Callable[[Path], Found]) -> tuple[Found, dict[Path, RemoteFile]]:
    """What is found in a bucket as it will lie in the scratch folder, and all files there by their places in it.

    Parameters
    ----------
    options : Options
    look : Look
        What of the bucket is laid out.
    find : callable
        Finds it in the folder in which that is done.

    Raises
    ------
    InputError, TemporaryError
        There is no such bucket, it must not be read, or the server does not answer.
    """
    if options.data_store is None:
        raise UsageError("the data lie in no bucket")
    root = options.data_dir.resolve()
    with mirrored(options.data_store, "", options.scratch_dir, look) as mirror:
        found = find(mirror.root)
        files = {moved(path, mirror.root, root): file for path, file in mirror.files.items()}
        # the folder may be a store itself
        return moved(found, mirror.root.parent, root.parent), files


def task_of(job: NwbJob, options: Options, remote: Mapping[Path, RemoteFile]) -> Task:
    """The task that converts an NWB file, whose files, of a bucket, are among `remote`."""
    task = NwbTask(job.name, partial(replace, job))
    if not (options.data_store or options.results_store):
        return task
    return TransferTask(task, transfer_of_file(job, options, remote))


def transfer_of_file(job: NwbJob, options: Options, remote: Mapping[Path, RemoteFile]) -> Transfer:
    """What an NWB file needs of buckets: itself, or all of a store, and what it names."""
    source, also = job.sources[0], None
    files = tuple(remote[path] for path in places_of(source, remote)) if options.data_store else ()
    if options.data_store:
        # the libraries of NWB take a second to import
        from miniscope_to_nwb_zarr.data_conversion.nwb.named_files import files_named_by  # noqa: PLC0415

        also = partial(files_named_by, source, job.source_root, job.name, options.results_dir)
    return transfer_of(job.name, job, options, options.data_store, files, also)


def places_of(source: Path, remote: Mapping[Path, RemoteFile]) -> list[Path]:
    """The places of all files of an NWB file: its own, or those in a store."""
    return [source] if source in remote else [path for path in remote if path.is_relative_to(source)]
