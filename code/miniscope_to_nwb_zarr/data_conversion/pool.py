"""The worker processes of one session."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import TemporaryError, UsageError
from miniscope_to_nwb_zarr.data_conversion.frames import start_worker
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.process import BaseProcess
    from typing import TypeVar

    Task = TypeVar("Task")
    Report = TypeVar("Report")

# Chunks are larger than the size from which glibc maps memory afresh for each allocation; keeping it saves a worker the
# zeroing of every page it uses (it has no effect with other C libraries).
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "134217728"}
# a worker that ends between two reports is noticed at once
_LOOK_EVERY_S = 5.0
_AHEAD = 4
"""A worker need not wait while the report of another, which is to come first, takes longer."""


class Pool:
    """Worker processes that run one function over many tasks, results in order of completion."""

    def __init__(self, executor: ProcessPoolExecutor, workers: int) -> None:
        self._executor = executor
        self.workers = workers

    def run(self, function: Callable[[Task], Report], tasks: Iterable[Task]) -> Iterator[tuple[Task, Report]]:
        """Start a function on all tasks at once; yields each task with its report, as they finish.

        Raises
        ------
        TemporaryError
            A worker process died, as it does when the machine runs out of memory.
        """
        with _telling_of_loss():
            running = {self._executor.submit(function, task): task for task in tasks}
        return self._reports(running)

    def in_order(self, function: Callable[[Task], Report], tasks: Iterable[Task]) -> Iterator[Report]:
        """Run a function on tasks that are made as it comes to them; yields the reports in the order of the tasks.

        No more than `_AHEAD` tasks a worker, or their reports, are there at a time: they may be large.

        Raises
        ------
        TemporaryError
            A worker process died, as it does when the machine runs out of memory.
        """
        waiting: deque[Future[Report]] = deque()
        with _telling_of_loss():
            for task in tasks:
                waiting.append(self._executor.submit(function, task))
                if len(waiting) >= _AHEAD * self.workers:
                    yield self._report(waiting.popleft())
            while waiting:
                yield self._report(waiting.popleft())

    @contextmanager
    def ending_on_error(self) -> Iterator[None]:
        """Within this context an error ends the workers at once: none writes into a folder that is being removed."""
        is_done = False
        try:
            yield
            is_done = True
        finally:
            if not is_done:
                self._kill()
                self._executor.shutdown(wait=True, cancel_futures=True)

    def _reports(self, running: dict[Future[Report], Task]) -> Iterator[tuple[Task, Report]]:
        waiting = set(running)
        with _telling_of_loss():
            while waiting:
                done, waiting = wait(waiting, _LOOK_EVERY_S, FIRST_COMPLETED)
                for future in done:
                    yield running[future], future.result()
                if not (done or all(process.is_alive() for process in self._processes)):
                    self._kill()

    def _report(self, future: Future[Report]) -> Report:
        while not wait([future], _LOOK_EVERY_S).done:
            if not all(process.is_alive() for process in self._processes):
                self._kill()
        return future.result()

    @property
    def _processes(self) -> list[BaseProcess]:
        # those of an executor, and how to kill them, are public only from Python 3.14 on
        return list((self._executor._processes or {}).values())  # noqa: SLF001

    def _kill(self) -> None:
        """End all workers.

        One that ended in the midst of a large report leaves a part of it, and the executor waits for the rest, which
        others could write: without any writer it takes its workers for lost.
        """
        processes = self._processes
        for process in processes:
            process.kill()
        if processes:
            results: Any = self._executor._result_queue  # noqa: SLF001
            results._writer.close()  # noqa: SLF001


@contextmanager
def _telling_of_loss() -> Iterator[None]:
    """Within this context the loss of a worker process, now or since the last task, is told as such."""
    try:
        yield
    except BrokenProcessPool as error:
        raise TemporaryError(
            "a worker process ended before its work was done, most likely because memory ran out: use fewer "
            "--workers, then run again. (In a script of your own, put the call under `if __name__ == '__main__':`)"
        ) from error


@contextmanager
def open_pool(workers: int) -> Iterator[Pool]:
    """Start worker processes; on leaving, tasks that have not begun are dropped and the workers end.

    Raises
    ------
    UsageError
        A worker process runs the caller's script again, which has no main guard.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError("worker processes import your script: put the call under `if __name__ == '__main__':`")
    before = {name: os.environ.get(name) for name in _MALLOC}
    os.environ.update({name: value for name, value in _MALLOC.items() if before[name] is None})
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, context, initializer=start_worker, initargs=(limits.chosen(),))
    try:
        yield Pool(executor, workers)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
