"""A shard as the engine knows it: run in this process, or in one far away, just as a pipeline runs it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ExitCode, MiniscopeError
from miniscope_to_nwb_zarr.core.shards import Shard
from miniscope_to_nwb_zarr.data_conversion.conversion_utils import run_shard
from miniscope_to_nwb_zarr.run import far_away
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.rows import ResultRow


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard of a data set."""

    shard: Shard
    options: Options
    """Of the machine: folders, workers, messages."""

    # how many frames a session has is known when it is read
    amount = (0, 0)
    findings: tuple[Finding, ...] = ()
    # what it needs is fetched where it runs
    prepare = None

    @property
    def name(self) -> str:
        """Its number, and its session where it has one."""
        sessions = self.shard.sessions
        return f"{self.shard.index}: {sessions[0].name if len(sessions) == 1 else f'{len(sessions)} sessions'}"

    @property
    def outputs(self) -> tuple[str, ...]:
        """Its sessions."""
        return tuple(session.name for session in self.shard.sessions)

    @property
    def is_analysis(self) -> bool:
        """Whether movies are analysed."""
        return self.shard.dataset == "analysis" or self.shard.options.get("process") == "True"

    def run(self, console: Console) -> SessionResult:
        """Do it in this process."""
        return run_text(self.shard.as_text(), self.name, self.options, console)

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What does it in a process far away, which must see the same folders."""
        return partial(run_text, self.shard.as_text(), self.name, replace(self.options, workers=workers))


def run_text(text: str, name: str, options: Options, shown: Console | None = None) -> SessionResult:
    """Run a shard; an error becomes the result. Steps are shown on a console, or told as a worker far away does."""
    began = time.monotonic()
    console = _Remembering(shown)
    try:
        code = run_shard(Shard.from_text(text), replace(options, engine="serial"), console)
    except MiniscopeError as error:
        return SessionResult(name, error.exit_code, "failed", str(error), seconds=time.monotonic() - began)
    rows = console.rows
    words = {row.outcome for row in rows}
    return SessionResult(
        session=name,
        exit_code=code,
        word=words.pop() if len(words) == 1 else "written" if code is ExitCode.DONE else "failed",
        message="; ".join(row.message for row in rows if row.outcome == "failed") or console.run,
        frames=sum(row.frames for row in rows),
        seconds=time.monotonic() - began,
        store_bytes=sum(row.store_bytes for row in rows),
    )


class _Remembering(Console):
    """Tells of steps and says nothing else; remembers how the sessions ended and where the run says so."""

    rows: Sequence[ResultRow] = ()
    run = ""

    def __init__(self, shown: Console | None) -> None:
        super().__init__(stdout=StringIO(), stderr=StringIO())
        self._shown = shown

    @contextmanager
    def steps(self, label: str) -> Iterator[Callable[[str, str, float], None]]:
        """Tell of them where people look."""
        with self._shown.steps(label) if self._shown else far_away.steps(label) as tell:
            yield tell

    def result_table(self, rows: Sequence[ResultRow]) -> None:
        """Remember them."""
        self.rows = rows

    def summary(self, exit_code: int, sentence: str, facts: Mapping[str, Any] | None = None) -> None:
        """Remember where the run's own summary lies."""
        del exit_code, sentence
        self.run = (facts or {}).get("run", "")
