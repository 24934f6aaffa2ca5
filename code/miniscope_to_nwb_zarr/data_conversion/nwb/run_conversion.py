"""Convert the NWB files of a data folder: HDF5 to Zarr, or Zarr to HDF5."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.mirror import NWB_FILES
from miniscope_to_nwb_zarr.core.amounts import counted, size_text
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, TemporaryError, UsageError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.paths import relative_path
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import find_files, n_bytes, state_of
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from miniscope_to_nwb_zarr.data_conversion.nwb.transfers import look_into, places_of, task_of, transfer_of_file
from miniscope_to_nwb_zarr.run.existing import verify_outputs
from miniscope_to_nwb_zarr.run.listing import ListedSession, Listing, check_names, list_local, list_remote, read_names
from miniscope_to_nwb_zarr.run.options import output_options
from miniscope_to_nwb_zarr.run.places import refuse_inside
from miniscope_to_nwb_zarr.run.whole_run import RunFacts, make_all
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import FoundFile, FoundFiles
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.listing import ListedFile
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.summary import SessionResult

_FORMATS = {"zarr": "Zarr", "hdf5": "HDF5"}


def run(options: Options, console: Console, listing: Listing | None = None) -> ExitCode:
    """Do what the options ask for with a folder of NWB files; those of a listing are not looked for again.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    if options.metadata:
        raise UsageError("--metadata True: there are no AIND metadata of NWB files alone; convert without it")
    if options.verify_only and not options.against_source:
        return verify_outputs(options, {}, console)
    began = datetime.now(UTC)
    limits.choose(options.limits or {})
    found, remote = listing.found if listing else _look(options)
    refuse_inside(options.results_dir, [options.data_dir, *(file.path.parent for file in found.files)])
    if options.verify_only:
        every = (_job(options, found.root, file) for file in found.files)
        checks = {job.name: partial(_compare, job, options, remote) for job in every}
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
        return _show_names(jobs, options, console) if options.data_store else show_plan(jobs, options, console)
    tasks = [task_of(job, options, remote) for job in jobs]
    with _saying_what_is_needed(options, jobs):
        return run_nwb_tasks(tasks, options, console, began, findings)


def _look(options: Options) -> tuple[FoundFiles, dict[Path, RemoteFile]]:
    """The NWB files, and where they come from if they are in a bucket."""
    if options.data_store:
        return look_into(options, NWB_FILES, find_files)
    if not options.data_dir.is_dir():
        raise InputError(f"--data_dir {options.data_dir}: is not a folder; give the folder that holds the NWB files")
    return find_files(options.data_dir), {}


def _compare(
    job: NwbJob, options: Options, remote: Mapping[Path, RemoteFile], output: Path, receipt: Receipt
) -> list[str]:
    # the libraries of NWB, which take a second to import
    from miniscope_to_nwb_zarr.data_conversion.nwb.against_source import compare_with_sources  # noqa: PLC0415

    with transfer_of_file(job, options, remote).here_for_a_while():
        return compare_with_sources(partial(replace, job), output, receipt)


@contextmanager
def _saying_what_is_needed(options: Options, jobs: Sequence[NwbJob]) -> Iterator[None]:
    """Within this context a disk that is too full for the run's own summary is told with the room that is needed."""
    try:
        yield
    except OSError as error:
        if not disk.is_full(error):
            raise
        needed = sum(n_bytes(state_of(path for path in job.inputs if path.exists())) for job in jobs)
        raise TemporaryError(
            f"no room is left in {options.results_dir} for the summary of this run; about {needed:,} bytes are needed "
            "in all. Make room and run the same command again"
        ) from error


def list_sessions(options: Options, below: Sequence[str] = ()) -> Listing:
    """The NWB files that `run` would convert.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    # the name of an output depends on the names of all files
    del below
    found, remote = _look(options)
    jobs, _ = _jobs(options, found)

    def listed(job: NwbJob) -> tuple[ListedFile, ...]:
        if options.data_store:
            return list_remote(places_of(job.sources[0], remote), remote, options.data_store.address.prefix)
        return list_local(map(Path, state_of(job.inputs)), found.root)

    return Listing(tuple(ListedSession(job.name, listed(job)) for job in jobs), found=(found, remote))


def run_nwb_tasks(
    tasks: Sequence[Task], options: Options, console: Console, began: datetime, findings: Sequence[Finding] = ()
) -> ExitCode:
    """Make every output, on the engine that the options name, and sum up; one that fails does not stop the others.

    Raises
    ------
    Stopped
        A signal asked the run to stop.
    """
    facts = RunFacts(began, output_options(options), "NWB file", findings=findings)

    if len(tasks) > 1:
        # each file is converted in a child of this process: what is imported here is not imported in each of them
        import_module("miniscope_to_nwb_zarr.data_conversion.nwb.make")

    def remark(results: Sequence[SessionResult]) -> None:
        from miniscope_to_nwb_zarr.run.missing_facts import list_left_out  # noqa: PLC0415 - loads the lab's schema

        list_left_out({result.session: result.findings for result in results}, console)

    return make_all(tasks, options, console, facts, remark)


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
            f"{options.data_shown}: {counted(len(found.files), 'NWB file')} found, all of them "
            f"{_FORMATS[options.format]} already; use --format {other} to convert them to {_FORMATS[other]}"
        )
    return (
        f"{options.data_shown}: holds no NWB file. Expected files named *.nwb (HDF5), or folders named *.nwb.zarr, "
        "in it or in its folders"
    )


def _show_names(jobs: Sequence[NwbJob], options: Options, console: Console) -> ExitCode:
    """Show what would be made of files that are not here."""
    for job in jobs:
        console.info(f"{job.name}: {options.data_shown}/{relative_path(job.sources[0], job.source_root)}")
    said = f"Nothing fetched or written. Would convert {counted(len(jobs), 'NWB file')} into {options.results_shown}."
    console.summary(ExitCode.DONE, said, {"sessions": [job.name for job in jobs]})
    return ExitCode.DONE


def show_plan(jobs: Sequence[NwbJob], options: Options, console: Console) -> ExitCode:
    """Show what would be written, and write nothing."""
    from miniscope_to_nwb_zarr.data_conversion.nwb.dry_run import plan_row  # noqa: PLC0415 - see above

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
        f"Nothing written. Would write about {size_text(n_bytes)} into {options.results_shown} "
        f"(free: {size_text(disk.free_bytes(parent))}).",
        {"sessions": len(rows), "failures": n_failed},
    )
    return code
