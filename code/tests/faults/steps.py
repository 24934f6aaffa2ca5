"""The steps of a conversion that change the disk, counted, so that a run can be ended at any of them."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from miniscope_to_nwb_zarr.data_conversion import disk

_EVENTS = frozenset({"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree"})
_on_step: list[Callable[[], None]] = []


def _audit(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _EVENTS and _on_step:
        _on_step[-1]()


# a hook cannot be taken away again: one for the process, asleep but within `watched`
sys.addaudithook(_audit)


@contextmanager
def watched(on_step: Callable[[], None]) -> Iterator[None]:
    """Call `on_step` before every rename, fsync, new folder, link and removal of this process."""
    fsync, renameat2 = os.fsync, disk._renameat2

    def watched_fsync(fd: int) -> None:
        on_step()
        fsync(fd)

    def watched_rename(*arguments: object) -> bool:
        on_step()
        return renameat2(*arguments)

    os.fsync, disk._renameat2 = watched_fsync, watched_rename
    _on_step.append(on_step)
    try:
        yield
    finally:
        _on_step.pop()
        os.fsync, disk._renameat2 = fsync, renameat2


def has_renameat2() -> bool:
    """Whether the kernel offers the rename that refuses and the exchange."""
    return sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "renameat2")
