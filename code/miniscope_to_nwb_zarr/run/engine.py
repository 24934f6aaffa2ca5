"""Run sessions, one after the other or several at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ExitCode, MiniscopeError, Stopped
from miniscope_to_nwb_zarr.run.plan import n_work_frames
from miniscope_to_nwb_zarr.run.session_job import convert_session
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job
    from miniscope_to_nwb_zarr.run.summary import RunFolder


def run_sessions(
    sessions: Sequence[Session], job: Job, options: Options, console: Console, run_folder: RunFolder
) -> Iterator[SessionResult]:
    """Convert every session; one that fails does not stop the others.

    Raises
    ------
    Stopped
        A signal asked the run to stop.
    """
    for session in sessions:
        frames, n_bytes = n_work_frames(session, embed_cameras=job.embed_cameras)
        with console.progress(2 * frames, 2 * n_bytes, session.name) as advance:
            result = run_session(session, job, advance)
        run_folder.event("session", result.as_json(), datetime.now(UTC))
        for finding in result.findings:
            if finding not in session.findings:
                console.finding(finding, session.name)
        if result.exit_code is not ExitCode.DONE:
            console.error(result.message)
        yield result


def run_session(session: Session, job: Job, advance: Callable[[int, int], None]) -> SessionResult:
    """Convert one session; an error becomes its result."""
    began = time.monotonic()
    try:
        outcome = convert_session(session, job, lambda: datetime.now(UTC), advance)
    except Stopped:
        raise
    except MiniscopeError as error:
        seconds = time.monotonic() - began
        return SessionResult(session.name, error.exit_code, "failed", str(error), seconds=seconds)
    receipt = outcome.receipt
    return SessionResult(
        session=session.name,
        exit_code=ExitCode.DONE,
        word=outcome.word,
        message=str(outcome.output),
        frames=sum(series.n_frames for series in receipt.series),
        seconds=time.monotonic() - began,
        store_bytes=sum(entry.size_bytes for entry in receipt.files),
        findings=receipt.findings,
    )
