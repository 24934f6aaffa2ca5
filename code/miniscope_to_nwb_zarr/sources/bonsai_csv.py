"""Tables that Bonsai's `CsvWriter` writes: moments, numbers, True and False, in columns of any order.

A row is taken only as it is written. A field that is not what its column holds is marked unreadable, and so is a whole
row with a field too many or too few, so that nothing is ever read from the wrong column. Each column is converted at
once, in runs of rows; fields that are not written as usual are converted one by one, to the same values.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miniscope_to_nwb_zarr.sources.delimited import parse_number
from miniscope_to_nwb_zarr.sources.iso_stamps import is_stamp, parse_stamps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.delimited import Head

_BYTES_AT_ONCE = 1 << 22
_FIELDS_LOOKED_AT = 100
_PLAIN = rb"-?[0-9]{1,15}+(?:\.[0-9]{1,17}+)?(?:E[-+][0-9]{2})?"
_PLAIN_COLUMN = re.compile(rb"%s(?:\n%s)*+" % (_PLAIN, _PLAIN))
# .NET prints floats that are no numbers by name
_NAMED = {b"NaN": np.nan, b"Infinity": np.inf, b"-Infinity": -np.inf}
_FLAGS = {b"True": 1, b"False": 0}
_UNREADABLE_FLAG = -1


class Kind(Enum):
    """What a column holds."""

    STAMP = "stamp"
    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        As the header has it, distinct from the names of the columns before it.
    kind : Kind
    values : array, shape (n_rows,)
        float64 numbers; int8 1, 0 or -1 for flags; int64 `Stamps.ticks`; of texts none, shape (0,).
    is_readable : bool, shape (n_rows,)
        Whether the field is what the column holds. `NaN` and `Infinity` are, in a column of numbers.
    offset_min : int64, shape (n_rows,)
        `Stamps.offset_min`; shape (0,) for other kinds.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    is_readable: NDArray[np.bool_]
    offset_min: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BonsaiTable:
    """A table by its columns.

    Attributes
    ----------
    columns : tuple of Column
    is_whole : bool, shape (n_rows,)
        Whether the row has as many fields as there are columns.
    lines : int64, shape (n_rows,)
        The number of each row's line in the file, counted from 1.
    is_torn : bool
        The last row has no line end: its last field may be the beginning of a longer one.
    """

    columns: tuple[Column, ...]
    is_whole: NDArray[np.bool_]
    lines: NDArray[np.int64]
    is_torn: bool


class _Converted(NamedTuple):
    """Some rows of a column, as `Column` has them."""

    values: NDArray[Any]
    is_readable: NDArray[np.bool_]
    offset_min: NDArray[np.int64]


_NO_ROWS = _Converted(np.empty(0), np.empty(0, bool), np.empty(0, np.int64))


class _Run(NamedTuple):
    """Some rows, field by field; the fields of rows that are not whole are empty."""

    columns: list[tuple[bytes, ...]]
    is_whole: list[bool]
    lines: list[int]


def read_table(raw: bytes, head: Head, names: Sequence[str]) -> BonsaiTable:
    """Read all rows after the head. Blank lines are no rows.

    Parameters
    ----------
    raw : bytes
        The table, from `delimited.read_raw`.
    head : Head
        From `delimited.read_head`.
    names : sequence of str
        One for each field that a row must have, at least one.
    """
    kinds: list[Kind] = []
    parts: list[list[_Converted]] = [[] for _ in names]
    is_whole: list[bool] = []
    lines: list[int] = []
    for run in _runs(raw, head, len(names)):
        kinds = kinds or [_kind(fields) for fields in run.columns]
        for part, kind, fields in zip(parts, kinds, run.columns, strict=True):
            part.append(_converted(kind, fields))
        is_whole += run.is_whole
        lines += run.lines
    kinds = kinds or [Kind.TEXT] * len(names)
    columns = tuple(_joined(name, kind, part) for name, kind, part in zip(distinct(names), kinds, parts, strict=True))
    is_torn = bool(lines) and not raw.endswith(b"\n") and bool(raw[raw.rfind(b"\n") + 1 :].strip())
    return BonsaiTable(columns, np.array(is_whole, bool), np.array(lines, np.int64), is_torn)


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, of which the second of two that are alike gets a number."""
    count: Counter[str] = Counter()
    found = []
    for name in names:
        count[name] += 1
        found.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return tuple(found)


def _runs(raw: bytes, head: Head, n_columns: int) -> Iterator[_Run]:
    """The rows in runs of a few megabytes, however long the file is."""
    at, line = head.start, head.line
    empty = [b""] * n_columns
    while at < len(raw):
        end = raw.rfind(b"\n", at, at + _BYTES_AT_ONCE) + 1
        if end <= at:
            # a line longer than a run
            end = raw.find(b"\n", at) + 1 or len(raw)
        rows, is_whole, lines = [], [], []
        for number, text in enumerate(raw[at:end].removesuffix(b"\n").split(b"\n"), start=line):
            if text.strip():
                fields = text.removesuffix(b"\r").split(head.delimiter, n_columns)
                is_whole.append(len(fields) == n_columns)
                rows.append(fields if len(fields) == n_columns else empty)
                lines.append(number)
        line += raw.count(b"\n", at, end)
        at = end
        if rows:
            yield _Run(list(zip(*rows, strict=True)), is_whole, lines)


def _kind(fields: Sequence[bytes]) -> Kind:
    """What most of the first fields of a column are."""
    count: Counter[Kind] = Counter()
    for field in [field for field in fields if field][:_FIELDS_LOOKED_AT]:
        if field in _FLAGS:
            count[Kind.FLAG] += 1
        elif field in _NAMED or not np.isnan(parse_number(field)):
            count[Kind.NUMBER] += 1
        else:
            count[Kind.STAMP if is_stamp(field) else Kind.TEXT] += 1
    return count.most_common(1)[0][0] if count else Kind.TEXT


def _converted(kind: Kind, fields: Sequence[bytes]) -> _Converted:
    nothing = np.empty(0, np.int64)
    if kind is Kind.STAMP:
        stamps = parse_stamps(fields)
        return _Converted(stamps.ticks, stamps.is_readable, stamps.offset_min)
    if kind is Kind.FLAG:
        flags = np.array([_FLAGS.get(field, _UNREADABLE_FLAG) for field in fields], np.int8)
        return _Converted(flags, flags != _UNREADABLE_FLAG, nothing)
    if kind is Kind.NUMBER:
        return _Converted(*_numbers(fields), nothing)
    return _Converted(nothing, np.array([bool(field) for field in fields], bool), nothing)


def _joined(name: str, kind: Kind, parts: list[_Converted]) -> Column:
    return Column(name, kind, *(np.concatenate(arrays) for arrays in zip(*parts or [_NO_ROWS], strict=True)))


def _numbers(fields: Sequence[bytes]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    joined = b"\n".join(fields)
    if _PLAIN_COLUMN.fullmatch(joined):
        values = np.fromstring(joined, np.float64, sep="\n")
        return values, np.ones(len(fields), bool)
    values = np.array([_NAMED.get(field, parse_number(field)) for field in fields])
    return values, ~np.isnan(values) | np.array([field == b"NaN" for field in fields], bool)
