"""Runs cases of the scorecard in workers: cases of one preparation by the same one, each for a limited time."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import traceback
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.faults.harness import Case, Tier, attempt
from tests.faults.scorecard import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

LIMIT_S = 900
"""By the clock, for a case: longer than any case waits for a program that it has started."""


@dataclass(frozen=True)
class Order:
    """A case that is to be run."""

    row: str
    case: str
    tier: Tier
    group: str
    """Cases of one group start from the same preparation, which each process makes once."""


class TimeIsUp(BaseException):
    """A case took too long; no error of the program, so that nothing in a case takes it for one."""


class Waiting:
    """Orders that no worker has taken yet."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._groups: dict[str, deque[Order]] = {}
        for order in orders:
            self._groups.setdefault(order.group, deque()).append(order)
        self._untouched = deque(self._groups)

    def next_for(self, group: str) -> Order | None:
        """One of the group that a worker is prepared for, of one that nobody has begun, or of the longest."""
        if group not in self._groups:
            if not self._groups:
                return None
            group = self._untouched.popleft() if self._untouched else max(self._groups, key=self._n_left)
        orders = self._groups[group]
        order = orders.popleft()
        if not orders:
            del self._groups[group]
        return order

    def _n_left(self, group: str) -> int:
        return len(self._groups[group])


def run_all(orders: Sequence[Order], n_workers: int) -> Iterator[dict[str, object]]:
    """Run cases; gives what came of each as it ends."""
    waiting = Waiting(orders)
    workers = [ProcessPoolExecutor(1, mp_context=get_context("spawn")) for _ in range(n_workers)]
    running: dict[Future[dict[str, object]], tuple[ProcessPoolExecutor, Order]] = {}

    def give(worker: ProcessPoolExecutor, group: str) -> None:
        if order := waiting.next_for(group):
            running[worker.submit(run_case, order)] = (worker, order)

    try:
        for worker in workers:
            give(worker, "")
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, order = running.pop(future)
                give(worker, order.group)
                yield future.result()
    finally:
        for worker in workers:
            worker.shutdown(cancel_futures=True)


def run_case(order: Order) -> dict[str, object]:
    """Run one case, in a worker process."""
    case, began = _cases(order.row, order.tier)[order.case], time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"{order.row}-"))
    error = ""
    try:
        error = tried(lambda: attempt(case, folder / "case"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    return {"row": order.row, "case": order.case, "held": not error, "error": error, "seconds": seconds}


@cache
def _cases(row: str, tier: Tier) -> dict[str, Case]:
    return {case.name: case for case in ROWS[row].cases(tier)}


def tried(work: Callable[[], object], limit_s: float = LIMIT_S) -> str:
    """What went wrong; empty: nothing. What takes too long is ended with all processes that it has started."""
    try:
        with _limited(limit_s):
            work()
    except TimeIsUp:
        return f"The case was not done within {limit_s:g} s and was ended, with the processes that it had started."
    except Exception:  # noqa: BLE001 - whatever goes wrong in a case is its result
        return traceback.format_exc(limit=-3)
    return ""


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Raise `TimeIsUp` within this context when the time is over."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    own, others = os.getpid(), set(psutil.Process().children(recursive=True))

    def end(_number: int, _frame: object) -> None:
        if os.getpid() != own:
            # a forked child has set an alarm of its own, which is to end it
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGALRM)
        # first, for what a case does at its end may wait for them
        for child in set(psutil.Process().children(recursive=True)) - others:
            with suppress(psutil.Error):
                child.kill()
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
