"""What a worker far away tells of the steps of its work: the scheduler carries it to whoever started the run."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.run.progress import StepLog, step_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from miniscope_to_nwb_zarr.run.console import Console

TOPIC = "miniscope-to-nwb-zarr steps"
"""Under which the scheduler has it."""
_INTERVAL_S = 60.0
"""Between two lines of one output on one step: many outputs may be worked on at once."""


@contextmanager
def steps(label: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str, str, float], None]]:
    """As `Console.steps`, for a task that runs on a worker; elsewhere nobody listens.

    Yields
    ------
    callable
        ``tell(part, step, share)``.
    """
    from distributed import get_worker  # noqa: PLC0415 - a second of imports; a worker has it already

    try:
        worker = get_worker()
    except ValueError:
        worker = None
    log = StepLog(clock, _INTERVAL_S)

    def tell(part: str, step: str, share: float) -> None:
        if worker is not None and log.is_due(part, step, share):
            worker.log_event(TOPIC, {"label": label, "part": part, "step": step, "share": float(share)})

    yield tell


def show(console: Console) -> Callable[[tuple[float, Mapping[str, Any]]], None]:
    """What shows a report on a console, to be subscribed to `TOPIC`."""

    def show_one(event: tuple[float, Mapping[str, Any]]) -> None:
        said = event[1]
        console.info(f"{said['label']}: {step_line(said['part'], said['step'], said['share'])}")

    return show_one
