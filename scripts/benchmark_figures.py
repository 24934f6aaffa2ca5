"""From measurements to the table that is shown. Pure: nothing is run or read here."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one contestant did with one recording."""

    name: str
    n_frames: int
    source_bytes: int
    wall_s: tuple[float, ...]
    """One for each repeat."""
    cpu_s: tuple[float, ...]
    peak_bytes: int
    """Largest of all repeats."""
    store_bytes: int
    n_objects: int
    n_chunks: int
    one_frame_s: float
    run_s: float
    trace_s: float
    phases: Mapping[str, float]

    @property
    def median_s(self) -> float:
        """Median wall time."""
        return median(self.wall_s)


def ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """How many times the time of another a contestant took: the median over rounds, which shared the same load."""
    return median(a / b for a, b in zip(these, those, strict=True))


def comparison(contestants: Sequence[Figures]) -> list[list[str]]:
    """Rows of a table with one column for each contestant; the first row holds their names."""
    first = contestants[0]
    others = [other for other in contestants if other is not first]
    rows: list[list[str]] = [["", *(one.name for one in contestants)]]

    def add(title: str, cells: Sequence[str]) -> None:
        rows.append([title, *cells])

    add("wall time, median [s]", [f"{one.median_s:.2f}" for one in contestants])
    add("  each round [s]", [" ".join(f"{value:.1f}" for value in one.wall_s) for one in contestants])
    add("processor time, median [s]", [f"{median(one.cpu_s):.1f}" for one in contestants])
    add("frames/s", [f"{one.n_frames / one.median_s:.0f}" for one in contestants])
    add("peak memory, all processes [MB]", [f"{one.peak_bytes / 1e6:.0f}" for one in contestants])
    add("output / source bytes", [f"{one.store_bytes / one.source_bytes:.3f}" for one in contestants])
    add("objects (of frames)", [f"{one.n_objects} ({one.n_chunks})" for one in contestants])
    add("frames for each chunk object", [f"{one.n_frames / one.n_chunks:.1f}" for one in contestants])
    for other in others:
        add(f"wall time in times of {other.name}", [f"{ratio(one.wall_s, other.wall_s):.2f}" for one in contestants])
    for other in others:
        add(f"processor time in times of {other.name}", [f"{ratio(one.cpu_s, other.cpu_s):.2f}" for one in contestants])
    add("read one random frame [ms]", [f"{1000 * one.one_frame_s:.1f}" for one in contestants])
    add("read 500 frames [ms]", [f"{1000 * one.run_s:.0f}" for one in contestants])
    add("read one pixel's trace [ms]", [f"{1000 * one.trace_s:.0f}" for one in contestants])
    return rows


def phase_rows(one: Figures, hashing_s: float) -> list[list[str]]:
    """Where the time of a contestant went, as far as it tells; hashing on a line of its own."""
    rows = [["part of the run", "s", "share"]]
    rows += [[name, f"{s:.2f}", f"{s / one.median_s:.0%}"] for name, s in one.phases.items()]
    rows.append(["sha256 of sources and store, alone", f"{hashing_s:.2f}", f"{hashing_s / one.median_s:.0%}"])
    return rows


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """A table for people: the first column to the left, the others to the right.

    Examples
    --------
    >>> print(as_text([["", "a"], ["time", "12.5"]]))
             a
    time  12.5
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def as_json(one: Figures) -> dict[str, Any]:
    """The figures as plain JSON values."""
    fields = {name: getattr(one, name) for name in one.__slots__}
    return fields | {"phases": dict(one.phases), "median_s": one.median_s}
