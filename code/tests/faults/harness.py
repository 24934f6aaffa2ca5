"""What every row of the reliability scorecard is made of (reference engineering B.5).

A row is a promise; a case is one attempt to break it in a folder of its own. `test_scorecard.py` runs the fast tier in
every check, `scripts/reliability.py` the full tier by hand.
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp


class Tier(StrEnum):
    """How many cases are run."""

    FAST = "fast"
    FULL = "full"


@dataclass(frozen=True)
class Case:
    """One attempt to break a promise."""

    name: str
    run: Callable[[Path], None]
    """Gets an empty folder; raises AssertionError when the promise is broken."""
    group: str = ""
    """Cases of a row that start from the same preparation, which one process makes for all of them."""


@dataclass(frozen=True)
class Row:
    """One promise of the scorecard."""

    name: str
    title: str
    promise: str
    cases: Callable[[Tier], Iterable[Case]]
    needs: Callable[[], str | None] = lambda: None
    """Why the row cannot be run on this machine; None where it can."""


def attempt(case: Case, folder: Path) -> None:
    """Run a case in a folder that is not there yet."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # a shell that starts this in the background ignores it, and so would every program that a case starts
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with _without_waiting_for_the_disk():
        case.run(folder)


@contextmanager
def _without_waiting_for_the_disk() -> Iterator[None]:
    """Let what this process and forked children of it force onto the disk get there when it does.

    A process that is killed loses nothing of what it has given to the system. A machine that loses power does: the row
    of that looks at the calls and their order, which stay as they are. Each output of a case is some 500 calls, half of
    the time that it takes. A program that a case starts as one of its own waits as it always does.
    """
    fsync, os.fsync = os.fsync, os.fstat
    try:
        yield
    finally:
        os.fsync = fsync


@cache
def shared_folder() -> Path:
    """A folder of this process for what many cases of a row start from; it is removed when the process ends."""
    folder = Path(mkdtemp(prefix="faults-"))
    # of a process of a pool, too; not of a child that was forked from this one
    Finalize(None, rmtree, (folder,), {"ignore_errors": True}, exitpriority=0)
    return folder


def in_child(work: Callable[[], object]) -> int:
    """Do something in a forked child, whose imports are done already.

    Returns
    -------
    int
        The exit code; minus the number of the signal that ended it.
    """
    return end_of(start_child(work))


def end_of(child: int) -> int:
    """Wait for a forked child; gives what `in_child` gives."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def start_child(work: Callable[[], object]) -> int:
    """Begin something in a forked child; gives its number."""
    sys.stdout.flush()
    sys.stderr.flush()
    # else the child copies all that it shares with this process as soon as it looks for garbage
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            result = work()
            code = result if isinstance(result, int) else 0
        except BaseException:  # noqa: BLE001 - the child must never return into the test run
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def die() -> None:
    """End this process as a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


def spread(n_steps: int, n_cases: int) -> list[int]:
    """At most `n_cases` step numbers, from the first to the last."""
    if n_cases >= n_steps:
        return list(range(n_steps))
    return sorted({round(k * (n_steps - 1) / (n_cases - 1)) for k in range(n_cases)})
