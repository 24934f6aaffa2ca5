"""Results of finished steps on the disk: an analysis that was killed goes on after the last of them.

Each step has a folder of its own, which gets its name when it is complete. The name holds a digest of all that the
result depends on, the steps before included, so that nothing is taken for what it is not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.commit import Leftover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

_FOLDER = "analysis"
_VALUES, _FACTS, _LOCK = "values.npz", "facts.json", "lock"
# of a step, with a dot and a longer end while it is not finished
_STEP_NAME = re.compile(r"[a-z_]+-[0-9a-f]{16}|\.[a-z_]+-[0-9a-f]{16}-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What a step gave."""

    name: str
    folder: Path
    """Holds what is too large for memory."""
    arrays: Arrays
    facts: Mapping[str, Any]
    """Plain JSON values."""
    started: datetime
    ended: datetime
    is_taken_over: bool
    """Whether a run before this one did it."""


class KeptSteps:
    """The steps of the analysis of one movie, in their order.

    Parameters
    ----------
    folder : Path
        Holds the steps; made where it is not there.
    depends : mapping
        What all steps depend on, as JSON values.
    now : callable
        The time, aware of its zone.
    """

    def __init__(self, folder: Path, depends: Mapping[str, Any], now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._key = digest_of(dict(depends))
        self._now = now
        self.done: list[Step] = []

    def step(
        self, name: str, depends: Mapping[str, Any], compute: Callable[[Path], tuple[Arrays, Mapping[str, Any]]]
    ) -> Step:
        """The result of a step: as it was kept, or computed now.

        Parameters
        ----------
        name : str
        depends : mapping
            What it depends on besides all that came before, as JSON values.
        compute : callable
            Given a folder for what is too large for memory; gives arrays, and facts as JSON values.
        """
        self._key = digest_of({"before": self._key, "step": name, "depends": dict(depends)})
        folder = self._folder / f"{name.replace(' ', '_')}-{self._key[:16]}"
        if not (folder / _FACTS).is_file():
            self._compute(name, folder, compute)
            found = _read(name, folder, is_taken_over=False)
        else:
            found = _read(name, folder, is_taken_over=True)
        self.done.append(found)
        return found

    def _compute(self, name: str, folder: Path, compute: Callable[[Path], tuple[Arrays, Mapping[str, Any]]]) -> None:
        unfinished = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
        unfinished.mkdir(parents=True)
        started = self._now()
        arrays, facts = compute(unfinished)
        times = {"started": started.isoformat(), "ended": self._now().isoformat()}
        np.savez(unfinished / _VALUES, allow_pickle=False, **arrays)
        text = json.dumps({"step": name, **times, "facts": dict(facts)})
        (unfinished / _FACTS).write_text(text, encoding="utf-8")
        disk.sync_tree(unfinished)
        unfinished.rename(folder)


@contextmanager
def scratch_folder(scratch: Path, name: str) -> Iterator[Path]:
    """A folder for the steps of one output, in which this process alone is at work.

    It stays when the work ends with an error, for the next run to go on. What steps that were cut short have left in it
    is removed. A second run at the same time gets a folder of its own, which is removed in any case.
    """
    base = scratch / _FOLDER
    base.mkdir(parents=True, exist_ok=True)
    folder = base / name
    folder.mkdir(exist_ok=True)
    with _locked(folder / _LOCK) as is_mine:
        if is_mine:
            for left in folder.glob(".*"):
                shutil.rmtree(left, ignore_errors=True)
            yield folder
            return
        own = base / f"{name}-{uuid.uuid4().hex}"
        own.mkdir()
        with _locked(own / _LOCK):
            try:
                yield own
            finally:
                clear(own)


def clear(folder: Path) -> None:
    """Remove the kept steps of an analysis that is published; what tells whose they are goes last."""
    with suppress(OSError):
        for entry in list(folder.iterdir()):
            if entry.name != _LOCK:
                shutil.rmtree(entry, ignore_errors=True)
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()


def left_behind(scratch: Path) -> tuple[Leftover, ...]:
    """The folders of kept steps: alive where a run is at work in them, ours where they hold nothing else."""
    found = []
    for folder in sorted((scratch / _FOLDER).glob("*")):
        if folder.is_dir() and not folder.is_symlink():
            # the run may end while it is looked at
            with suppress(FileNotFoundError):
                found.append(_look_at(folder))
    return tuple(found)


def remove_left(leftover: Leftover) -> bool:
    """Remove a folder of kept steps if it is ours and no run is at work in it."""
    if leftover.is_ours and not leftover.is_alive:
        # a run that begins just now takes a folder of its own
        with _locked(leftover.path / _LOCK) as is_mine:
            if is_mine:
                clear(leftover.path)
    return not leftover.path.exists()


def _look_at(folder: Path) -> Leftover:
    names = {path.name: path.lstat() for path in folder.iterdir()}
    lock = names.pop(_LOCK, None)
    is_ours = lock is not None and stat.S_ISREG(lock.st_mode)
    is_ours = is_ours and all(_STEP_NAME.fullmatch(name) and stat.S_ISDIR(its.st_mode) for name, its in names.items())
    n_bytes = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    is_alive = False
    if is_ours:
        with _locked(folder / _LOCK) as is_free:
            is_alive = not is_free
    return Leftover(folder, is_alive, is_ours, n_bytes)


def _read(name: str, folder: Path, *, is_taken_over: bool) -> Step:
    said = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    with np.load(folder / _VALUES) as values:
        arrays = dict(values)
    started, ended = (datetime.fromisoformat(said[key]) for key in ("started", "ended"))
    return Step(name, folder, arrays, said["facts"], started, ended, is_taken_over)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether the lock on a file could be had; it is held within this context."""
    if sys.platform == "win32":
        yield True
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_mine = True
    except OSError:
        is_mine = False
    try:
        yield is_mine
    finally:
        os.close(fd)
