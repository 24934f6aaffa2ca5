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

MOST_TEXTS = 100
"""Different texts of a column that are told apart."""
_BYTES_AT_ONCE = 1 << 22
_FIELDS_LOOKED_AT = 100
_PLAIN = rb"-?[0-9]{1,15}+(?:\.[0-9]{1,17}+)?(?:E[-+][0-9]{2})?"
_PLAIN_COLUMN = re.compile(rb"%s(?:\n%s)*+" % (_PLAIN, _PLAIN))
# .NET prints floats that are no numbers by name
_NAMED = {b"NaN": np.nan, b"Infinity": np.inf, b"-Infinity": -np.inf}
_FLAGS = {b"True": 1, b"False": 0}
_UNREADABLE = -1
_INSIDE = b"\x1f"


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
        float64 numbers; int16 1, 0 or -1 for flags; int64 `Stamps.ticks`; int16 places in `texts`, or -1.
    is_readable : bool, shape (n_rows,)
        Whether the field is what the column holds. `NaN` and `Infinity` are, in a column of numbers.
    offset_min : int64, shape (n_rows,)
        `Stamps.offset_min`; shape (0,) for other kinds.
    texts : tuple of str
        The first `MOST_TEXTS` different texts of a column of texts, in the order of their appearance.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    is_readable: NDArray[np.bool_]
    offset_min: NDArray[np.int64]
    texts: tuple[str, ...] = ()


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
    builders = [_Builder(name) for name in distinct(names)]
    is_whole: list[bool] = []
    lines: list[int] = []
    for run in _runs(raw, head, len(names)):
        for builder, fields in zip(builders, run.columns, strict=True):
            builder.add(fields)
        is_whole += run.is_whole
        lines += run.lines
    columns = tuple(builder.column() for builder in builders)
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
                fields = _fields(text.removesuffix(b"\r"), head.delimiter, n_columns)
                is_whole.append(len(fields) == n_columns)
                rows.append(fields if len(fields) == n_columns else empty)
                lines.append(number)
        line += raw.count(b"\n", at, end)
        at = end
        if rows:
            yield _Run(list(zip(*rows, strict=True)), is_whole, lines)


def _fields(row: bytes, delimiter: bytes, n_columns: int) -> list[bytes]:
    fields = row.split(delimiter, n_columns)
    if len(fields) > n_columns and delimiter == b",":
        # .NET prints two flags of an enumeration as one text, `DigitalIn0, DigitalIn1`
        together = row.replace(b", ", _INSIDE).split(delimiter, n_columns)
        return [field.replace(_INSIDE, b", ") for field in together] if len(together) == n_columns else fields
    return fields


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


class _Builder:
    """A column as it grows; what its first fields are decides what it holds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kind: Kind | None = None
        self._values: list[NDArray[Any]] = [np.empty(0, np.int16)]
        self._is_readable: list[NDArray[np.bool_]] = [np.empty(0, bool)]
        self._offset_min: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._places: dict[bytes, int] = {}

    def add(self, fields: Sequence[bytes]) -> None:
        """Read the fields of some more rows."""
        self._kind = self._kind or _kind(fields)
        values: NDArray[Any]
        if self._kind is Kind.STAMP:
            stamps = parse_stamps(fields)
            values, is_readable = stamps.ticks, stamps.is_readable
            self._offset_min.append(stamps.offset_min)
        elif self._kind is Kind.NUMBER:
            values, is_readable = _numbers(fields)
        else:
            places = _FLAGS if self._kind is Kind.FLAG else self._places_of(fields)
            values = np.array([places.get(field, _UNREADABLE) for field in fields], np.int16)
            is_readable = values != _UNREADABLE
        self._values.append(values)
        self._is_readable.append(is_readable)

    def column(self) -> Column:
        """All that was read."""
        # without the empty beginning, whose type is not that of every kind
        values = np.concatenate(self._values[1:] or self._values)
        texts = tuple(text.decode("utf-8", "replace").replace("\0", "\ufffd") for text in self._places)
        is_readable, offset_min = np.concatenate(self._is_readable), np.concatenate(self._offset_min)
        return Column(self._name, self._kind or Kind.TEXT, values, is_readable, offset_min, texts)

    def _places_of(self, fields: Sequence[bytes]) -> dict[bytes, int]:
        for field in dict.fromkeys(fields):
            if field and len(self._places) < MOST_TEXTS:
                self._places.setdefault(field, len(self._places))
        return self._places


def _numbers(fields: Sequence[bytes]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    joined = b"\n".join(fields)
    if _PLAIN_COLUMN.fullmatch(joined):
        values = np.fromstring(joined, np.float64, sep="\n")
        return values, np.ones(len(fields), bool)
    values = np.array([_NAMED.get(field, parse_number(field)) for field in fields])
    return values, ~np.isnan(values) | np.array([field == b"NaN" for field in fields], bool)
