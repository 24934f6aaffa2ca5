"""Convert Miniscope recordings: discover, plan, convert each session, sum up."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, Stopped
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.layouts.discovery import nothing_found
from miniscope_to_nwb_zarr.run.engine import run_tasks
from miniscope_to_nwb_zarr.run.existing import clean_staging, verify_outputs
from miniscope_to_nwb_zarr.run.inputs import find_sessions, make_job, make_request, with_animals
from miniscope_to_nwb_zarr.run.listing import ListedSession, Listing, check_names, list_local, read_names
from miniscope_to_nwb_zarr.run.missing_facts import check_facts, remind
from miniscope_to_nwb_zarr.run.named_session import SessionTask
from miniscope_to_nwb_zarr.run.plan import plan_rows
from miniscope_to_nwb_zarr.run.room import no_room
from miniscope_to_nwb_zarr.run.rows import ResultRow, size_text
from miniscope_to_nwb_zarr.run.summary import RunFolder, SessionResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.layouts.discovery import Discovery, Failure
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job


def run(options: Options, console: Console) -> ExitCode:
    """Do what the options ask for with a folder of Miniscope recordings.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    if options.clean_staging:
        return clean_staging(options.results_dir, console, delete=options.clean_staging == "delete")
    began = datetime.now(UTC)
    if options.dataset == "demo":
        options = _with_demo(options, console)
    try:
        return _run(options, console, began)
    except InputError as error:
        if not (options.dry_run or options.verify_only):
            refused = SessionResult("", error.exit_code, "failed", str(error))
            RunFolder(options.results_dir, {}, (), began).finish([refused], (), datetime.now(UTC))
        raise


def list_sessions(options: Options) -> Listing:
    """The sessions that `run` would convert, and the files of each.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    found = find_sessions(options, options.data_dir, make_job(options).sidecar)
    root = options.data_dir.resolve()
    return Listing(
        tuple(
            ListedSession(session.name, list_local((file.path for file in session.source_files), root))
            for session in found.sessions
        ),
        tuple(f"{_place(failure, options.data_dir)}: {failure.message}" for failure in found.failures),
    )


def _run(options: Options, console: Console, began: datetime) -> ExitCode:
    job = make_job(options)
    if options.verify_only and not options.against_source:
        return verify_outputs(options, {}, console)
    found = _chosen(find_sessions(options, options.data_dir, job.sidecar), options)
    if not found.sessions and not found.failures:
        raise InputError(nothing_found(options.data_dir, found, make_request(options, job.sidecar)))
    if options.verify_only:
        from miniscope_to_nwb_zarr.run.against_source import compare_with_source  # noqa: PLC0415 - decoders

        checks = {one.name: partial(compare_with_source, one, options, console) for one in found.sessions}
        return verify_outputs(options, checks, console)
    show_findings(found, options.data_dir, console)
    job = with_animals(job, options, found.sessions, console.warn)
    check_facts(options, found.sessions, job, console)
    if options.dry_run:
        return _show_plan(options, found, console)
    try:
        return _convert(options, found, job, console, began)
    except OSError as error:
        if not disk.is_full(error):
            raise
        # of a session it is said in its result: this is about the folder of the run itself
        waiting = [session for session in found.sessions if not (job.results / session.name).exists()]
        raise no_room("the summary of this run", waiting, job) from error


def _chosen(found: Discovery, options: Options) -> Discovery:
    """What is to be converted: all that was found, or the sessions that are named."""
    names = read_names(options.sessions or "")
    if not names:
        return found
    check_names(names, [session.name for session in found.sessions])
    return replace(found, sessions=tuple(one for one in found.sessions if one.name in names), failures=())


def _convert(options: Options, found: Discovery, job: Job, console: Console, began: datetime) -> ExitCode:
    run_folder = RunFolder(options.results_dir, job.output_options, [s.name for s in found.sessions], began)
    results = [failed(failure, options.data_dir) for failure in found.failures]
    n_failed = len(results)
    try:
        tasks = _tasks(options, found, job)
        # metadata of a session take less than a cluster takes to start
        results.extend(run_tasks(tasks, options, console, run_folder, is_short=job.metadata_only))
    except Stopped as stopped:
        run_folder.finish(results, found.findings, datetime.now(UTC), stopped.exit_code)
        raise
    results[n_failed:] = sorted(results[n_failed:], key=lambda result: result.session)
    code = run_folder.finish(results, found.findings, datetime.now(UTC))
    show_results(results, code, run_folder, console)
    return code


def _tasks(options: Options, found: Discovery, job: Job) -> Sequence[Task]:
    conversions = [SessionTask(session, job, options) for session in found.sessions]
    if not options.process:
        return conversions
    # the libraries of NWB, which take seconds to import
    from miniscope_to_nwb_zarr.data_conversion.analysis.task import RecordingTask, make_analysis  # noqa: PLC0415

    # parameters and engine are looked at before anything is converted
    make_analysis(options)
    return [RecordingTask(conversion, options) for conversion in conversions]


def show_findings(found: Discovery, data_dir: Path, console: Console) -> None:
    """Show what is wrong with the recordings, and those that cannot be converted."""
    for session in found.sessions:
        for finding in session.findings:
            console.finding(finding, session.name)
    for failure in found.failures:
        for finding in failure.findings:
            console.finding(finding, _place(failure, data_dir))
        console.error(f"{_place(failure, data_dir)}: {failure.message}")
    for finding in found.findings:
        console.finding(finding)


def _with_demo(options: Options, console: Console) -> Options:
    """The options for the demo recording, which is made first unless it is there."""
    from miniscope_to_nwb_zarr.demo.example import SIDECAR_NAME, make_demo  # noqa: PLC0415 - only the demo needs it

    folder = options.scratch_dir / "demo"
    if not folder.exists():
        console.info(f"making a recording in {folder}")
        options.scratch_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".demo-", dir=options.scratch_dir) as unfinished:
            make_demo(Path(unfinished) / "demo")
            disk.rename_new(Path(unfinished) / "demo", folder)
    sidecar = options.session_metadata or folder / SIDECAR_NAME
    return replace(options, data_dir=folder, session_metadata=sidecar)


def _show_plan(options: Options, found: Discovery, console: Console) -> ExitCode:
    chunk_bytes = int(options.chunk_mb * 1_000_000)
    embed = options.behavior_video == "embed"
    rows = [row for s in found.sessions for row in plan_rows(s, chunk_bytes, embed_cameras=embed)]
    console.plan_table(rows)
    n_bytes, n_objects = sum(row.store_bytes_estimate for row in rows), sum(row.objects for row in rows)
    free = disk.free_bytes(_existing_parent(options.results_dir))
    code = ExitCode.INVALID_INPUT if found.failures or not found.sessions else ExitCode.DONE
    console.summary(
        code,
        f"Nothing written. Would write about {size_text(n_bytes)}, {n_objects:,} objects of frames, "
        f"into {options.results_dir} (free: {size_text(free)}).",
        {"sessions": len(found.sessions), "failures": len(found.failures)},
    )
    return code


def _existing_parent(folder: Path) -> Path:
    return next(parent for parent in (folder.resolve(), *folder.resolve().parents) if parent.exists())


def failed(failure: Failure, data_dir: Path) -> SessionResult:
    """The result of a recording that cannot be converted."""
    code = ExitCode.TEMPORARY if failure.is_temporary else ExitCode.INVALID_INPUT
    return SessionResult(_place(failure, data_dir), code, "failed", failure.message, findings=failure.findings)


def _place(failure: Failure, data_dir: Path) -> str:
    """Where a recording is that has no name yet."""
    root = data_dir.resolve()
    folder = failure.folder
    place = folder.relative_to(root).as_posix() if folder.is_relative_to(root) and folder != root else folder.name
    return f"{place}/{failure.label}" if failure.label else place


def show_results(results: list[SessionResult], code: ExitCode, run_folder: RunFolder, console: Console) -> None:
    """Show how each session ended, and the run."""
    console.result_table(
        [ResultRow(r.session, r.word, r.frames, r.seconds, r.store_bytes, _n_warnings(r), r.message) for r in results]
    )
    remind(results, console)
    n_done = sum(result.exit_code is ExitCode.DONE for result in results)
    console.summary(
        code,
        f"{n_done} of {len(results)} session(s) done; summary in {run_folder.path}",
        {"run": str(run_folder.path), "sessions": len(results), "done": n_done},
    )


def _n_warnings(result: SessionResult) -> int:
    """Findings that deserve a look; missing facts are summed up in a sentence of their own."""
    return sum(f.severity is not Severity.INFO and f.code is not Code.FACT_MISSING for f in result.findings)
