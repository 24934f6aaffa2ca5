"""An NWB file of a run, as the engine knows it: made in this process, or in one far away."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.nwb.apart import run_apart
from miniscope_to_nwb_zarr.data_conversion.nwb.job import convert
from miniscope_to_nwb_zarr.run import stop
from miniscope_to_nwb_zarr.run.engine import its_own
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.summary import SessionResult
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
    from miniscope_to_nwb_zarr.run.console import Console


@dataclass(frozen=True, slots=True)
class NwbTask:
    """An output that is made from NWB files."""

    name: str
    job: Callable[[], NwbJob]
    """What is to be done; what lies in a bucket is fetched when this is asked."""

    # large arrays are known when the files are opened
    amount = (0, 0)
    is_analysis = False
    outputs = property(its_own)
    findings = ()
    # its files lie here
    prepare = None

    def run(self, console: Console) -> SessionResult:
        """Make it in a child of this process; an error becomes its result."""
        console.info(self.name)
        try:
            job = self.job()
        except MiniscopeError as error:
            return SessionResult(self.name, error.exit_code, "failed", str(error))
        return run_apart(partial(run_job, job), job.name, job.results)

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What makes it in a process far away, which must see the same folders.

        Raises
        ------
        MiniscopeError
            A file could not be fetched.
        """
        return partial(_run_far_away, replace(self.job(), workers=workers), limits.chosen())


def run_job(job: NwbJob) -> SessionResult:
    """Convert; an error becomes the result."""
    began = time.monotonic()
    phases = Phases()
    try:
        outcome = convert(job, lambda: datetime.now(UTC), lambda _boxes, _n_bytes: stop.obey(), phases)
    except MiniscopeError as error:
        return SessionResult(job.name, error.exit_code, "failed", str(error), seconds=time.monotonic() - began)
    return SessionResult.done(
        job.name,
        outcome.word,
        str(outcome.output),
        outcome.receipt,
        seconds=time.monotonic() - began,
        phases=phases.seconds,
    )


def _run_far_away(job: NwbJob, chosen: Mapping[str, int]) -> SessionResult:
    limits.choose(chosen)
    return run_apart(partial(run_job, job), job.name, job.results)
