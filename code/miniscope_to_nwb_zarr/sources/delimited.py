"""The one strict reader of delimited text: rows of numbers whose count of fields is known.

A row is taken only as it is written. A field that is not a plain finite number is NaN, and a row with a field too many
or too few is NaN throughout, so that nothing is ever read from the wrong column. Runs of flawless rows are converted at
once, every other line by itself; both ways give the same values.
"""

from __future__ import annotations

import codecs
import math
import re
from array import array
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import decode, read_bytes, without_zeros

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_NUMBER = re.compile(rb" *+[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)? *+")
# what acquisition software writes: the only form that is converted many rows at a time
_PLAIN = rb"-?[0-9]{1,15}+(?:\.[0-9]{1,15}+)?(?:e[-+][0-9]{2})?"
_ROWS_AT_ONCE = 16_384
_LINES_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """How a table begins."""

    delimiter: bytes
    names: tuple[str, ...]
    """The header's names as written, without spaces around them; empty when the table has no header."""
    start: int
    """Offset of the first byte after the header."""
    line: int
    """Number of the first line after the header, counted from 1."""

    def column(self, name: str) -> int | None:
        """The place of a column, whatever the case and spacing of its name; None if the header has no such name."""
        return next((k for k, written in enumerate(self.names) if normalised(written) == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a table.

    Attributes
    ----------
    values : float64, shape (n_rows, n_columns)
        NaN where a field is no number, and in the whole row where the number of fields is wrong.
    lines : int64, shape (n_rows,)
        The number of each row's line in the file, counted from 1.
    is_torn : bool
        The last row has no line end: what its last field holds may be the beginning of a longer number.
    """

    values: NDArray[np.float64]
    lines: NDArray[np.int64]
    is_torn: bool


def normalised(name: str) -> str:
    """A header's name as it is compared: lower case, single spaces."""
    return " ".join(name.casefold().split())


def read_raw(path: Path, where: str) -> tuple[bytes | None, tuple[Finding, ...]]:
    """The bytes of a table in UTF-8 without byte order mark; None with a finding if it is too large or unreadable."""
    raw, findings = read_bytes(path, where, limits.TABLE_BYTES)
    if raw is None:
        return None, findings
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text, findings = decode(raw, where)
        raw = text.encode("utf-8", "replace")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if raw.count(b"\n") > limits.TABLE_ROWS.value:
        most = limits.TABLE_ROWS
        sentence = f"has more than {most.value:,} lines, the most that is taken in; {most.remedy}"
        return None, (Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, sentence),)
    raw, doubts = without_zeros(raw, where)
    return raw, findings + doubts


def read_head(raw: bytes, known: Collection[str]) -> Head | None:
    """Find out delimiter and header.

    Parameters
    ----------
    raw : bytes
        The table.
    known : collection of str
        Normalised names of which a header of this kind of table has at least one.

    Returns
    -------
    Head or None
        None when the first line is neither such a header nor begins with a number.
    """
    start, line = 0, 1
    while True:
        end = raw.find(b"\n", start)
        first = raw[start : end if end >= 0 else len(raw)][: limits.LINE_BYTES].strip(b" \r")
        if first or end < 0:
            break
        start, line = end + 1, line + 1
    delimiter = b"\t" if b"\t" in first else b","
    # a name goes into the store, where HDF5 has no NUL
    names = tuple(field.decode("utf-8", "replace").replace("\0", "\ufffd").strip() for field in first.split(delimiter))
    if any(normalised(name) in known for name in names):
        return Head(delimiter, names, end + 1 if end >= 0 else len(raw), line + 1)
    if not first or any(not math.isnan(parse_number(field)) for field in first.split(delimiter)):
        return Head(delimiter, (), start, line)
    return None


def usual_width(raw: bytes, head: Head) -> int:
    """The most frequent number of fields in the first lines of a table; 0 when it has no line."""
    window = raw[head.start : head.start + _LINES_LOOKED_AT * 100].split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    widths = Counter(line.count(head.delimiter) + 1 for line in window if line.strip())
    return widths.most_common(1)[0][0] if widths else 0


def read_rows(raw: bytes, head: Head, n_columns: int) -> Rows:
    """All rows after the head. Blank lines are no rows.

    Parameters
    ----------
    raw : bytes
        The table, from `read_raw`.
    head : Head
        From `read_head`.
    n_columns : int
        Fields that a row must have, at least 1.
    """
    values, lines = array("d"), array("q")
    at, line, is_torn = head.start, head.line, False
    flawless = _flawless_rows(head.delimiter, n_columns)
    while at < len(raw):
        if run := flawless.match(raw, at):
            block = _convert(run.group(), head.delimiter)
            values.frombytes(block.tobytes())
            lines.extend(range(line, line + len(block) // n_columns))
            at, line = run.end(), line + len(block) // n_columns
            continue
        end = raw.find(b"\n", at)
        row = raw[at : end if end >= 0 else len(raw)].rstrip(b"\r")
        if row.strip():
            values.extend(parse_row(row, head.delimiter, n_columns))
            lines.append(line)
            is_torn = end < 0
        at, line = end + 1 if end >= 0 else len(raw), line + 1
    table = np.frombuffer(values, np.float64).reshape(-1, n_columns)
    return Rows(table, np.frombuffer(lines, np.int64), is_torn)


def parse_row(row: bytes, delimiter: bytes, n_columns: int) -> list[float]:
    """One line to numbers, without its line end."""
    unreadable = [math.nan] * n_columns
    if len(row) > limits.LINE_BYTES:
        return unreadable
    fields = row.split(delimiter, n_columns)
    return [parse_number(field) for field in fields] if len(fields) == n_columns else unreadable


def parse_number(field: bytes) -> float:
    """A plain decimal number; NaN for anything else, also for what does not fit into a float64."""
    if len(field) > limits.NUMBER_CHARS or not _NUMBER.fullmatch(field):
        return math.nan
    value = float(field)
    return value if math.isfinite(value) else math.nan


def rows_finding(lines: Sequence[int] | NDArray[np.int64], where: str, severity: Severity, expected: str) -> Finding:
    """The finding for rows that could not be read, with the numbers of the first lines."""
    first = ", ".join(str(line) for line in lines[: limits.NAMES_SHOWN])
    more = f" and {len(lines) - limits.NAMES_SHOWN} more" if len(lines) > limits.NAMES_SHOWN else ""
    which = "line" if len(lines) == 1 else "lines"
    sentence = f"{which} {first}{more} cannot be read; expected {expected}"
    numbers = {"count": len(lines), "first_line": int(lines[0])}
    return Finding(Code.ROW_UNREADABLE, severity, where, sentence, numbers)


def empty_finding(where: str) -> Finding:
    """The finding for a file without a byte."""
    return Finding(Code.FILE_EMPTY, Severity.WARNING, where, "the file is empty: nothing was written before the end")


def head_finding(raw: bytes, where: str, expected: str) -> Finding:
    """The finding for a table whose first line is not understood."""
    first = raw[:80].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    sentence = f"begins with {first!r}; expected {expected}, separated by tabs or commas. The table was left out"
    return Finding(Code.TABLE_FORMAT, Severity.ERROR, where, sentence)


def short_rows_finding(where: str, n_columns: int) -> Finding:
    """The finding for a table that `outgrows_file`."""
    sentence = f"most of its lines are far too short to hold {n_columns} fields; the table was left out"
    return Finding(Code.TABLE_FORMAT, Severity.ERROR, where, sentence)


def outgrows_file(raw: bytes, head: Head, n_columns: int) -> bool:
    """Whether so many columns times lines would be far more fields than the file has bytes for."""
    return n_columns * (raw.count(b"\n", head.start) + 1) > max(len(raw), limits.LINE_BYTES)


@cache
def _flawless_rows(delimiter: bytes, n_columns: int) -> re.Pattern[bytes]:
    row = _PLAIN + rb"(?:%s%s){%d}\r?\n" % (re.escape(delimiter), _PLAIN, n_columns - 1)
    return re.compile(rb"(?:%s){1,%d}" % (row, _ROWS_AT_ONCE))


def _convert(rows: bytes, delimiter: bytes) -> NDArray[np.float64]:
    """Rows that are known to be flawless, to one flat array."""
    to_commas = bytes.maketrans(b"\n" + delimiter, b",,")
    return np.fromstring(rows.translate(to_commas, b"\r"), np.float64, sep=",")
