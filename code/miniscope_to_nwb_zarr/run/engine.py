"""Run sessions one after the other, or several at once on a Dask cluster."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.paths import source_root
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.run.named_session import SessionOrder, run_named_session, run_session
from miniscope_to_nwb_zarr.run.plan import n_work_frames
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job
    from miniscope_to_nwb_zarr.run.summary import RunFolder

_TRIES = 3


def run_sessions(
    sessions: Sequence[Session], job: Job, options: Options, console: Console, run_folder: RunFolder
) -> Iterator[SessionResult]:
    """Convert every session; one that fails does not stop the others.

    Raises
    ------
    Stopped
        A signal asked the run to stop.
    """
    # metadata of a session take less than a cluster takes to start
    is_much = len(sessions) > 1 and job.workers > 1 and not job.metadata_only
    engine = options.engine or ("local" if is_much else "serial")
    by_name = {session.name: session for session in sessions}
    if engine == "serial":
        results = _one_by_one(sessions, job, console)
    else:
        results = _several_at_once(sessions, job, options, engine, console)
    for result in results:
        run_folder.event("session", result.as_json(), datetime.now(UTC))
        for finding in result.findings:
            if finding not in by_name[result.session].findings and finding.code is not Code.FACT_MISSING:
                console.finding(finding, result.session)
        if result.exit_code is not ExitCode.DONE:
            console.error(result.message)
        yield result


def _one_by_one(sessions: Sequence[Session], job: Job, console: Console) -> Iterator[SessionResult]:
    for session in sessions:
        frames, n_bytes = n_work_frames(session, embed_cameras=job.embed_cameras)
        with console.progress(2 * frames, 2 * n_bytes, session.name) as advance:
            yield run_session(session, job, advance)


def _several_at_once(
    sessions: Sequence[Session], job: Job, options: Options, engine: str, console: Console
) -> Iterator[SessionResult]:
    """Sessions on the workers of a cluster; the processors are shared out between sessions and their own workers."""
    from distributed import as_completed  # noqa: PLC0415 - a second of imports, for several sessions only

    n_at_once = min(len(sessions), job.workers)
    each = replace(options, workers=max(1, job.workers // n_at_once), quiet=True, json=False)
    orders = {s.name: SessionOrder(each, str(source_root(s)), s.name, _facts(job, s)) for s in sessions}
    work = {s.name: n_work_frames(s, embed_cameras=job.embed_cameras) for s in sessions}
    tries = dict.fromkeys(orders, 1)
    total = [sum(figures) for figures in zip(*work.values(), strict=True)]
    with (
        _clearing_on_error(job.results, orders),
        _cluster(engine, n_at_once) as client,
        console.progress(total[0], total[1], f"{len(sessions)} sessions") as advance,
    ):
        names = {client.submit(run_named_session, order, pure=False): name for name, order in orders.items()}
        running = as_completed(list(names))
        for future in running:
            name = names[future]
            result = _result_of(future, name)
            if result.exit_code is ExitCode.TEMPORARY and tries[name] < _TRIES:
                tries[name] += 1
                console.warn(f"{result.message} Trying again ({tries[name]} of {_TRIES})")
                again = client.submit(run_named_session, orders[name], pure=False)
                names[again] = name
                running.add(again)
                continue
            advance(*work[name])
            yield result


def _facts(job: Job, session: Session) -> str:
    return job.for_session(session).sidecar.model_dump_json(exclude_unset=True)


def _result_of(future: Any, name: str) -> SessionResult:  # noqa: ANN401 - distributed is not typed
    error = future.exception()
    if error is None:
        result: SessionResult = future.result()
        return result
    from distributed import KilledWorker  # noqa: PLC0415 - see above
    from distributed.client import FutureCancelledError  # noqa: PLC0415

    # a connection that is closed is an OSError
    if not isinstance(error, KilledWorker | FutureCancelledError | TimeoutError | OSError):
        message = f"{name}: a fault of this program, please report it: {type(error).__name__}: {error}"
        return SessionResult(name, ExitCode.INTERNAL, "failed", message)
    message = f"{name}: the worker that converted it was lost ({type(error).__name__}: {error}); run again"
    return SessionResult(name, ExitCode.TEMPORARY, "failed", message)


@contextmanager
def _clearing_on_error(results: Path, sessions: Iterable[str]) -> Iterator[None]:
    """Within this context an error removes what the killed workers of a cluster leave of the sessions."""
    is_done = False
    try:
        yield
        is_done = True
    finally:
        names = () if is_done else tuple(f"{commit.STAGING_PREFIX}{name}-" for name in sessions)
        for leftover in commit.leftovers(results) if names else ():
            if leftover.path.name.startswith(names):
                commit.remove_leftover(leftover)


@contextmanager
def _cluster(engine: str, n_workers: int) -> Iterator[Any]:
    import dask  # noqa: PLC0415 - see above
    from distributed import Client, LocalCluster  # noqa: PLC0415

    if engine != "local":
        with Client(engine) as client:
            yield client
        return
    memory = os.environ.get("CO_MEMORY")
    # a worker starts processes of its own, which a daemon may not
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit=int(memory) // n_workers if memory else "auto",
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
