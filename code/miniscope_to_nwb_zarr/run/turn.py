"""Processes of one machine that want the same, one after the other."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.patience import sleep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLINK_S = 0.2


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Wait until no other process is within this context; where the disk knows no locks, do not wait.

    Parameters
    ----------
    lock : Path
        A file that is made, and removed in the end.

    Raises
    ------
    Stopped
        A signal asked the run to stop meanwhile.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        while not _is_ours(lock, held):
            held.close()
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _is_ours(lock: Path, held: ExitStack) -> bool:
    fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    held.callback(os.close, fd)
    _take(fd)
    # whoever had it before may have removed it
    return lock.exists() and lock.stat().st_ino == os.fstat(fd).st_ino


def _take(fd: int) -> None:
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(_BLINK_S)
        except OSError:
            return
        else:
            return
