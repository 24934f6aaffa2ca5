"""The steps of a conversion that change the disk, counted, so that a run can be ended at any of them."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import disk
from tests.faults.harness import die

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


@dataclass(frozen=True)
class Steps:
    """The steps of a whole conversion."""

    n: int
    published_at: int
    """The step, from 0, that gives the name of the output to another folder than before: a rename or an exchange."""


@dataclass(frozen=True)
class Place:
    """Where a run is killed."""

    name: str
    """For the name of a case."""
    share: float | None = None
    """Of its steps; None: near the one that publishes."""
    after_publishing: int = 0
    """How many steps after that one; below 0: before it."""

    def step(self, steps: Steps) -> int:
        """The step, from 0."""
        if self.share is not None:
            return round(self.share * (steps.n - 1))
        return min(max(steps.published_at + self.after_publishing, 0), steps.n - 1)


AROUND_PUBLISHING = (
    Place("before-publishing", after_publishing=-1),
    Place("at-publishing"),
    Place("after-publishing", after_publishing=1),
)


def places(n_places: int) -> list[Place]:
    """So many places, all over a run, those around the step that publishes among them."""
    n_spread = n_places - len(AROUND_PUBLISHING)
    evenly = [Place(f"step-{k}-of-{n_spread}", (k + 0.5) / n_spread) for k in range(n_spread)]
    return [*evenly, *AROUND_PUBLISHING]


def count_steps(work: Callable[[], object], final: Path) -> Steps:
    """Do something that publishes `final`, and count its steps."""
    n, before, published_at = 0, _folder_at(final), None

    def step() -> None:
        nonlocal n, published_at
        if published_at is None and _folder_at(final) != before:
            published_at = n - 1
        n += 1

    with watched(step):
        work()
    return Steps(n, n - 1 if published_at is None else published_at)


def _folder_at(path: Path) -> int | None:
    return path.stat().st_ino if path.exists() else None


def killed_at(step: int, work: Callable[[], object]) -> None:
    """Do something, and end this process as a power cut does right before a step, from 0."""
    n = 0

    def count() -> None:
        nonlocal n
        n += 1
        if n > step:
            die()

    with watched(count):
        work()


def has_renameat2() -> bool:
    """Whether the kernel offers the rename that refuses and the exchange."""
    return sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "renameat2")
