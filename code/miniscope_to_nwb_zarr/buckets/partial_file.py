"""A file of a bucket of which parts lie here: what is read of it is fetched, and kept for the next time."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore, RemoteFile

BLOCK_BYTES = 1 << 16
"""The head of a video with its first packet, or the index of a thousand frames, takes one or a few."""


class PartialFile:
    """Reads a file of a bucket anywhere.

    Parameters
    ----------
    store : ObjectStore
    file : RemoteFile
    path : Path
        Where it lies here, as long as it is and empty, but for what was read of it before.
    """

    def __init__(self, store: ObjectStore, file: RemoteFile, path: Path) -> None:
        self._store = store
        self._file = file
        self._path = path
        self._here: set[int] = set()

    @property
    def size_bytes(self) -> int:
        """Of the whole file."""
        return self._file.size_bytes

    @property
    def for_libav(self) -> io.RawIOBase:
        """What libav reads through."""
        return _Stream(self)

    def read_at(self, n_bytes: int, offset: int) -> bytes:
        """So many bytes from there on; fewer at the end of the file.

        Raises
        ------
        InputError, TemporaryError
            The server does not give them.
        """
        stop = min(offset + n_bytes, self.size_bytes)
        if offset < 0 or stop <= offset:
            return b""
        missing = [k for k in range(offset // BLOCK_BYTES, -(-stop // BLOCK_BYTES)) if k not in self._here]
        if missing:
            self._fetch(missing[0], missing[-1] + 1)
        with self._path.open("rb") as file:
            return os.pread(file.fileno(), stop - offset, offset)

    def close(self) -> None:
        """Nothing is kept open."""

    def _fetch(self, first: int, stop: int) -> None:
        begin, end = first * BLOCK_BYTES, min(stop * BLOCK_BYTES, self.size_bytes)
        content = self._store.read(self._file, begin, end)
        with self._path.open("r+b") as file:
            file.seek(begin)
            file.write(content)
        self._here.update(range(first, stop))


class _Stream(io.RawIOBase):
    """A partial file as Python's own files are read."""

    def __init__(self, file: PartialFile) -> None:
        super().__init__()
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        content = self._file.read_at(self._file.size_bytes if size < 0 else size, self._at)
        self._at += len(content)
        return content
