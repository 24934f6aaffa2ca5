"""A recording whose files, or whose output, lie in a bucket."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.paths import relative_path, source_root
from miniscope_to_nwb_zarr.core.receipt import FileEntry
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.run.named_session import SessionTask
from miniscope_to_nwb_zarr.run.transfer import Transfer, TransferTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job


def task_of(session: Session, job: Job, options: Options, remote: Mapping[Path, RemoteFile]) -> Task:
    """The task that converts a session, and analyses it where that is asked for.

    Parameters
    ----------
    session : Session
    job : Job
    options : Options
    remote : mapping of Path to RemoteFile
        Where its files come from, by the places that they have here once they are fetched; empty for local ones.
    """
    conversion = SessionTask(session, job, options)
    task: Task = conversion
    if options.is_analysis:
        # the libraries of NWB take seconds to import
        from miniscope_to_nwb_zarr.data_conversion.analysis.task import RecordingTask  # noqa: PLC0415

        task = RecordingTask(conversion, options)
    if not (options.data_store or options.results_store):
        return task
    return TransferTask(task, transfer_of(session, job, options, remote))


def transfer_of(session: Session, job: Job, options: Options, remote: Mapping[Path, RemoteFile]) -> Transfer:
    """What a session needs of buckets."""
    root = source_root(session)
    paths = list(dict.fromkeys(file.path for file in session.source_files))
    # strings travel, arrays never
    named = tuple((str(path), relative_path(path, root)) for path in paths)
    return Transfer(
        name=session.name,
        results=job.results,
        scratch=options.scratch_dir.resolve(),
        existing=options.existing,
        workers=options.workers,
        # whether metadata or an analysis are to be added is seen when the store that is there lies here
        options=None if job.metadata_only or options.is_analysis else job.for_session(session).output_options,
        hash_sources=partial(_hash, named),
        data=options.data_store,
        files=tuple(remote[path] for path in paths) if options.data_store else (),
        store=options.results_store,
    )


def _hash(named: Iterable[tuple[str, str]]) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(shown, Path(path).stat().st_size, disk.hash_file(Path(path))) for path, shown in named)
