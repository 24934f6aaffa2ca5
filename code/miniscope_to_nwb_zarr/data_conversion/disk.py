"""The few operations on the disk that publishing depends on, in one place so that tests can interrupt each of them."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from miniscope_to_nwb_zarr.core.errors import InputError, MiniscopeError, TemporaryError
from miniscope_to_nwb_zarr.sources.failed_reads import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_FICLONE = 0x40049409
_COPY_BYTES = 1 << 22
# errors that come again when the same is tried again
_LASTING = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.EEXIST,
    }
)


def rename_new(source: Path, target: Path) -> None:
    """Rename a folder to a name that is not taken.

    A plain rename would silently take the place of an empty folder. Where the kernel offers no rename that refuses, a
    lock keeps two runs of this program apart, which is weaker against other programs. It ends with its process.

    Raises
    ------
    FileExistsError
        The name is taken.
    """
    if _renameat2(source, target, _RENAME_NOREPLACE):
        return
    from miniscope_to_nwb_zarr.run.turn import one_at_a_time  # noqa: PLC0415 - for few disks only

    with one_at_a_time(target.with_name(f".{target.name}.publishing-lock")):
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        source.rename(target)


def exchange(first: Path, second: Path) -> None:
    """Let two folders change places; readers see one or the other, never none, where the kernel offers it."""
    if _renameat2(first, second, _RENAME_EXCHANGE):
        return
    aside = first.with_name(f"{first.name}.aside")
    second.rename(aside)
    first.rename(second)
    aside.rename(first)


def sync_tree(folder: Path) -> None:
    """Force every file and folder of a tree onto the disk."""
    for path, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync_file(os.path.join(path, name))  # noqa: PTH118 - many small files: keep it cheap
        sync_file(path)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries onto the disk."""
    sync_file(str(folder))


def hash_file(path: Path) -> str:
    """The sha256 of a file."""
    with named(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_file(source: Path, target: Path) -> str:
    """Copy a file, sharing its blocks where the disk can; gives the sha256 of what was copied.

    Never a hard link: the copy must not change when the original does.
    """
    with source.open("rb") as reader, named(target), target.open("xb") as writer:
        if _clone(reader, writer):
            with named(source):
                return hashlib.file_digest(reader, "sha256").hexdigest()
        digest = hashlib.sha256()
        while block := _next_block(reader, source):
            digest.update(block)
            writer.write(block)
        return digest.hexdigest()


def _next_block(reader: BinaryIO, source: Path) -> bytes:
    with named(source):
        return reader.read(_COPY_BYTES)


@contextmanager
def system_errors() -> Iterator[None]:
    """Within this context an error of the system comes out as itself, whatever libraries have made of it."""
    is_done = False
    try:
        yield
        is_done = True
    finally:
        error = None if is_done else _system_error(sys.exception())
        if error is not None:
            raise error


def _system_error(error: BaseException | None) -> OSError | None:
    """The error of the system that an error was raised from; None where there is none, or the error is our own."""
    if isinstance(error, MiniscopeError):
        return None
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__
    # that a file is not there can be a fault of the program
    return None if isinstance(error, FileNotFoundError) else error


def explain(error: OSError) -> MiniscopeError:
    """The error of this program for one of the operating system: `InputError` where trying again is of no use."""
    where = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or str(error)
    if error.errno in _LASTING:
        return InputError(f"{where}{reason}; no output was made. Check the place and its permissions")
    return TemporaryError(
        f"{where}the disk or the network failed: {reason}; no output was made. Run the same command again when it works"
    )


def is_full(error: OSError) -> bool:
    """Whether the error says that there is no room left."""
    return error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def free_bytes(folder: Path) -> int:
    """Bytes that can still be written in a folder."""
    return shutil.disk_usage(folder).free


def check_room(folder: Path, needed: int, name: str) -> None:
    """Refuse to begin what will not fit; a folder that is not there yet is not looked at.

    Raises
    ------
    TemporaryError
        Fewer bytes are free than are needed.
    """
    if folder.exists() and needed > (free := free_bytes(folder)):
        raise TemporaryError(
            f"{name}: needs about {needed:,} bytes, {free:,} are free in {folder}; nothing was written"
        )


def free_files(folder: Path) -> int | None:
    """Files that can still be made in a folder; None where the disk has no such limit, or does not tell."""
    if sys.platform == "win32":
        return None
    state = os.statvfs(folder)
    return state.f_favail if state.f_files else None


def _clone(reader: BinaryIO, writer: BinaryIO) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
    except OSError:
        return False
    return True


def _renameat2(source: Path, target: Path, flags: int) -> bool:
    """Whether the kernel and the file system could do it; raises the error of the rename itself."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    if libc.renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flags) == 0:
        return True
    error = ctypes.get_errno()
    if error in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}:
        return False
    raise OSError(error, os.strerror(error), str(source), None, str(target))


def sync_file(path: str) -> None:
    """Force a file, or the entries of a folder, onto the disk."""
    if os.name == "nt" and os.path.isdir(path):  # noqa: PTH112 - see sync_tree
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
