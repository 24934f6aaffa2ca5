"""Reads that a disk or a network failed to answer.

What is wrong with a recording is found however often one looks; a read that failed may succeed the next time. So a
recording of which a file could not be read is not converted from what happened to be readable: `discover` leaves it out
and says why. The files are remembered here, because many readers take a file that cannot be read for one that says
nothing.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = (
    "EIO", "ESTALE", "ETIMEDOUT", "EREMOTEIO", "ENOLINK", "ECOMM", "ENOTCONN", "ECONNRESET", "EHOSTDOWN",
    "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENOMEM", "EMFILE", "ENFILE",
)  # fmt: skip
_PASSING = frozenset(getattr(errno, name) for name in _NAMES if hasattr(errno, name))
_failed: dict[Path, str] = {}


def note(path: Path, error: Exception) -> None:
    """Remember a file that could not be read, unless trying again is of no use."""
    if isinstance(error, OSError) and error.errno in _PASSING:
        _failed.setdefault(path, error.strerror or str(error))


def take() -> dict[Path, str]:
    """The files that could not be read since the last call, each with the reason."""
    taken = dict(_failed)
    _failed.clear()
    return taken


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Within this context an error of the system names the file."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
