"""Disks of a chosen size or kind, seen by one forked child only and gone with it."""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.faults.harness import in_child

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18


def in_own_mounts(work: Callable[[], object]) -> int:
    """Do something in a forked child whose mounts nobody else sees; gives what `in_child` gives."""

    def alone() -> object:
        leave_others()
        return work()

    return in_child(alone)


def mount_small_disk(folder: Path, n_bytes: int, n_files: int = 0) -> None:
    """Mount a disk in memory of so many bytes, and so many files where that is not 0."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", folder, "tmpfs", 0, f"size={n_bytes}" + (f",nr_inodes={n_files}" if n_files else ""))


def make_read_only(folder: Path) -> None:
    """Let nothing be written below a folder."""
    _mount(str(folder), folder, "", _BIND)
    _mount(str(folder), folder, "", _BIND | _REMOUNT | _READ_ONLY)


@cache
def why_not() -> str | None:
    """Why nothing can be mounted here; None where it can."""
    if not sys.platform.startswith("linux"):
        return "mounts for one process only are Linux'"
    folder = Path(mkdtemp())
    try:
        return None if in_child(lambda: _try(folder)) == 0 else "no right to mount a disk"
    finally:
        folder.rmdir()


def _try(folder: Path) -> int:
    try:
        leave_others()
        mount_small_disk(folder, 1 << 16)
        make_read_only(folder)
    except OSError:
        return 1
    return 0


def leave_others() -> None:
    """Give this process mounts of its own; a user who may not is root among processes of its own first."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if user and libc.unshare(_NEW_USER | _NEW_MOUNTS) == 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    elif not user:
        libc.unshare(_NEW_MOUNTS)
    _mount("none", Path("/"), "", _RECURSIVE | _PRIVATE)


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))
