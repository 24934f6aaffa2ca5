"""One session of a run, in this process or on a worker far away, where only its name and the options travel."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError, MiniscopeError
from miniscope_to_nwb_zarr.core.paths import source_root
from miniscope_to_nwb_zarr.run import stop
from miniscope_to_nwb_zarr.run.engine import its_own
from miniscope_to_nwb_zarr.run.inputs import find_sessions, make_job
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.plan import n_work_frames
from miniscope_to_nwb_zarr.run.session_job import convert_session
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job


@dataclass(frozen=True, slots=True)
class SessionTask:
    """A session of a run, as the engine knows it."""

    session: Session
    job: Job
    options: Options

    @property
    def name(self) -> str:
        """Of the session."""
        return self.session.name

    @property
    def amount(self) -> tuple[int, int]:
        """Frames and bytes of the work."""
        return n_work_frames(self.session, embed_cameras=self.job.embed_cameras)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that people have seen before the run."""
        return self.session.findings

    outputs = property(its_own)
    is_analysis = False
    # its files lie here
    prepare = None

    def run(self, console: Console) -> SessionResult:
        """Convert it in this process; an error becomes its result."""
        frames, n_bytes = self.amount
        with console.progress(2 * frames, 2 * n_bytes, self.name, ("written", "read back")) as advance:
            return run_session(self.session, self.job, advance)

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What converts it in a process far away."""
        each = replace(self.options, workers=workers, quiet=True, json=False)
        facts = self.job.for_session(self.session).sidecar.model_dump_json(exclude_unset=True)
        return partial(run_named_session, SessionOrder(each, str(source_root(self.session)), self.name, facts))


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
    error = InputError(f"{order.name}: was found when the run began and is no longer there")
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
    return SessionResult.done(
        session.name,
        outcome.word,
        str(outcome.output),
        outcome.receipt,
        seconds=time.monotonic() - began,
        phases=phases.seconds,
    )
