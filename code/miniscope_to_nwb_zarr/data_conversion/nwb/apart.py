"""An NWB file converted in a process of its own: whatever a damaged file does to the libraries that read it ends there.

libhdf5 trusts what a file says of itself; a few changed bytes can make it read past the end of memory.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ExitCode, Stopped
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.nwb import watch
from miniscope_to_nwb_zarr.run import stop
from miniscope_to_nwb_zarr.run.summary import SessionResult
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from pathlib import Path

_MAKE = "miniscope_to_nwb_zarr.data_conversion.nwb.make"
_PATIENCE_S = 20
# what a process gets that touches memory which is not its own, or finds itself in a state that cannot be
_OF_DAMAGE = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, getattr(signal, "SIGBUS", None)})


def run_apart(work: Callable[[], SessionResult], name: str, results: Path) -> SessionResult:
    """Do the work of one output in a child process; whatever ends the child is the failure of this output alone.

    Parameters
    ----------
    work : callable
        Can be sent to another process.
    name : str
        Of the output.
    results : Path
        Where the output is staged; what a dead child leaves there of it is removed.

    Raises
    ------
    Stopped
        A signal asked the run to stop; the child has cleared up.
    """
    executor = ProcessPoolExecutor(1, _context(), initializer=_start, initargs=(limits.chosen(),))
    future = executor.submit(work)
    # public only from Python 3.14 on
    (child,) = (executor._processes or {}).values()  # noqa: SLF001
    with _ending(executor, child):
        error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Stopped):
        raise error
    if isinstance(error, BrokenProcessPool):
        _clear(results, name)
        return _lost(child.exitcode, name)
    message = f"{name}: a fault of this program, please report it: {type(error).__name__}: {error}"
    return SessionResult(name, ExitCode.INTERNAL, "failed", message)


def _context() -> BaseContext:
    """How the child is started: by a fork, which takes no time, where nothing else goes on in this process."""
    if sys.platform.startswith("linux") and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # the libraries of NWB take seconds to import: once for all files
    context.set_forkserver_preload([_MAKE])
    return context


def _start(raised: Mapping[str, int]) -> None:
    """Prepare the child: it stops when the parent says so, which alone answers to the terminal, and ends with it."""
    limits.choose(raised)
    watch.allow()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process, and so its workers, when the one that started it was killed: nobody waits for it any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _stop(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stop.request(ExitCode.TERMINATED)
    stop.obey()


@contextmanager
def _ending(executor: ProcessPoolExecutor, child: BaseProcess) -> Iterator[None]:
    """Within this context a request to stop is passed on to the child, which is given time to clear up."""
    is_done = False
    try:
        yield
        is_done = True
    finally:
        if is_done:
            # the threads that waited for it end: the next child can be forked, too
            executor.shutdown(wait=True)
        else:
            child.terminate()
            executor.shutdown(wait=False, cancel_futures=True)
            child.join(_PATIENCE_S)
            if child.is_alive():
                child.kill()


def _lost(exit_code: int | None, name: str) -> SessionResult:
    """What is said of a child that ended without a word."""
    ended_by = signal.Signals(-exit_code) if exit_code and exit_code < 0 else None
    how = ended_by.name if ended_by else f"exit code {exit_code}"
    if ended_by in _OF_DAMAGE:
        message = (
            f"{name}: the library that reads the file crashed on it ({how}), as it does on damaged files; no output "
            "was made. Check that the file was copied whole"
        )
        return SessionResult(name, ExitCode.INVALID_INPUT, "failed", message)
    if ended_by is not None and ended_by == watch.ENDED_BY:
        message = (
            f"{name}: the library that reads the file goes round in circles in it, as in damaged files (one object, "
            f"{limits.NWB_WORK_S} s); no output was made. Check that the file was copied whole"
        )
        return SessionResult(name, ExitCode.INVALID_INPUT, "failed", message)
    message = (
        f"{name}: the process that converted it was ended from outside ({how}), most likely because memory ran out; "
        "no output was made. Use fewer --workers, then run again"
    )
    return SessionResult(name, ExitCode.TEMPORARY, "failed", message)


def _clear(results: Path, name: str) -> None:
    for leftover in commit.leftovers(results) if results.is_dir() else ():
        if leftover.path.name.startswith(f"{commit.STAGING_PREFIX}{name}-"):
            commit.remove_leftover(leftover)
