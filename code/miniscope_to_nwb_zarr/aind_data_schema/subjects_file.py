"""Reads the table of a lab's animals (``--subjects``): CSV, JSON or YAML, one row for each animal."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from miniscope_to_nwb_zarr.aind_data_schema import fact_file
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import SubjectFacts
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingSection
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_surgery import SurgeryFacts  # noqa: TC001 - read when it runs
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import OneOrMore
from miniscope_to_nwb_zarr.core import naming
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import limits, strict_yaml
from miniscope_to_nwb_zarr.sources.strict_yaml import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.sources.strict_yaml import Location

_KIND = "table of animals"
_COLUMNS = tuple(SubjectFacts.model_fields)


class SubjectRow(SubjectFacts):
    """One animal. A CSV file has the columns of `SubjectFacts`, JSON and YAML also the groups of lines."""

    imaging: ImagingSection = Field(ImagingSection(), description="lines about the imaging in this animal")
    surgeries: Annotated[tuple[SurgeryFacts, ...], OneOrMore] = Field(
        (), title="the animal's surgeries", description="a list of surgeries, each with lines of its own"
    )


@dataclass(frozen=True, slots=True)
class Subjects:
    """The animals of a lab."""

    name: str
    """What messages call the file."""
    rows: Mapping[str, tuple[SubjectRow, int]]
    """By the animal's id as used in outputs: its row, and the line in the file where the row begins."""


def load_subjects(path: Path) -> Subjects:
    """Read a table of animals.

    Raises
    ------
    InputError
        When the file cannot be read, is larger than `limits.SETTINGS_BYTES`, is of another kind, or does not say what
        a table of animals says: one line of message for each thing wrong, with file, line, what was found and what was
        expected.
    """
    kind = path.suffix.lower()
    if kind not in {".csv", ".tsv", ".txt", ".json", ".yml", ".yaml"}:
        raise InputError(f"{path}: expected a {_KIND} whose name ends in .csv, .json, .yml or .yaml")
    text = fact_file.read_text(path, _KIND)
    return parse_subjects(text, str(path), is_table=kind in {".csv", ".tsv", ".txt"})


def parse_subjects(text: str, name: str, *, is_table: bool) -> Subjects:
    """Read the text of a table of animals; errors as in `load_subjects`.

    Parameters
    ----------
    text
        The content of the file.
    name
        What messages call the file.
    is_table
        The text is CSV; else YAML or JSON.
    """
    document = _table(text, name) if is_table else fact_file.without_empty_items(strict_yaml.parse(text, name))
    values = [] if document.values is None else document.values
    if not isinstance(values, list):
        raise InputError(f"{name}, line 1: expected a list of animals, each with its `subject_id` and what is known")
    rows: dict[str, tuple[SubjectRow, int]] = {}
    problems: list[fact_file.Problem] = []
    for place in range(len(values)):
        row, wrong = fact_file.hold_against(SubjectRow, document, (place,))
        problems += wrong
        if row is not None:
            problems += _add(rows, row, document.line_of((place,)))
    if problems:
        raise fact_file.refusal(problems, name)
    return Subjects(name, rows)


def _add(rows: dict[str, tuple[SubjectRow, int]], row: SubjectRow, line: int) -> Iterator[fact_file.Problem]:
    key = naming.subject_id(row.subject_id or "")
    if key is None:
        yield line, "`subject_id` is missing; expected the animal's id"
    elif key in rows:
        other, first_line = rows[key]
        alike = "" if other.subject_id == row.subject_id else f" (as `{other.subject_id}`: outputs call both `{key}`)"
        yield line, f"the animal `{row.subject_id}` has a row in line {first_line} already{alike}; keep one of them"
    else:
        rows[key] = row, line


def _table(text: str, name: str) -> Document:
    """A CSV file as a list of rows. Cells are texts, an empty one is None; rows without any text are no rows."""
    rows = _rows(text, name)
    header_line, header = next(((line, cells) for line, cells in rows if not cells[0].startswith("#")), (1, []))
    names = [cell.strip() for cell in header]
    _check_names(names, f"{name}, line {header_line}")
    values: list[dict[str, Any]] = []
    lines: dict[Location, int] = {}
    for line, cells in rows:
        if len(cells) < len(names) or any(cells[len(names) :]):
            raise InputError(
                f"{name}, line {line}: found {len(cells)} cells, expected {len(names)} as in line {header_line}; put "
                "a text that holds the separator between the cells in quotes"
            )
        row = {column: cell.strip() or None for column, cell in zip(names, cells, strict=False) if column}
        if any(cell.strip() for column, cell in zip(names, cells, strict=False) if not column):
            raise InputError(f"{name}, line {line}: found a text in a column without a name; name it or take it out")
        lines |= {(len(values),): line} | {(len(values), column): line for column in row}
        values.append(row)
    return Document(values, lines)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold a text, each with the line in which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for count, cells in enumerate(reader):
            if count > limits.LAB_VALUES.value:
                most = limits.LAB_VALUES
                raise InputError(f"{name}, line {line}: found more than {most.value:,} rows; {most.remedy}")
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}, line {line}: this is not CSV: {error}") from error


def _delimiter(text: str) -> str:
    """What stands between the cells, by the first line that is no remark: Excel writes semicolons in half of Europe."""
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip('"').startswith("#")), "")
    return max(",;\t", key=first.count)


def _check_names(names: list[str], where: str) -> None:
    if "subject_id" not in names:
        found = ", ".join(name for name in names if name) or "no line with them"
        raise InputError(
            f"{where}: expected the names of the columns, `subject_id` among them; found {fact_file.short(found)}"
        )
    for name in names:
        if name and name not in _COLUMNS:
            instead = f"expected some of {', '.join(_COLUMNS)}"
            if name in SubjectRow.model_fields:
                instead = "a JSON or YAML file of animals may hold it"
            raise InputError(f"{where}: `{fact_file.short(name)}` is not a column of this table; {instead}")
        if name and names.count(name) > 1:
            raise InputError(f"{where}: there are two columns called `{name}`; keep one of them")
