"""Convert Miniscope recordings: discover, plan, convert each session, sum up."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted, size_text
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.miniscope.found import look
from miniscope_to_nwb_zarr.layouts.discovery import nothing_found
from miniscope_to_nwb_zarr.run.existing import verify_outputs
from miniscope_to_nwb_zarr.run.inputs import make_job, make_request, with_animals
from miniscope_to_nwb_zarr.run.listing import ListedSession, Listing, check_names, read_names
from miniscope_to_nwb_zarr.run.missing_facts import check_facts, remind
from miniscope_to_nwb_zarr.run.plan import plan_rows
from miniscope_to_nwb_zarr.run.room import no_room
from miniscope_to_nwb_zarr.run.session_transfer import task_of, transfer_of
from miniscope_to_nwb_zarr.run.summary import SessionResult
from miniscope_to_nwb_zarr.run.whole_run import RunFacts, make_all, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.data_conversion.miniscope.found import Found
    from miniscope_to_nwb_zarr.layouts.discovery import Discovery, Failure
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job


def run(options: Options, console: Console, listing: Listing | None = None) -> ExitCode:
    """Do what the options ask for with a folder of Miniscope recordings.

    Parameters
    ----------
    options : Options
    console : Console
    listing : Listing, optional
        Of `list_sessions`: the data folder is not looked at again.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    began = datetime.now(UTC)
    if options.dataset == "demo":
        options = _with_demo(options, console)
    try:
        return _run(options, console, began, listing)
    except InputError as error:
        if not (options.dry_run or options.verify_only):
            refused(error, options, {}, began)
        raise


def list_sessions(options: Options, below: Sequence[str] = ()) -> Listing:
    """The sessions that `run` would convert, and the files of each.

    Parameters
    ----------
    options : Options
    below : sequence of str
        Folders in the data folder, with ``/`` as separator: nothing else is looked at. Empty: all of it.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    found = look(options, make_job(options).sidecar, below)
    failures = found.discovery.failures
    return Listing(
        tuple(ListedSession(one.name, found.listed(options, one)) for one in found.discovery.sessions),
        tuple(f"{_place(failure, options.data_dir)}: {failure.message}" for failure in failures),
        found,
    )


def _run(options: Options, console: Console, began: datetime, listing: Listing | None) -> ExitCode:
    job = make_job(options)
    if options.verify_only and not options.against_source:
        return verify_outputs(options, {}, console)
    looked: Found = listing.found if listing else look(options, job.sidecar)
    found = _chosen(looked.discovery, options)
    if not found.sessions and not found.failures:
        raise InputError(nothing_found(options.data_shown, found, make_request(options, job.sidecar)))
    if options.verify_only:
        checks = {one.name: partial(_compare, one, job, options, looked.remote, console) for one in found.sessions}
        return verify_outputs(options, checks, console)
    show_findings(found, options.data_dir, console)
    job = with_animals(job, options, found.sessions, console.warn)
    check_facts(options, found.sessions, job, console)
    if options.dry_run:
        return _show_plan(options, found, console)
    try:
        return _convert(options, replace(looked, discovery=found), job, console, began)
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


def _convert(options: Options, looked: Found, job: Job, console: Console, began: datetime) -> ExitCode:
    found = looked.discovery
    failures = [failed(failure, options.data_dir) for failure in found.failures]
    facts = RunFacts(began, job.output_options, "session", failures, found.findings)
    tasks = [task_of(session, job, options, looked.remote) for session in found.sessions]
    if options.process:
        # the libraries of NWB take seconds to import
        from miniscope_to_nwb_zarr.data_conversion.analysis.task import make_analysis  # noqa: PLC0415

        # parameters and engine are looked at before anything is converted
        make_analysis(options)
    return make_all(tasks, options, console, facts, partial(remind, console=console))


def _compare(
    session: Session,
    job: Job,
    options: Options,
    remote: Mapping[Path, RemoteFile],
    console: Console,
    output: Path,
    receipt: Receipt,
) -> list[str]:
    """Sentences on what of a finished output is not as its source has it, which is fetched if need be."""
    from miniscope_to_nwb_zarr.run.against_source import compare_with_source  # noqa: PLC0415 - decoders

    with transfer_of(session, job, options, remote).here_for_a_while():
        return compare_with_source(session, options, console, output, receipt)


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
        f"Nothing written. Would write about {size_text(n_bytes)}, {counted(n_objects, 'chunk')} of frames, "
        f"into {options.results_shown} (free: {size_text(free)}).",
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
