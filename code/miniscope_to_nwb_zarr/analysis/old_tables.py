"""Reads the two tables of a project of ACE-NeuroTools: ``experiments.csv`` and ``analysis_parameters.csv``.

A row belongs to an experiment by the text in its column ``line number``, which is a name and not the number of a line.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXPERIMENTS = "experiments.csv"
PARAMETERS = "analysis_parameters.csv"
KEY = "line number"
DIRECTORY = "calcium imaging directory"

_NOTHING = frozenset({"", "none", "na", "nan"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    table: str
    line: int
    """Of the file, counted from 1."""
    cells: Mapping[str, str]
    """Text by the name of the column, both without spaces around them; cells that say nothing are left out."""
    written: Mapping[str, str]
    """Every cell as it is written, by the name of its column; one without a name is called by its place."""

    def where(self, column: str) -> str:
        """A cell, as messages name it."""
        return f"{self.table}, line {self.line}, column `{column}`"


@dataclass(frozen=True, slots=True)
class Experiment:
    """What the two tables say of one experiment."""

    name: str
    facts: Row
    parameters: Row | None
    """None where the project has no table of parameters, or it has no such row."""

    @property
    def directories(self) -> tuple[str, ...]:
        """Where the recordings lie, as written, by ``/``."""
        cells = self.facts.cells.get(DIRECTORY) or (self.parameters.cells.get(DIRECTORY) if self.parameters else None)
        parts = (part.strip().replace("\\", "/").rstrip("/") for part in (cells or "").split(";"))
        return tuple(part for part in parts if part)


def read_experiment(project: Path, name: str) -> Experiment:
    """What the tables of a project say of an experiment.

    Raises
    ------
    InputError
        A table cannot be read as one, or no row of ``experiments.csv`` has this name, or more than one.
    """
    if not project.is_dir():
        raise InputError(f"--project_path {project}: is not a folder; give the one that holds {EXPERIMENTS}")
    facts = _row(project / EXPERIMENTS, name)
    if facts is None:
        raise InputError(
            f"{EXPERIMENTS}: no row has {name!r} in its column `{KEY}`, which --line_num names; it has "
            f"{_some(project / EXPERIMENTS)}"
        )
    table = project / PARAMETERS
    return Experiment(name, facts, _row(table, name) if table.exists() else None)


def _row(path: Path, name: str) -> Row | None:
    found = [row for row in _rows(path) if row.cells.get(KEY) == name.strip()]
    if len(found) > 1:
        lines = " and ".join(str(row.line) for row in found[:2])
        raise InputError(f"{path.name}, lines {lines}: both have {name!r} in their column `{KEY}`; keep one of them")
    return found[0] if found else None


def _rows(path: Path) -> list[Row]:
    raw, findings = read_bytes(path, path.name, limits.TABLE_BYTES)
    if raw is None:
        raise InputError(f"{path.name}: {findings[0].sentence}")
    text, _ = decode(raw, path.name)
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [name.strip() for name in next(reader, [])]
        if KEY not in header:
            raise InputError(f"{path.name}, line 1: has no column `{KEY}`; found {', '.join(header[:8]) or 'nothing'}")
        twice = next((name for k, name in enumerate(header) if name and name in header[:k]), None)
        if twice is not None:
            raise InputError(f"{path.name}, line 1: has two columns `{twice}`; keep one of them")
        rows = []
        begin = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_as_row(path.name, begin, header, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num}: this is not a table with commas: {error}") from error
    return rows


def _as_row(table: str, line: int, header: list[str], cells: list[str]) -> Row:
    # a spreadsheet may leave empty cells at the end
    extra = [cell for cell in cells[len(header) :] if cell.strip()]
    if extra or len(cells) < len(header):
        raise InputError(
            f"{table}, line {line}: has {len(cells)} cells, the header has {len(header)}; put a text with commas in "
            'quotes, as in "(7, 7)"'
        )
    # a spreadsheet ends its lines with empty cells below empty names
    written = {
        name or f"(column {k}, without a name)": cell
        for k, (name, cell) in enumerate(zip(header, cells, strict=False), 1)
        if name or cell.strip()
    }
    said = {name: cell.strip() for name, cell in written.items() if cell.strip().lower() not in _NOTHING}
    return Row(table, line, said, written)


def _some(path: Path) -> str:
    names = [row.cells[KEY] for row in _rows(path) if KEY in row.cells]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "") if names else "none"
