"""Faults at the system call, by strace: the k-th call of a kind fails, or is the last thing that a process does."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

_CALL = re.compile(r"^(\d+) +([a-z0-9_]+)\((.*)$")


def strace(log: Path, calls: Iterable[str], inject: str = "", only: Sequence[Path] = ()) -> tuple[str, ...]:
    """The words before a command that is traced with all its children.

    Parameters
    ----------
    log : Path
        Written by strace, a line for each call.
    calls : iterable of str
        System calls to trace.
    inject : str
        What happens to them, as ``error=EIO:when=3``; empty: nothing.
    only : sequence of Path
        Trace only calls that have to do with these files.
    """
    # a kernel that knows no such call, or another name for it, is not asked for it
    names = ",".join(f"?{call}" for call in calls)
    # version 6.1 sends no signal where it lets the kernel choose the calls, which is faster
    chosen_by = () if "signal=" in inject else ("--seccomp-bpf",)
    words = ["strace", "-f", *chosen_by, "-q", "-o", str(log), "-e", f"trace={names}"]
    words += ["-e", f"inject={names}:{inject}"] if inject else []
    return (*words, *(word for path in only for word in ("-P", str(path))))


def calls_of(log: Path) -> list[tuple[int, str, str]]:
    """Process or thread, call, and the rest of the line, of every call in a log."""
    found = (_CALL.match(line) for line in log.read_text(errors="replace").splitlines())
    return [(int(match[1]), match[2], match[3]) for match in found if match]


def counts_of(log: Path) -> Counter[str]:
    """How often each call was made by the thread that made most of them: `when` counts for each thread."""
    by_thread = Counter((thread, call) for thread, call, _ in calls_of(log))
    most: Counter[str] = Counter()
    for (_, call), n in by_thread.items():
        most[call] = max(most[call], n)
    return most


@cache
def why_not() -> str | None:
    """Why nothing can be traced here; None where it can."""
    if not sys.platform.startswith("linux") or shutil.which("strace") is None:
        return "strace is not installed"
    words = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "inject=?mkdir:error=EIO", "true"]
    tried = subprocess.run(words, check=False, capture_output=True)
    return None if tried.returncode == 0 else "strace may not trace here, or is older than version 5.3"
