"""All that a person or a program calling this one sees. No other module prints.

Standard output carries the result: tables for people, or with ``--json True`` one JSON object per line. Standard error
carries progress and remarks. Text that comes from recordings is never interpreted by the terminal.
"""

from __future__ import annotations

import json
import math
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TextIO

import rich.console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from miniscope_to_nwb_zarr.core.amounts import duration_text, size_text
from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.core.text import visible
from miniscope_to_nwb_zarr.run.progress import Meter, StepLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.rows import PlanRow, ResultRow

_LOG_WIDTH = 240
_STEP_TOTAL = 1000
_LOG_REASON_WIDTH = 60
_STYLES = {Severity.INFO: "", Severity.WARNING: "yellow", Severity.ERROR: "bold red"}


class Console:
    """Where messages go.

    Parameters
    ----------
    json : bool
        Write JSON lines to standard output instead of tables.
    quiet : bool
        Show warnings and errors only. JSON lines are written all the same.
    show_from : Severity
        Findings of lower severity are not shown; they are in the JSON lines all the same.
    stdout, stderr : text streams
        The process's own where not given.
    clock : callable
        Returns seconds; decides when progress is shown.
    """

    def __init__(
        self,
        *,
        json: bool = False,
        quiet: bool = False,
        show_from: Severity = Severity.WARNING,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._json = json
        self._quiet = quiet
        self._show_from = show_from
        self._clock = clock
        self._lock = Lock()
        self._stdout = sys.stdout if stdout is None else stdout
        self._out = _terminal(self._stdout)
        self._err = _terminal(sys.stderr if stderr is None else stderr)
        self._bars: Progress | None = None

    def info(self, sentence: str) -> None:
        """Say something worth knowing."""
        if not self._quiet:
            self._say(sentence, "")

    def warn(self, sentence: str) -> None:
        """Say something that needs a look."""
        self._say(f"warning: {sentence}", _STYLES[Severity.WARNING])

    def listing(self, sentence: str, lines: Iterable[str]) -> None:
        """Say something that needs a look, with a line for each part of it."""
        self.warn(f"{sentence}:")
        for line in lines:
            self._say(f"  {line}", "")

    def error(self, sentence: str) -> None:
        """Say what went wrong."""
        self._say(f"error: {sentence}", _STYLES[Severity.ERROR])

    def finding(self, finding: Finding, session: str = "") -> None:
        """Show a finding, if it is of the severity that is asked for."""
        self.event({"type": "finding", "session": session, **finding.as_json()})
        order = list(Severity)
        if order.index(finding.severity) >= order.index(self._show_from):
            # a place in an NWB file begins with a slash
            place = finding.where.removeprefix("/") if session else finding.where
            where = "/".join(part for part in (session, place) if part)
            self._say(f"{finding.severity}: {where}: {finding.sentence}", _STYLES[finding.severity])

    def event(self, event: Mapping[str, Any]) -> None:
        """Write one JSON line, with ``--json True``; nothing otherwise."""
        if self._json:
            line = without_secrets(json.dumps(_plain(event), allow_nan=False))
            with self._lock:
                self._stdout.write(line + "\n")
                self._stdout.flush()

    def plan_table(self, rows: Sequence[PlanRow]) -> None:
        """Show what would be converted."""
        self._events("plan", rows)
        self._table(
            {
                "session": [row.session for row in rows],
                "device": [row.device for row in rows],
                **_frames(rows),
                **({">minutes": [f"{row.minutes:,.1f}" for row in rows]} if _frames(rows) else {}),
                ">raw": [size_text(row.raw_bytes) for row in rows],
                ">size, about": [size_text(row.store_bytes_estimate) for row in rows],
                ">chunks": [f"{row.objects:,}" for row in rows],
                "findings": [row.findings or "-" for row in rows],
            }
        )

    def result_table(self, rows: Sequence[ResultRow]) -> None:
        """Show what was converted."""
        self._events("result", rows)
        self._table(
            {
                "session": [row.session for row in rows],
                "outcome": [row.outcome for row in rows],
                **_frames(rows),
                ">time": [duration_text(row.seconds) for row in rows],
                ">size": [size_text(row.store_bytes) for row in rows],
                "findings": [row.findings or "-" for row in rows],
                "where or why": [row.message for row in rows],
            }
        )

    def end(self, exit_code: int, sentence: str, facts: Mapping[str, Any] | None = None) -> None:
        """End the run for machines: the last line with ``--json True``; people were told already."""
        self.event({"type": "summary", "sentence": sentence, **(facts or {}), "exit_code": int(exit_code)})

    def summary(self, exit_code: int, sentence: str, facts: Mapping[str, Any] | None = None) -> None:
        """End the run: a sentence for people, with ``--json True`` the last line."""
        self.end(exit_code, sentence, facts)
        if not self._json and not self._quiet:
            self._out.print(Text(visible(without_secrets(sentence))), soft_wrap=True)

    @contextmanager
    def progress(
        self, total_frames: int, n_bytes: int, label: str, steps: tuple[str, ...] = ("",)
    ) -> Iterator[Callable[[int, int], None]]:
        """Show the progress of one piece of work; several may run at once, from several threads.

        Frames and bytes are those of all `steps` together, which are as in `Meter`.

        Yields
        ------
        callable
            ``advance(frames, n_bytes)``, to be called with what was done since the last call.
        """
        meter = Meter(total_frames, n_bytes, self._clock, steps)
        if self._quiet:
            yield meter.advance
        elif self._err.is_terminal:
            with self._bar(meter, visible(label)) as advance:
                yield advance
        else:

            def advance(frames: int, n_bytes: int) -> None:
                with self._lock:
                    meter.advance(frames, n_bytes)
                    line = meter.due_line()
                if line:
                    self._say(f"{label}: {line}", "")

            yield advance

    @contextmanager
    def steps(self, label: str) -> Iterator[Callable[[str, str, float], None]]:
        """Show how far each step of a piece of work is.

        Yields
        ------
        callable
            ``tell(part, step, share)``, to be called with what is worked on, the step, and how much of it is done, 0
            to 1.
        """
        if self._quiet or not self._err.is_terminal:
            log = StepLog(self._clock)

            def tell(part: str, step: str, share: float) -> None:
                line = None if self._quiet else log.due_line(part, step, share)
                if line:
                    self._say(f"{label}: {line}", "")

            yield tell
            return
        with self._bar(Meter(_STEP_TOTAL, 0, self._clock), visible(label)) as _:
            bars = self._bars

            def show(part: str, step: str, share: float) -> None:
                with self._lock:
                    if bars is not None:
                        shown = visible(f"{label}: {part}: {step}")
                        bars.update(bars.task_ids[-1], description=shown, completed=round(share * _STEP_TOTAL))

            yield show

    @contextmanager
    def _bar(self, meter: Meter, label: str) -> Iterator[Callable[[int, int], None]]:
        # a terminal has room for one live display: all pieces of work share it
        with self._lock:
            if self._bars is None:
                columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
                rates = TextColumn("{task.fields[rates]}", markup=False)
                self._bars = Progress(*columns, rates, console=self._err, transient=True)
                self._bars.start()
            bars = self._bars
            task = bars.add_task(label, total=meter.total_frames, rates="")

        def advance(frames: int, n_bytes: int) -> None:
            with self._lock:
                meter.advance(frames, n_bytes)
                bars.update(task, completed=meter.frames, rates=meter.rates_text())

        try:
            yield advance
        finally:
            with self._lock:
                bars.remove_task(task)
                if not bars.tasks:
                    bars.stop()
                    self._bars = None

    def _say(self, sentence: str, style: str) -> None:
        # soft_wrap leaves the line whole, so that a log can be searched
        self._err.print(Text(visible(without_secrets(sentence)), style=style), soft_wrap=True)

    def _events(self, kind: str, rows: Iterable[PlanRow | ResultRow]) -> None:
        for row in rows:
            self.event({"type": kind, **asdict(row)})

    def _table(self, columns: Mapping[str, Sequence[str]]) -> None:
        if self._json or self._quiet:
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in columns:
            table.add_column(title.removeprefix(">"), justify="right" if title.startswith(">") else "left")
        if not self._out.is_terminal:
            # a place is left whole, so that it can be searched for and copied
            texts = [visible(cell) for cell in list(columns.values())[-1]]
            parts = (part for text in texts for part in ([text] if Path(text).is_absolute() else text.split()))
            table.columns[-1].max_width = max([_LOG_REASON_WIDTH, *map(len, parts)])
        for cells in zip(*columns.values(), strict=True):
            table.add_row(*(Text(visible(cell)) for cell in cells))
        self._out.print(table)


def _frames(rows: Sequence[PlanRow | ResultRow]) -> dict[str, list[str]]:
    """The column of the frames; none where no frames are counted, as in NWB files."""
    return {">frames": [f"{row.frames:,}" for row in rows]} if any(row.frames for row in rows) else {}


def _terminal(stream: TextIO) -> rich.console.Console:
    # a log in an old encoding gets escapes instead of an exception
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    width = None if stream.isatty() else _LOG_WIDTH
    return rich.console.Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is any of its types
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return str(value)
