"""Convert the sessions of a data set: find them here or in a bucket, and let the engine of NWB files do the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, UsageError
from miniscope_to_nwb_zarr.data_conversion.allen.library import BucketLibrary, LocalLibrary
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import LabFiles
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_run import check_facts, with_metadata
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import choose
from miniscope_to_nwb_zarr.data_conversion.nwb.against_source import compare_with_sources
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from miniscope_to_nwb_zarr.data_conversion.nwb.run_conversion import run_nwb_tasks, show_plan
from miniscope_to_nwb_zarr.data_conversion.nwb.task import NwbTask
from miniscope_to_nwb_zarr.run.existing import clean_staging, verify_outputs
from miniscope_to_nwb_zarr.run.inputs import refuse_inside
from miniscope_to_nwb_zarr.run.listing import ListedSession, Listing, read_names
from miniscope_to_nwb_zarr.run.option_values import nearest
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library
    from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Transform
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options

PUBLIC = "public"
"""The value of ``--s3`` that stands for the bucket in which a data set was published."""


@dataclass(frozen=True, slots=True)
class Step:
    """One transform of a data set."""

    transform: Transform
    improvement: str = ""
    """The name by which ``--leave_out`` turns it off; empty: it is always done."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """What is particular to one data set."""

    name: str
    bucket: str
    """The address at which it was published, ``s3://bucket/folder``; empty where its files lie in no bucket by name."""
    find_sessions: Callable[[Library], list[AllenSession]]
    steps: tuple[Step, ...]
    """In their order."""
    namespaces: tuple[Path, ...]
    """Of the extensions whose newer versions are written."""
    expected: str
    """The files that are looked for, in words."""
    told_by: tuple[Transform, ...] = ()
    """Those of the steps without which a file does not say what its metadata say."""

    def transforms(self, leave_out: Sequence[str]) -> tuple[Transform, ...]:
        """What is done to a session when some improvements are left out.

        Raises
        ------
        UsageError
            One of them is no improvement of this data set.
        """
        known = list(dict.fromkeys(step.improvement for step in self.steps if step.improvement))
        for name in leave_out:
            if name not in known:
                raise UsageError(
                    f"--leave_out {name}: is no change of {self.name} that can be left out, which are "
                    f"{', '.join(known)}{nearest(name, known)}"
                )
        return tuple(step.transform for step in self.steps if step.improvement not in leave_out or not step.improvement)


def run_data_set(data_set: DataSet, options: Options, console: Console) -> ExitCode:
    """Do what the options ask for with sessions of a data set.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    if options.clean_staging:
        return clean_staging(options.results_dir, console, delete=options.clean_staging == "delete")
    if options.verify_only and not options.against_source:
        return verify_outputs(options, {}, console)
    began = datetime.now(UTC)
    limits.choose(options.limits or {})
    # a wrong name is said before anything is fetched
    data_set.transforms(_left_out(options))
    if options.s3 and not options.sessions:
        raise UsageError(f"--s3 {options.s3}: name the sessions to convert with --sessions, by their ids")
    library = _library(data_set, options, console.info)
    refuse_inside(options.results_dir, [library.root])
    sessions = choose(data_set.find_sessions(library), read_names(options.sessions or ""))
    if not sessions:
        raise InputError(f"{options.s3 or options.data_dir}: holds no session of {data_set.name}: {data_set.expected}")
    if options.dry_run and not library.is_local:
        return _show_names(sessions, console)
    lab = LabFiles(options, console.warn)
    tasks = [NwbTask(session.name, partial(_job, data_set, options, library, session, lab)) for session in sessions]
    if options.verify_only:
        return verify_outputs(options, {task.name: partial(compare_with_sources, task.job) for task in tasks}, console)
    if options.require_metadata or (options.metadata and options.dry_run):
        check_facts([task.job() for task in tasks], console, is_required=options.require_metadata)
    for finding in library.findings:
        console.finding(finding)
    if options.dry_run:
        return _show_plan(tasks, options, console)
    return run_nwb_tasks(tasks, options, console, began, library.findings)


def list_data_set(data_set: DataSet, options: Options) -> Listing:
    """The sessions of a data set and the files of each, tables included; nothing is fetched.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    library = _library(data_set, options, lambda _sentence: None)
    sessions = choose(data_set.find_sessions(library), read_names(options.sessions or ""))
    return Listing(
        tuple(
            ListedSession(
                session.name, tuple(library.listed(name) for name in sorted({*session.files, *session.tables.values()}))
            )
            for session in sessions
        )
    )


def _job(data_set: DataSet, options: Options, library: Library, session: AllenSession, lab: LabFiles) -> NwbJob:
    """What is to be done of a session, whose files are fetched if need be."""
    leave_out = _left_out(options)
    job = NwbJob(
        name=session.name,
        sources=tuple(library.path(name) for name in session.files),
        results=options.results_dir,
        root=library.root,
        transforms=data_set.transforms(leave_out),
        tables={key: library.path(name) for key, name in session.tables.items()},
        transform_options={"dataset": data_set.name, "leave_out": leave_out} | lab.facts,
        namespaces=data_set.namespaces,
        findings=session.findings,
        format=options.format,
        chunk_bytes=int(options.chunk_mb * 1_000_000),
        compression_level=options.compression.level,
        workers=options.workers,
        existing=options.existing,
        only_describe=options.metadata,
    )
    return with_metadata(job, data_set.told_by, library, lab, session.ids)


def _left_out(options: Options) -> list[str]:
    return sorted(name for each in (options.leave_out or "").split(",") if (name := each.strip()))


def _library(data_set: DataSet, options: Options, say: Callable[[str], None]) -> Library:
    if not options.s3:
        if not options.data_dir.is_dir():
            raise InputError(f"--data_dir {options.data_dir}: is not a folder; give the one that holds the sessions")
        return LocalLibrary(options.data_dir)
    url = data_set.bucket if options.s3.casefold() == PUBLIC else options.s3
    if not url:
        raise UsageError(
            f"--s3 {options.s3}: the files of {data_set.name} were published in an archive that is no bucket of files "
            "by name: download them into --data_dir, or give the address of a bucket of yours"
        )
    store = ObjectStore(url, with_credentials=options.s3_credentials)
    return BucketLibrary(store, options.scratch_dir, say)


def _show_plan(tasks: Sequence[NwbTask], options: Options, console: Console) -> ExitCode:
    if not options.metadata:
        return show_plan([task.job() for task in tasks], options, console)
    names = [task.name for task in tasks]
    said = f"Nothing written. Would write the metadata files of {len(names)} session(s)."
    console.summary(ExitCode.DONE, said, {"sessions": names})
    return ExitCode.DONE


def _show_names(sessions: Sequence[AllenSession], console: Console) -> ExitCode:
    for session in sessions:
        console.info(f"{session.name}: {', '.join(session.files)}")
    names = [session.name for session in sessions]
    console.summary(
        ExitCode.DONE, f"Nothing fetched or written. Would convert {len(names)} session(s).", {"sessions": names}
    )
    return ExitCode.DONE
