"""Ends a process that a damaged file keeps busy for ever.

libhdf5 goes round in circles in some damaged files, such as one whose texts lie in a block that was filled with zeros.
It is in C then, and lets nobody else run: only a signal of the system ends that, and with it the process.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDED_BY = getattr(signal, "SIGVTALRM", None)


@dataclass(slots=True)
class _State:
    may_end: bool = False


_state = _State()


def allow() -> None:
    """Say that this process was started for one file, and may be ended for it."""
    _state.may_end = ENDED_BY is not None


@contextmanager
def watching() -> Iterator[Callable[[], bool]]:
    """Within this context this process ends when it is busy for too long with one object, if it may be ended.

    Yields
    ------
    callable
        To be called before each object; tells whether this process is watched.
    """

    def go_on() -> bool:
        if _state.may_end:
            signal.setitimer(signal.ITIMER_VIRTUAL, limits.NWB_WORK_S)
        return _state.may_end

    try:
        yield go_on
    finally:
        if _state.may_end:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
