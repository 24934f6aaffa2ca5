"""The log of the scorecard: one line for each case, which a run that was cut short leaves readable."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = Path(__file__).resolve().parents[1]


def read_log(log: Path) -> list[dict[str, Any]]:
    """The cases of a log; a line that was cut by an interruption is left out."""
    lines = []
    for text in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and {"row", "case", "held"} <= line.keys():
            lines.append(line)
    return lines


@contextmanager
def appending(log: Path) -> Iterator[Callable[[dict[str, object]], None]]:
    """Gives what adds a case to a log, with the program and the day that it was run on."""
    log.parent.mkdir(parents=True, exist_ok=True)
    facts = {"version": __version__, "commit": commit()}
    is_cut = log.exists() and not log.read_bytes().endswith(b"\n") and log.stat().st_size > 0
    with log.open("a", encoding="utf-8") as file:
        if is_cut:
            file.write("\n")

        def add(line: dict[str, object]) -> None:
            file.write(json.dumps({**line, **facts, "date": f"{datetime.now(UTC):%Y-%m-%d}"}) + "\n")
            file.flush()

        yield add


def commit() -> str:
    """The commit of this working tree, with a + where files were changed since; empty outside of Git."""
    try:
        words = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
