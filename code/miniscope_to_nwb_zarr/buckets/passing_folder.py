"""A folder that is needed for a while only; those of processes that were killed are removed by the next one."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PREFIX = ".listing-"


@contextmanager
def passing_folder(parent: Path) -> Iterator[Path]:
    """A folder below `parent`, removed on leaving; a lock on it shows that this process is alive."""
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.glob(f"{_PREFIX}*"):
        _remove_if_left(folder)
    name = uuid.uuid4().hex
    new = parent / f".new-{name}"
    new.mkdir()
    fd = os.open(new, os.O_RDONLY) if sys.platform != "win32" else None
    folder = parent / f"{_PREFIX}{name}"
    try:
        _lock(fd)
        # it gets the name by which others look for it when it is locked
        new.rename(folder)
        yield folder
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        if fd is not None:
            os.close(fd)


def _remove_if_left(folder: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            if _lock(fd):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(fd)


def _lock(fd: int | None) -> bool:
    """Whether a folder is locked by this process now; not where the disk knows no locks."""
    if sys.platform == "win32" or fd is None:
        return False
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
