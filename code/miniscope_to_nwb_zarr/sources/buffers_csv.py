"""The table of buffers that mio writes beside a video: one row for each piece of a frame that the radio delivered.

A frame of a wireless Miniscope comes in several buffers, each with a header of counters; a row is the header of one
buffer and what the computer knew when it arrived (reference formats 4).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources.delimited import (
    Head,
    Rows,
    empty_finding,
    head_finding,
    normalised,
    outgrows_file,
    read_head,
    read_raw,
    read_rows,
    rows_finding,
    short_rows_finding,
)
from miniscope_to_nwb_zarr.sources.small_file import decode, first_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FRAME, BUFFER, SLOT = "frame_num", "buffer_count", "frame_buffer_count"
STAMP, DROPPED, PADDING = "timestamp", "dropped_buffer_count", "black_padding_px"
INDEX, RECEIVED = "reconstructed_frame_index", "buffer_recv_unix_time"
SAVED = "unix_time"
"""In the place of `RECEIVED` before mio 0.8.1: when the row was written, which is a little later."""
_MARKS = frozenset({
    *(FRAME, BUFFER, SLOT, DROPPED, PADDING, INDEX, RECEIVED),
    *("linked_list", "write_buffer_count", "pixel_count", "write_timestamp", "buffer_recv_index"),
})  # fmt: skip
# a table of another program may have one of these names by chance
_MIN_MARKS = 3
_HEADER_BYTES = 4096
_EXPECTED = f"a header that names {STAMP!r} and other columns of mio, such as {FRAME!r} and {BUFFER!r}"
_FLAG = re.compile(rb"(?<=[,\t])(True|False)(?=[,\t\r\n]|$)")


@dataclass(frozen=True, slots=True, eq=False)
class BufferTable:
    """The rows of a table of buffers, in the file's order.

    Attributes
    ----------
    columns : tuple of str
        The header's names, as written.
    values : float64, shape (n_rows, n_columns)
        NaN where a field is no number, and in the whole row where the number of fields is wrong.
    lines : int64, shape (n_rows,)
        The number of each row's line in the file, counted from 1.
    part : int64, shape (n_rows,)
        How often the header had been written anew before the row.
    """

    path: Path
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    lines: NDArray[np.int64]
    part: NDArray[np.int64]

    @property
    def n_rows(self) -> int:
        """Rows of the table, unreadable ones included."""
        return len(self.values)

    def has(self, name: str) -> bool:
        """Whether the table has a column of that name, whatever its case and spacing."""
        return any(normalised(written) == name for written in self.columns)

    def column(self, name: str) -> NDArray[np.float64]:
        """A column, shape (n_rows,); NaN throughout if the table has none of that name."""
        at = next((k for k, written in enumerate(self.columns) if normalised(written) == name), None)
        return np.full(self.n_rows, np.nan) if at is None else self.values[:, at]


def is_buffer_table(path: Path) -> bool:
    """Whether the first line of a file is the header of a table of buffers."""
    raw = first_bytes(path, _HEADER_BYTES)
    if not raw:
        return False
    head = read_head(decode(raw, path.name)[0].encode("utf-8", "replace"), _MARKS)
    return head is not None and _is_header(head.names)


def read_buffers(path: Path, where: str) -> tuple[BufferTable | None, tuple[Finding, ...]]:
    """Read a table of buffers.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    BufferTable or None
        Every row that has something on its line, unreadable ones in their place; None when the file cannot be read as
        a table of buffers at all. ``True`` and ``False`` are 1 and 0.
    tuple of Finding
        What is wrong with the file itself; what its counters mean is judged elsewhere.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    head = read_head(raw, _MARKS)
    if head is None or not _is_header(head.names):
        return None, (*findings, head_finding(raw, where, _EXPECTED))
    columns = _distinct(head.names)
    if outgrows_file(raw, head, len(columns)):
        return None, (*findings, short_rows_finding(where, len(columns)))
    parts = _read_parts(_with_numbers_for_flags(raw), head, len(columns))
    table = BufferTable(
        path,
        columns,
        np.concatenate([rows.values for rows in parts]),
        np.concatenate([rows.lines for rows in parts]),
        np.repeat(np.arange(len(parts)), [len(rows.values) for rows in parts]),
    )
    is_torn = parts[-1].is_torn
    return table, (*findings, *_repeated(table, len(parts), where), *_judge(table, where, is_torn=is_torn))


def _is_header(names: tuple[str, ...]) -> bool:
    known = {normalised(name) for name in names}
    return STAMP in known and len(_MARKS & known) >= _MIN_MARKS


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, of which one that comes again has a number behind it."""
    count: Counter[str] = Counter()
    found = []
    for name in names:
        count[name] += 1
        found.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return tuple(found)


def _with_numbers_for_flags(raw: bytes) -> bytes:
    if b"True" not in raw and b"False" not in raw:
        return raw
    return _FLAG.sub(lambda found: b"1" if found[1] == b"True" else b"0", raw)


def _read_parts(raw: bytes, head: Head, n_columns: int) -> list[Rows]:
    """The rows between one header line and the next."""
    header = raw[: head.start].rstrip(b"\r\n").rpartition(b"\n")[2]
    parts, start, line = [], head.start, head.line
    while True:
        stop = _next_header(raw, header, start)
        rest = raw if stop == len(raw) else raw[:stop]
        parts.append(read_rows(rest, Head(head.delimiter, head.names, start, line), n_columns))
        if stop == len(raw):
            return parts
        end = raw.find(b"\n", stop)
        end = len(raw) if end < 0 else end + 1
        start, line = end, line + raw.count(b"\n", start, end)


def _next_header(raw: bytes, header: bytes, start: int) -> int:
    """Where the header stands again as a whole line; the end of the table if it does not."""
    at = raw.find(header, start)
    while at >= 0:
        end = at + len(header)
        if raw[at - 1 : at] == b"\n" and raw[end : end + 1] in {b"", b"\r", b"\n"}:
            return at
        at = raw.find(header, end)
    return len(raw)


def _repeated(table: BufferTable, n_parts: int, where: str) -> tuple[Finding, ...]:
    if n_parts == 1:
        return ()
    first = int(np.argmax(table.part > 0))
    near = f", first before line {table.lines[first]}" if table.part.any() else ""
    sentence = (
        f"the header is repeated {counted(n_parts - 1, 'time')} inside the table{near}; those lines are not read as "
        "rows"
    )
    return (Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence, {"count": n_parts - 1}),)


def _judge(table: BufferTable, where: str, *, is_torn: bool) -> tuple[Finding, ...]:
    """Findings for lines and fields that are no numbers. The last field of a last row without line end is left out."""
    findings: list[Finding] = []
    is_blank = np.asarray(np.isnan(table.values).all(axis=1))
    if is_torn:
        line = int(table.lines[-1])
        what = "the row cannot be used" if is_blank[-1] else "its last field may be cut and was left out"
        sentence = f"line {line}, the last one, has no line end: {what}"
        findings.append(Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": line}))
        table.values[-1, -1] = np.nan
        is_blank[-1] = True
    bad = is_blank[: table.n_rows - is_torn]
    if bad.any():
        expected = f"{len(table.columns)} fields; the buffers of these rows are not known"
        findings.append(rows_finding(table.lines[: len(bad)][bad], where, Severity.WARNING, expected))
    n_missing = np.isnan(table.values[~is_blank]).sum(axis=0)
    for name, count in zip(table.columns, n_missing.tolist(), strict=True):
        if count:
            sentence = f"column {name!r} holds no number in {count} of {table.n_rows} rows; they are NaN"
            findings.append(Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence, {"count": count}))
    return tuple(findings)
