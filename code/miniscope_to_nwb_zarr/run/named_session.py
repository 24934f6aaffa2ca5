"""One session of a run, in this process or on a worker far away, where only its name and the options travel."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MiniscopeError
from miniscope_to_nwb_zarr.run import stop
from miniscope_to_nwb_zarr.run.inputs import find_sessions, make_job
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.session_job import convert_session
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job


@dataclass(frozen=True, slots=True)
class SessionOrder:
    """A session to convert, as text."""

    options: Options
    folder: str
    """The folder that holds the session's recordings."""
    name: str
    facts: str
    """What the lab says of the session, as JSON: a service is asked once, and not by every worker."""


def run_named_session(order: SessionOrder) -> SessionResult:
    """Find the session again and convert it."""
    job = make_job(order.options)
    of_session = replace(job, sidecar=Sidecar.model_validate_json(order.facts))
    # a name can depend on what else is in the data folder; looking at the session's own folder is faster
    for folder in (Path(order.folder), order.options.data_dir):
        found = find_sessions(order.options, folder, job.sidecar)
        for session in found.sessions:
            if session.name == order.name:
                return run_session(session, of_session, lambda _frames, _n_bytes: None)
    error = InputError(f"{order.name}: was found when the run began and is not there any more")
    return SessionResult(order.name, error.exit_code, "failed", str(error))


def run_session(session: Session, job: Job, advance: Callable[[int, int], None]) -> SessionResult:
    """Convert one session; an error becomes its result."""
    began = time.monotonic()
    phases = Phases()

    def advance_or_stop(frames: int, n_bytes: int) -> None:
        stop.obey()
        advance(frames, n_bytes)

    try:
        outcome = convert_session(session, job, lambda: datetime.now(UTC), advance_or_stop, phases)
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
        phases=phases.seconds,
    )
