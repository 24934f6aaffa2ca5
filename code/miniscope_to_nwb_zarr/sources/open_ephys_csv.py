"""The table that Open Ephys' software writes beside a video: one row for each frame (reference formats 3.1, 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.bonsai_csv import MOST_TEXTS, Column, Kind, read_table
from miniscope_to_nwb_zarr.sources.delimited import (
    empty_finding,
    head_finding,
    outgrows_file,
    read_raw,
    rows_finding,
    short_rows_finding,
)
from miniscope_to_nwb_zarr.sources.open_ephys_columns import EXPECTED, Roles, roles_of, table_head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_KEPT = frozenset({Kind.NUMBER, Kind.FLAG})


@dataclass(frozen=True, slots=True, eq=False)
class FrameRows:
    """The rows of a table, one for each frame, in the file's order; damaged ones in their place.

    Attributes
    ----------
    n_rows : int
    has_header : bool
    stamp : Column or None
        When the computer received each frame; of kind `Kind.STAMP`.
    hardware_ms : float64, shape (n_rows,), or None
        The clock of the acquisition board; NaN where it cannot be read.
    frame_count : int64, shape (n_rows,), or None
        Frame counter of the acquisition board; -1 where it cannot be read.
    quaternion : float64, shape (n_rows, 4), or None
        Scalar first (w, x, y, z); NaN where it cannot be read.
    flags : mapping of header name to int16, shape (n_rows,)
        Digital inputs: 1, 0, and -1 where it cannot be read.
    numbers : mapping of header name to float64, shape (n_rows,)
        All further columns of numbers.
    texts : tuple of Column
        All further columns of few different texts, such as the names of states.
    """

    n_rows: int
    has_header: bool
    stamp: Column | None
    hardware_ms: NDArray[np.float64] | None
    frame_count: NDArray[np.int64] | None
    quaternion: NDArray[np.float64] | None
    flags: Mapping[str, NDArray[np.int16]]
    numbers: Mapping[str, NDArray[np.float64]]
    texts: tuple[Column, ...] = ()


def read_frame_rows(path: Path, where: str) -> tuple[FrameRows | None, tuple[Finding, ...]]:
    """Read the table of a recording.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    FrameRows or None
        None when the file cannot be read as a table of frames at all.
    tuple of Finding
        What is wrong with the file itself; what its stamps mean is judged elsewhere.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    head, names = table_head(raw)
    roles = roles_of(names)
    if head is None or not roles.is_frame_table:
        return None, (*findings, head_finding(raw, where, EXPECTED))
    if outgrows_file(raw, head, len(names)):
        return None, (*findings, short_rows_finding(where, len(names)))
    table = read_table(raw, head, names)
    if not len(table.lines):
        sentence = "the table has a header and no row: no frame was written before the end"
        return None, (*findings, Finding(Code.FILE_EMPTY, Severity.WARNING, where, sentence))
    last = table.columns[-1]
    columns = (*table.columns[:-1], replace(last, is_readable=_without_torn(last, is_torn=table.is_torn)))
    rows = _rows(columns, roles, n_rows=len(table.lines), has_header=bool(head.names))
    base = roles.hardware if rows.hardware_ms is not None else roles.stamp
    if base is None or (rows.hardware_ms is None and rows.stamp is None):
        sentence = "has rows of which none has a moment in ISO 8601 or a time of the hardware; the table was left out"
        return None, (*findings, Finding(Code.TABLE_FORMAT, Severity.ERROR, where, sentence))
    is_damaged = ~(table.is_whole & columns[base].is_readable)
    findings += _judge_rows(is_damaged, table.lines, names[base], where, is_torn=table.is_torn)
    is_judged = table.is_whole.copy()
    is_judged[len(is_judged) - table.is_torn :] = False
    return rows, (*findings, *_judge_columns(columns, roles, base, is_judged, where))


def _without_torn(column: Column, *, is_torn: bool) -> NDArray[np.bool_]:
    """Which fields of the last column can be read: the last one, where it may be the beginning of a longer one, not."""
    is_readable = column.is_readable.copy()
    is_readable[len(is_readable) - is_torn :] = False
    return is_readable


def _rows(columns: Sequence[Column], roles: Roles, *, n_rows: int, has_header: bool) -> FrameRows:
    def numbers(place: int | None) -> NDArray[np.float64] | None:
        column = None if place is None else columns[place]
        return _or_nan(column) if column is not None and column.kind is Kind.NUMBER else None

    axes = [axis for place in roles.quaternion if (axis := numbers(place)) is not None]
    others = [column for k, column in enumerate(columns) if k not in roles.places]
    stamp = None if roles.stamp is None else columns[roles.stamp]
    return FrameRows(
        n_rows=n_rows,
        has_header=has_header,
        stamp=stamp if stamp is not None and stamp.kind is Kind.STAMP else None,
        hardware_ms=numbers(roles.hardware),
        frame_count=_whole(numbers(roles.frame)),
        quaternion=np.column_stack(axes) if axes and len(axes) == len(roles.quaternion) else None,
        flags={c.name: np.where(c.is_readable, c.values, -1).astype(np.int16) for c in others if c.kind is Kind.FLAG},
        numbers={c.name: _or_nan(c) for c in others if c.kind is Kind.NUMBER},
        texts=tuple(c for c in others if _is_of_few_texts(c)),
    )


def _is_of_few_texts(column: Column) -> bool:
    """Whether the texts of a column are few enough to have been counted, and so none of a row is lost."""
    return column.kind is Kind.TEXT and 0 < len(column.texts) < MOST_TEXTS


def _or_nan(column: Column) -> NDArray[np.float64]:
    return np.where(column.is_readable, column.values, np.nan)


def _whole(column: NDArray[np.float64] | None) -> NDArray[np.int64] | None:
    """A column of counts, -1 where it holds none."""
    if column is None:
        return None
    is_count = (column >= 0) & (column <= limits.WHOLE_NUMBER) & (np.floor(column) == column)
    return np.where(is_count, column, -1).astype(np.int64)


def _judge_rows(
    is_damaged: NDArray[np.bool_], lines: NDArray[np.int64], time: str, where: str, *, is_torn: bool
) -> tuple[Finding, ...]:
    """Findings for rows without time, and for a last row that was cut."""
    findings: tuple[Finding, ...] = ()
    judged = slice(len(lines) - is_torn)
    damaged = lines[judged][is_damaged[judged]]
    if len(damaged):
        expected = f"one field for each column and a time in {time!r}; the rows are kept, without a time"
        findings += (rows_finding(damaged, where, Severity.ERROR, expected),)
    if is_torn:
        line = int(lines[-1])
        severity, lost = (
            (Severity.WARNING, "was cut while it was written; the row has no time")
            if is_damaged[-1]
            else (Severity.INFO, "has no line end; its last field may be cut and was left out")
        )
        findings += (Finding(Code.ROW_TORN, severity, where, f"line {line}, the last one, {lost}", {"line": line}),)
    return findings


def _judge_columns(
    columns: Sequence[Column], roles: Roles, base: int, is_judged: NDArray[np.bool_], where: str
) -> list[Finding]:
    """Findings for columns that are left out, and for fields that are not what their column holds.

    But for the column of the times: its fields are judged as rows.
    """
    findings = []
    if roles.n_axes_alone:
        sentence = (
            f"names {roles.n_axes_alone} of the 4 columns of a quaternion: they are kept as numbers, and there is no "
            "head orientation"
        )
        findings.append(Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, where, sentence))
    for k, column in enumerate(columns):
        wanted = Kind.STAMP if k == roles.stamp else Kind.NUMBER if k in roles.places else None
        is_kept = column.kind is wanted if wanted else column.kind in _KEPT or _is_of_few_texts(column)
        n_bad = int(np.sum(is_judged & ~column.is_readable))
        if not is_kept:
            expected = f"a {wanted.value} in each row" if wanted else "numbers, True and False, or few different texts"
            sentence = f"column {column.name!r} was left out; expected {expected}"
            findings.append(Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence))
        elif n_bad and k != base:
            sentence = f"column {column.name!r} holds no {column.kind.value} in {n_bad} of {len(is_judged)} rows"
            findings.append(Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence, {"count": n_bad}))
    return findings
