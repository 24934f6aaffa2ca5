"""Convert the sessions of a data set: find them here or in a bucket, and let the engine of NWB files do the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, UsageError
from miniscope_to_nwb_zarr.data_conversion.allen.library import BucketLibrary, LocalLibrary
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import LabFiles
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_run import check_facts, with_metadata
from miniscope_to_nwb_zarr.data_conversion.allen.numbered import find_numbered, session_of
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import choose
from miniscope_to_nwb_zarr.data_conversion.nwb.against_source import compare_with_sources
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from miniscope_to_nwb_zarr.data_conversion.nwb.run_conversion import run_nwb_tasks, show_plan
from miniscope_to_nwb_zarr.data_conversion.nwb.task import NwbTask
from miniscope_to_nwb_zarr.data_conversion.nwb.transfers import transfer_of
from miniscope_to_nwb_zarr.run.existing import verify_outputs
from miniscope_to_nwb_zarr.run.listing import ListedSession, Listing, read_names
from miniscope_to_nwb_zarr.run.option_values import nearest
from miniscope_to_nwb_zarr.run.places import refuse_inside
from miniscope_to_nwb_zarr.run.transfer import TransferTask
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library
    from miniscope_to_nwb_zarr.data_conversion.allen.numbered import RowTable
    from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Transform
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.transfer import Transfer

PUBLIC = "s3://public"
"""The value of ``--data_dir`` that stands for the bucket in which a data set was published."""


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
    rows: RowTable
    """What numbered files of older pipelines count."""
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
                    f"--leave_out {name}: is not a change of {self.name} that can be left out; expected some of "
                    f"{', '.join(known)}{nearest(name, known)}"
                )
        return tuple(step.transform for step in self.steps if step.improvement not in leave_out or not step.improvement)


def run_data_set(data_set: DataSet, options: Options, console: Console, listing: Listing | None = None) -> ExitCode:
    """Do what the options ask for with sessions of a data set; those of a listing are not looked for again.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    if options.verify_only and not options.against_source:
        return verify_outputs(options, {}, console)
    began = datetime.now(UTC)
    limits.choose(options.limits or {})
    # a wrong name is said before anything is fetched
    data_set.transforms(_left_out(options))
    numbered = None if options.sessions or options.data_store else find_numbered(options.data_dir)
    if numbered and numbered.is_alone:
        options = replace(options, data_store=StorePlace(BucketAddress.parse(PUBLIC)))
    if _is_public(options) and not (options.sessions or numbered):
        raise UsageError(f"--data_dir {PUBLIC}: name the sessions to convert with --sessions, by their ids")
    library = listing.found if listing else _library(data_set, options, console.info)
    refuse_inside(options.results_dir, [library.root])
    try:
        if numbered:
            session = session_of(numbered, data_set.rows, library)
            console.info(f"{numbered.row}: session {session}, by {data_set.rows.name}")
            options = replace(options, sessions=session)
        return _run(data_set, options, library, console, began)
    finally:
        library.give_back()


def _run(data_set: DataSet, options: Options, library: Library, console: Console, began: datetime) -> ExitCode:
    sessions = choose(data_set.find_sessions(library), read_names(options.sessions or ""))
    if not sessions:
        raise InputError(f"{options.data_shown}: holds no session of {data_set.name}: {data_set.expected}")
    if options.dry_run and not library.is_local:
        return _show_names(sessions, console)
    lab = LabFiles(options, console.warn)
    made = [Made(data_set, options, library, session, lab, _own_tables(session, sessions)) for session in sessions]
    if options.verify_only:
        return verify_outputs(options, {one.session.name: one.compare for one in made}, console)
    if options.require_metadata or (options.metadata and options.dry_run):
        check_facts((job for one in made for job in one.job_here()), console, is_required=options.require_metadata)
    for finding in library.findings:
        console.finding(finding)
    if options.dry_run:
        return _show_plan(made, options, console)
    return run_nwb_tasks([one.task() for one in made], options, console, began, library.findings)


def list_data_set(data_set: DataSet, options: Options, below: Sequence[str] = ()) -> Listing:
    """The sessions of a data set and the files of each, tables included; of a bucket only tables are fetched.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    # names are distinct, and tables lie anywhere: all of it is listed
    del below
    library = _library(data_set, options, lambda _sentence: None)
    sessions = choose(data_set.find_sessions(library), read_names(options.sessions or ""))
    return Listing(
        tuple(
            ListedSession(
                session.name, tuple(library.listed(name) for name in sorted({*session.files, *session.tables.values()}))
            )
            for session in sessions
        ),
        found=library,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """How one session is made."""

    data_set: DataSet
    options: Options
    library: Library
    session: AllenSession
    lab: LabFiles
    own_tables: frozenset[str]
    """Those that no other session of the run needs."""

    def job(self) -> NwbJob:
        """What is to be done; its own files need not be here, unless what was given is of animals."""
        options, library, session = self.options, self.library, self.session
        leave_out = _left_out(options)
        tables = session.tables.items()
        job = NwbJob(
            name=session.name,
            sources=tuple(library.path(name) for name in session.files),
            results=options.results_dir,
            root=library.root,
            transforms=self.data_set.transforms(leave_out),
            tables={key: library.path(name) if name in self.own_tables else library.here(name) for key, name in tables},
            transform_options={"dataset": self.data_set.name, "leave_out": leave_out} | self.lab.facts,
            namespaces=self.data_set.namespaces,
            findings=session.findings,
            format=options.format,
            chunk_bytes=int(options.chunk_mb * 1_000_000),
            compression_level=options.compression.level,
            workers=options.workers,
            existing=options.existing,
            only_describe=options.metadata,
        )
        return with_metadata(job, self.data_set.told_by, library, self.lab, session.ids)

    def transfer(self) -> Transfer:
        """What it needs of buckets."""
        names = sorted({*self.session.files, *self.own_tables})
        files = () if self.library.is_local else tuple(map(self.library.remote, names))
        # the animal is known when the file is here, and with it what was given
        job = None if self.lab.is_of_animals or self.options.metadata else self.job()
        return transfer_of(self.session.name, job, self.options, self.library.place, files)

    def task(self) -> Task:
        """The task that makes it."""
        task = NwbTask(self.session.name, self.job)
        if self.library.is_local and self.options.results_store is None:
            return task
        return TransferTask(task, self.transfer())

    def job_here(self) -> Iterator[NwbJob]:
        """The job, whose files are here until the next one is asked for."""
        with self.transfer().here_for_a_while():
            yield self.job()

    def compare(self, output: Path, receipt: Receipt) -> list[str]:
        """Sentences on what of a finished output is not as its sources have it."""
        with self.transfer().here_for_a_while():
            return compare_with_sources(self.job, output, receipt)


def _own_tables(session: AllenSession, sessions: Sequence[AllenSession]) -> frozenset[str]:
    others = {name for other in sessions if other is not session for name in other.tables.values()}
    return frozenset(session.tables.values()) - others


def _left_out(options: Options) -> list[str]:
    return sorted(name for each in (options.leave_out or "").split(",") if (name := each.strip()))


def _is_public(options: Options) -> bool:
    return options.data_store is not None and str(options.data_store) == PUBLIC


def _library(data_set: DataSet, options: Options, say: Callable[[str], None]) -> Library:
    if options.data_store is None:
        if not options.data_dir.is_dir():
            raise InputError(f"--data_dir {options.data_dir}: is not a folder; give the one that holds the sessions")
        return LocalLibrary(options.data_dir)
    place = options.data_store
    if _is_public(options):
        if not data_set.bucket:
            raise UsageError(
                f"--data_dir {PUBLIC}: the files of {data_set.name} are in an archive from which this program cannot "
                "fetch them: download them into --data_dir, or give the address of a bucket of yours"
            )
        place = replace(place, address=BucketAddress.parse(data_set.bucket))
    return BucketLibrary(place.open(), options.scratch_dir, say)


def _show_plan(made: Sequence[Made], options: Options, console: Console) -> ExitCode:
    if not options.metadata:
        return show_plan([one.job() for one in made], options, console)
    names = [one.session.name for one in made]
    said = f"Nothing written. Would write the metadata files of {counted(len(names), 'session')}."
    console.summary(ExitCode.DONE, said, {"sessions": names})
    return ExitCode.DONE


def _show_names(sessions: Sequence[AllenSession], console: Console) -> ExitCode:
    for session in sessions:
        console.info(f"{session.name}: {', '.join(session.files)}")
    names = [session.name for session in sessions]
    console.summary(
        ExitCode.DONE,
        f"Nothing fetched or written. Would convert {counted(len(names), 'session')}.",
        {"sessions": names},
    )
    return ExitCode.DONE
