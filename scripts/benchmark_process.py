"""Runs a program as a user does, and measures the time and the memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of a program took."""

    wall_s: float
    cpu_s: float
    """Of all its processes. On a machine with other work it changes less than the wall time."""
    peak_bytes: int
    """Largest sum of the proportional set sizes of all its processes at one time."""


class ProgramFailedError(RuntimeError):
    """A program that is measured ended with another exit code than 0."""


def measure(command: Sequence[str], log: Path, cwd: Path | None = None) -> Measured:
    """Run a program to its end.

    Bytecode is kept as on a user's machine, whatever the environment says here.

    Raises
    ------
    ProgramFailedError
        With the end of what it said.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # what an earlier run left to be written must not be paid by this one
    os.sync()
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        sampler = _Sampler(process.pid)
        sampler.start()
        # unlike Popen.wait it tells the processor time, of all descendants that were waited for
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.stop()
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise ProgramFailedError(f"{' '.join(command)[:300]} ended with {process.returncode}:\n{said}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, sampler.peak_bytes)


class _Sampler(threading.Thread):
    """Looks at a process and its descendants again and again until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._pid = pid
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(SAMPLE_S):
            self.peak_bytes = max(self.peak_bytes, tree_bytes(self._pid))

    def stop(self) -> None:
        self._is_over.set()
        self.join()


def tree_bytes(pid: int) -> int:
    """Sum of the proportional set sizes (PSS) of a process and all its descendants; 0 when it has ended."""
    try:
        process = psutil.Process(pid)
        pids = [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0
    return sum(map(_pss_bytes, pids))


def _pss_bytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return pss_of(text)


def pss_of(rollup: str) -> int:
    r"""The proportional set size in bytes that ``smaps_rollup`` tells; 0 for a process that is just ending.

    Examples
    --------
    >>> pss_of("00400000-7ffd [rollup]\nRss:   90 kB\nPss:   12 kB\n")
    12288
    """
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
