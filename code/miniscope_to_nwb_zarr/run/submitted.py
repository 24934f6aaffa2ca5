"""Tasks that the workers of a Dask cluster are at: sent, waited for, sent again where that can help."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import ExitCode, TemporaryError
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task

_TRIES = 3
_LOOK_EVERY_S = 0.05
_ASK_EVERY_S = 5.0
# a worker that is lost starts again within seconds, or in rare cases never
WORKERS_BACK_WITHIN = "120s"


class Submitted:
    """Tasks that a cluster is at.

    Parameters
    ----------
    client : distributed.Client
    console : Console
    lost : set of str
        Takes the names of outputs whose worker was lost.
    """

    def __init__(self, client: Any, console: Console, lost: set[str]) -> None:  # noqa: ANN401 - distributed has no types
        from distributed import as_completed  # noqa: PLC0415 - a second of imports, for several outputs only

        self._client = client
        self._running = as_completed(loop=client.loop)
        self._console = console
        self._lost = lost
        self._orders: dict[Any, tuple[Task, Callable[[], SessionResult], int]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def has_ended(self) -> bool:
        """Whether one has ended."""
        return bool(self._running.has_ready())

    def add(self, task: Task, order: Callable[[], SessionResult], tries: int = 1) -> None:
        """Send an order.

        Raises
        ------
        TemporaryError
            The scheduler is gone.
        """
        from distributed.client import ClosedClientError  # noqa: PLC0415 - see above

        try:
            future = self._client.submit(order, pure=False)
        except ClosedClientError as error:
            raise TemporaryError(
                f"{task.name}: the scheduler is gone and has not come back, so that no worker can be given it. Run the "
                "same command again when there is a scheduler"
            ) from error
        self._orders[future] = task, order, tries
        self._running.add(future)

    def tell_of_lost(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Say whose worker was lost; the scheduler gives the order to another one."""
        what = event[1]
        if what.get("action") != "remove-worker" or what["expected"]:
            return
        for future, (task, _, _) in tuple(self._orders.items()):
            if future.key in what["processing-tasks"]:
                self._lost.update(task.outputs)
                self._console.warn(f"{task.name}: its worker was lost; another worker takes over")

    def finish(self, tell: Callable[[Task], None]) -> Iterator[SessionResult]:
        """Wait for the next order to end; gives its result, if it is not sent again."""
        future, is_forgotten = self._next()
        task, order, tries = self._orders.pop(future)
        result = _forgotten(task.name) if is_forgotten else result_of(future, task.name)
        if result.exit_code is ExitCode.TEMPORARY and tries < _TRIES:
            try:
                self.add(task, order, tries + 1)
            except TemporaryError as error:
                result = SessionResult(task.name, error.exit_code, "failed", str(error))
            else:
                self._console.warn(f"{result.message} Trying again ({tries + 1} of {_TRIES})")
                return
        tell(task)
        yield result

    def _next(self) -> tuple[Any, bool]:
        """An order that has ended, or one of which the client knows nothing any more."""
        asked = time.monotonic()
        while True:
            while self._running.has_ready():
                future = next(self._running)
                if future in self._orders:
                    return future, False
            if time.monotonic() - asked > _ASK_EVERY_S:
                for future in self._orders:
                    if self._is_forgotten(future):
                        return future, True
                asked = time.monotonic()
            time.sleep(_LOOK_EVERY_S)

    def _is_forgotten(self, future: Any) -> bool:  # noqa: ANN401 - see above
        # of an order that is sent while the client lets go of those of a lost scheduler, nothing is ever heard
        return future.status == "pending" and future.key not in self._client.futures


def result_of(future: Any, name: str) -> SessionResult:  # noqa: ANN401 - see above
    """What came of an order that has ended.

    Raises
    ------
    TemporaryError
        All workers were lost.
    """
    from distributed import KilledWorker  # noqa: PLC0415 - see above
    from distributed.client import FutureCancelledError  # noqa: PLC0415
    from distributed.scheduler import NoWorkerError  # noqa: PLC0415

    # a connection that is closed is an OSError
    losses = KilledWorker, FutureCancelledError, TimeoutError, OSError
    try:
        fault = future.exception()
        if fault is None or isinstance(fault, (*losses, NoWorkerError)):
            result: SessionResult = future.result()
            return result
    except NoWorkerError as error:
        message = f"all workers were lost, and none came back within {WORKERS_BACK_WITHIN}. Run the same command again"
        raise TemporaryError(message) from error
    except losses as error:
        message = (
            f"{name}: the worker that converted it was lost ({type(error).__name__}: {error}). Run the same command "
            "again"
        )
        return SessionResult(name, ExitCode.TEMPORARY, "failed", message)
    message = f"{name}: a fault of this program, please report it: {type(fault).__name__}: {fault}"
    return SessionResult(name, ExitCode.INTERNAL, "failed", message)


def _forgotten(name: str) -> SessionResult:
    message = f"{name}: the scheduler was lost while it was given this. Run the same command again"
    return SessionResult(name, ExitCode.TEMPORARY, "failed", message)
