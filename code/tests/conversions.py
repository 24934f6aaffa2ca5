"""Conversions for tests: a session from a folder, converted in this process unless its workers are what is tested."""

import hashlib
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.data_conversion import frames
from miniscope_to_nwb_zarr.data_conversion.pool import Pool
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.session_job import Job, Outcome, convert_session
from miniscope_to_nwb_zarr.sources.video import listen_to_decoder

OPTIONS = {"metadata": False, "behavior_video": "external"}


def sessions_in(folder: Path, **request: Any) -> tuple[Session, ...]:
    """The sessions that discovery finds."""
    found = discover(folder, Request(**request))
    assert not found.failures
    return found.sessions


def job(results: Path, **changes: Any) -> Job:
    """A job of small chunks, so that small recordings have several."""
    fields = {
        "workers": 2,
        "chunk_bytes": 20_000,
        "compression_level": 1,
        "embed_cameras": False,
        "backend": "zarr",
        "naming": "session",
        "metadata_only": False,
        "existing": "verify",
        "sidecar": Sidecar(),
        "output_options": OPTIONS,
    }
    return Job(results, **{**fields, **changes})


def convert(session: Session, results: Path, *, in_process: bool = True, **changes: Any) -> Outcome:
    """Convert a session; `changes` are fields of `Job`. The workers are this process unless `in_process` is False."""
    wanted = job(results, **changes)
    before = session_job.open_pool
    session_job.open_pool = no_processes if in_process else before
    try:
        return convert_session(session, wanted, lambda: datetime.now(UTC), lambda _frames, _bytes: None, Phases())
    finally:
        session_job.open_pool = before


@contextmanager
def no_processes(workers: int):
    """In place of `open_pool`: every task is done at once, in this process."""
    listen_to_decoder()
    try:
        yield Pool(_AtOnce(), workers)
    finally:
        frames._state.videos.clear()


class _AtOnce(Executor):
    _processes = None

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


def listing(folder: Path) -> dict[str, tuple[int, str]]:
    """Time of change and sha256 of every file below a folder, hidden ones included."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def staged(results: Path) -> list[str]:
    """Staging folders in a results folder."""
    return sorted(path.name for path in results.glob(".staging-*"))
