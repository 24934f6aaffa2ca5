"""How video is opened: a file of a disk, or one of which only parts lie here as yet.

Discovery reads a few places of each video. Where the data lie in a bucket, those alone are fetched: `reading_with` puts
what fetches them in the place of the disk, for the one thread that discovers.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class OpenedFile(Protocol):
    """A file that can be read anywhere."""

    @property
    def size_bytes(self) -> int:
        """Of the whole file."""

    @property
    def for_libav(self) -> Any:  # noqa: ANN401 - a name, or an object that reads and seeks
        """What libav is given to open it."""

    def read_at(self, n_bytes: int, offset: int) -> bytes:
        """So many bytes from there on; fewer at the end of the file.

        Raises
        ------
        OSError
            The disk or the network does not give them.
        """

    def close(self) -> None:
        """Close it."""


_opener: ContextVar[Callable[[Path], OpenedFile] | None] = ContextVar("_opener", default=None)


def open_file(path: Path) -> OpenedFile:
    """Open a file for reading.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    opener = _opener.get()
    return opener(path) if opener else _LocalFile(path)


@contextmanager
def reading_with(opener: Callable[[Path], OpenedFile]) -> Iterator[None]:
    """Within this context `open_file` asks `opener`."""
    token = _opener.set(opener)
    try:
        yield
    finally:
        _opener.reset(token)


class _LocalFile:
    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self.for_libav = str(path)

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._fd).st_size

    def read_at(self, n_bytes: int, offset: int) -> bytes:
        return os.pread(self._fd, n_bytes, offset)

    def close(self) -> None:
        os.close(self._fd)
