"""Tasks one after the other, of which the next has its files fetched while one is made."""

from __future__ import annotations

from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import MiniscopeError
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.run import stop
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task

_BLINK_S = 0.1


def one_by_one(tasks: Sequence[Task], console: Console) -> Iterator[SessionResult]:
    """Make every output in this process."""
    coming = _Coming(tasks[0].prepare) if tasks else None
    for task, following in zip(tasks, [*tasks[1:], None], strict=bool(tasks)):
        try:
            if coming:
                coming.wait()
        except (MiniscopeError, OSError) as error:
            result: SessionResult | None = failed(task.name, error)
        else:
            result = None
        coming = _Coming(following.prepare) if following else None
        yield result or task.run(console)


def failed(name: str, error: MiniscopeError | OSError) -> SessionResult:
    """The result of a task of which not even the files could be had."""
    reason = error if isinstance(error, MiniscopeError) else disk.explain(error)
    return SessionResult(name, reason.exit_code, "failed", str(reason))


class _Coming:
    """What is fetched in the background; a run that is asked to stop does not wait for it.

    Nothing is started where nothing has to be fetched: only a process without threads can be forked.
    """

    def __init__(self, prepare: Callable[[], None] | None) -> None:
        self._pool = ThreadPool(1) if prepare else None
        self._result = self._pool.apply_async(prepare) if self._pool and prepare else None

    def wait(self) -> None:
        """Wait for it; an error of it is raised."""
        if self._pool is None or self._result is None:
            return
        try:
            while not self._result.ready():
                stop.obey()
                self._result.wait(_BLINK_S)
            self._result.get()
        finally:
            self._pool.terminate()
