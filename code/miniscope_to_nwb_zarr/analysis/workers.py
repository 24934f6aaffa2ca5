"""Worker processes of the analysis: each computes with one thread, results come in the order of the tasks."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from miniscope_to_nwb_zarr.data_conversion.pool import open_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from miniscope_to_nwb_zarr.data_conversion.pool import Pool

Task = TypeVar("Task")
Result = TypeVar("Result")

# Sums depend on how many threads share them; with one thread each, a result is the same whatever the machine.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Workers:
    """Processes that one step of an analysis shares out its work to."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def map(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], told: Callable[[float], None] | None = None
    ) -> list[Result]:
        """Run a function of a module on every task; gives the results in the order of the tasks.

        Parameters
        ----------
        function, tasks
            Both travel to other processes: they are pickled.
        told : callable, optional
            Told after each task which share of them is done.

        Raises
        ------
        TemporaryError
            A worker process died, as it does when the machine runs out of memory.
        """
        return list(self.each(function, tasks, len(tasks), told))

    def each(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        n_tasks: int,
        told: Callable[[float], None] | None = None,
    ) -> Iterator[Result]:
        """The same for tasks that are made as it comes to them, and results of which not all are kept."""
        for number, result in enumerate(self._pool.in_order(function, tasks), start=1):
            if told is not None:
                told(number / n_tasks)
            yield result


@contextmanager
def open_workers(n_workers: int) -> Iterator[Workers]:
    """Start worker processes; at an error those that run are ended at once."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        with open_pool(n_workers) as pool, pool.ending_on_error():
            yield Workers(pool)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
