"""Convert the NWB files of a data folder: HDF5 to Zarr, or Zarr to HDF5."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import size_text
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, Stopped, TemporaryError, UsageError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb.against_source import compare_with_sources
from miniscope_to_nwb_zarr.data_conversion.nwb.dry_run import plan_row
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import find_files, n_bytes, state_of
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from miniscope_to_nwb_zarr.data_conversion.nwb.task import NwbTask
from miniscope_to_nwb_zarr.run.engine import run_tasks
from miniscope_to_nwb_zarr.run.existing import clean_staging, verify_outputs
from miniscope_to_nwb_zarr.run.inputs import refuse_inside
from miniscope_to_nwb_zarr.run.listing import ListedSession, Listing, check_names, list_local, read_names
from miniscope_to_nwb_zarr.run.missing_facts import list_left_out
from miniscope_to_nwb_zarr.run.options import output_options
from miniscope_to_nwb_zarr.run.rows import ResultRow
from miniscope_to_nwb_zarr.run.summary import RunFolder
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import FoundFile, FoundFiles
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.summary import SessionResult

_FORMATS = {"zarr": "Zarr", "hdf5": "HDF5"}


def run(options: Options, console: Console) -> ExitCode:
    """Do what the options ask for with a folder of NWB files.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    if options.clean_staging:
        return clean_staging(options.results_dir, console, delete=options.clean_staging == "delete")
    if options.metadata:
        raise UsageError("--metadata True: there are no AIND metadata of NWB files alone; convert without it")
    if options.verify_only and not options.against_source:
        return verify_outputs(options, {}, console)
    began = datetime.now(UTC)
    limits.choose(options.limits or {})
    if not options.data_dir.is_dir():
        raise InputError(f"--data_dir {options.data_dir}: is not a folder; give the folder that holds the NWB files")
    found = find_files(options.data_dir)
    refuse_inside(options.results_dir, [options.data_dir, *(file.path.parent for file in found.files)])
    if options.verify_only:
        jobs_of = {file.name: partial(_job, options, found.root, file) for file in found.files}
        checks = {name: partial(compare_with_sources, job_of) for name, job_of in jobs_of.items()}
        return verify_outputs(options, checks, console)
    jobs, ignored = _jobs(options, found)
    if names := read_names(options.sessions or ""):
        check_names(names, [job.name for job in jobs])
        jobs = [job for job in jobs if job.name in names]
    findings = found.findings + ignored
    if not jobs:
        raise InputError(_nothing_to_do(options, found))
    for finding in findings:
        console.finding(finding)
    if options.dry_run:
        return show_plan(jobs, options, console)
    tasks = [NwbTask(job.name, partial(replace, job)) for job in jobs]
    with _saying_what_is_needed(options, jobs):
        return run_nwb_tasks(tasks, options, console, began, findings)


@contextmanager
def _saying_what_is_needed(options: Options, jobs: Sequence[NwbJob]) -> Iterator[None]:
    """Within this context a disk that is too full for the run's own summary is told with the room that is needed."""
    try:
        yield
    except OSError as error:
        if not disk.is_full(error):
            raise
        needed = sum(n_bytes(state_of(job.inputs)) for job in jobs)
        raise TemporaryError(
            f"no room is left in {options.results_dir} for the summary of this run, and about {needed:,} bytes are "
            "needed for all. Make room and run the same command again"
        ) from error


def list_sessions(options: Options) -> Listing:
    """The NWB files that `run` would convert.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    if not options.data_dir.is_dir():
        raise InputError(f"--data_dir {options.data_dir}: is not a folder; give the folder that holds the NWB files")
    found = find_files(options.data_dir)
    jobs, _ = _jobs(options, found)
    return Listing(
        tuple(ListedSession(job.name, list_local(map(Path, state_of(job.inputs)), found.root)) for job in jobs)
    )


def run_nwb_tasks(
    tasks: Sequence[NwbTask], options: Options, console: Console, began: datetime, findings: Sequence[Finding] = ()
) -> ExitCode:
    """Make every output, on the engine that the options name, and sum up; one that fails does not stop the others.

    Raises
    ------
    Stopped
        A signal asked the run to stop.
    """
    run_folder = RunFolder(options.results_dir, output_options(options), [task.name for task in tasks], began)
    results: list[SessionResult] = []
    try:
        results.extend(run_tasks(tasks, options, console, run_folder, is_short=options.metadata))
    except Stopped as stopped:
        run_folder.finish(results, findings, datetime.now(UTC), stopped.exit_code)
        raise
    order = [task.name for task in tasks]
    results.sort(key=lambda result: order.index(result.session))
    code = run_folder.finish(results, findings, datetime.now(UTC))
    console.result_table(
        [ResultRow(r.session, r.word, r.frames, r.seconds, r.store_bytes, _n_warnings(r), r.message) for r in results]
    )
    list_left_out({result.session: result.findings for result in results}, console)
    n_done = sum(result.exit_code is ExitCode.DONE for result in results)
    console.summary(
        code,
        f"{n_done} of {len(results)} NWB file(s) done; summary in {run_folder.path}",
        {"run": str(run_folder.path), "sessions": len(results), "done": n_done},
    )
    return code


def _jobs(options: Options, found: FoundFiles) -> tuple[list[NwbJob], tuple[Finding, ...]]:
    """A job for each file of the other format, and a finding for each that has the one asked for already."""
    jobs, ignored = [], []
    for file in found.files:
        if file.is_zarr == (options.format == "zarr"):
            where = file.path.relative_to(found.root).as_posix()
            sentence = f"is {_FORMATS[options.format]} already, the format that --format asks for; it was left alone"
            ignored.append(Finding(Code.FILE_IGNORED, Severity.INFO, where, sentence))
            continue
        jobs.append(_job(options, found.root, file))
    return jobs, tuple(ignored)


def _job(options: Options, root: Path, file: FoundFile) -> NwbJob:
    return NwbJob(
        name=file.name,
        sources=(file.path,),
        results=options.results_dir,
        root=root,
        format=options.format,
        chunk_bytes=int(options.chunk_mb * 1_000_000),
        compression_level=options.compression.level,
        workers=options.workers,
        existing=options.existing,
    )


def _nothing_to_do(options: Options, found: FoundFiles) -> str:
    other = next(name for name in _FORMATS if name != options.format)
    if found.files:
        return (
            f"{options.data_dir}: all {len(found.files)} NWB file(s) are {_FORMATS[options.format]} already; "
            f"use --format {other} to convert them to {_FORMATS[other]}"
        )
    return (
        f"{options.data_dir}: holds no NWB file. Expected files named *.nwb (HDF5), or folders named *.nwb.zarr, "
        "in it or in its folders"
    )


def show_plan(jobs: Sequence[NwbJob], options: Options, console: Console) -> ExitCode:
    """Show what would be written, and write nothing."""
    rows, n_failed = [], 0
    for job in jobs:
        try:
            rows.append(plan_row(job))
        except InputError as error:
            n_failed += 1
            console.error(str(error))
    console.plan_table(rows)
    n_bytes = sum(row.store_bytes_estimate for row in rows)
    parent = next(p for p in (options.results_dir.resolve(), *options.results_dir.resolve().parents) if p.exists())
    code = ExitCode.INVALID_INPUT if n_failed else ExitCode.DONE
    console.summary(
        code,
        f"Nothing written. Would write about {size_text(n_bytes)} into {options.results_dir} "
        f"(free: {size_text(disk.free_bytes(parent))}).",
        {"sessions": len(rows), "failures": n_failed},
    )
    return code


def _n_warnings(result: SessionResult) -> int:
    """Findings that deserve a look; missing facts are summed up in a sentence of their own."""
    return sum(f.severity is not Severity.INFO and f.code is not Code.FACT_MISSING for f in result.findings)
