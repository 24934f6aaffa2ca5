"""Small files whole: opened without trusting what they are, never more than a limit, decoded as text."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import failed_reads

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.sources.limits import Limit

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# O_NONBLOCK: opening a FIFO must not wait for a writer. Windows has neither FIFOs in folders nor the flag.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading; what else may be in its place is not waited for.

    Raises
    ------
    OSError
        It cannot be opened, or is a pipe, a device or a folder.
    """
    fd = os.open(path, _OPEN_FLAGS)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return os.fdopen(fd, "rb")


def read_bytes(path: Path, where: str, limit: Limit) -> tuple[bytes | None, tuple[Finding, ...]]:
    """All bytes of a regular file of at most as many as `limit` says; None with a finding when they cannot be had.

    An empty file is ``b""`` without a finding: whether a file may be empty is known to its reader.
    """
    try:
        with open_regular(path) as file:
            raw = file.read(limit.value + 1)
    except FileNotFoundError:
        finding = Finding(Code.FILE_MISSING, Severity.ERROR, where, "the file is not there")
        return None, (finding,)
    except (OSError, ValueError) as error:
        failed_reads.note(path, error)
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return None, (_unreadable(where, f"cannot be read: {reason}"),)
    if len(raw) > limit.value:
        sentence = f"is larger than {limit.value:,} bytes, the most that is taken in; {limit.remedy}"
        return None, (_unreadable(where, sentence),)
    return raw, ()


def first_bytes(path: Path, n_bytes: int) -> bytes:
    """The beginning of a regular file, to tell what it is; nothing where it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(n_bytes)
    except (OSError, ValueError) as error:
        failed_reads.note(path, error)
        return b""


def decode(raw: bytes, where: str) -> tuple[str, tuple[Finding, ...]]:
    """Text from bytes: UTF-8 with or without byte order mark, UTF-16 with one, else Windows-1252 with a finding."""
    encoding = "utf-16" if raw.startswith(_UTF16) else "utf-8-sig"
    try:
        return raw.decode(encoding), ()
    except UnicodeDecodeError:
        sentence = (
            f"is not valid {encoding.removesuffix('-sig').upper()}; it was read as Windows-1252, check its letters"
        )
        finding = Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence)
    try:
        return raw.decode("cp1252"), (finding,)
    except UnicodeDecodeError:
        return raw.decode("latin-1"), (finding,)


def without_zeros(raw: bytes, where: str) -> tuple[bytes, tuple[Finding, ...]]:
    """Text without the zero bytes at its end, which a crash leaves where the disk had reserved space.

    In UTF-16, of which they are halves of letters, they stay.
    """
    text = raw.rstrip(b"\0")
    if len(text) == len(raw) or raw.startswith(_UTF16):
        return raw, ()
    sentence = f"ends with {len(raw) - len(text)} zero bytes, as after a crash; they were ignored"
    return text, (Finding(Code.FILE_TRUNCATED, Severity.WARNING, where, sentence),)


def read_text(path: Path, where: str, limit: Limit) -> tuple[str | None, tuple[Finding, ...]]:
    """The text of a small file; None with a finding when it cannot be read or holds NUL characters."""
    raw, findings = read_bytes(path, where, limit)
    if raw is None:
        return None, findings
    text, doubts = decode(raw, where)
    if "\0" in text:
        return None, (_unreadable(where, "holds NUL characters, so it is not text; it was left out"),)
    return text, doubts


def _unreadable(where: str, sentence: str) -> Finding:
    return Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, sentence)
