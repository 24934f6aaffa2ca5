"""The time table of a device, `timeStamps.csv`, in every version that acquisition software has written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import TimeTable
from miniscope_to_nwb_zarr.sources import limits
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
    usual_width,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_FRAME, _TIME, _QUEUE, _HARDWARE = "frame number", "time stamp (ms)", "buffer index", "daq frame number"
_KNOWN = (_FRAME, _TIME, _QUEUE, _HARDWARE)
_POSITIONS = (_FRAME, _TIME, _QUEUE)
_EXPECTED = (
    "a header that names 'Frame Number' and 'Time Stamp (ms)', or rows of frame number, milliseconds, buffer index"
)
_MS_PER_S = 1000
_TORN_MAX_INTERVALS = 10


def read_time_table(path: Path, where: str) -> tuple[TimeTable | None, tuple[Finding, ...]]:
    """Read a device's time table.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    TimeTable or None
        Every row that has something on its line, in the file's order, unreadable ones in their place; None when the
        file cannot be read as a time table at all. A `queue_depth` or `hardware_count` of -1 could not be read.
    tuple of Finding
        What is wrong with the file itself; what its stamps mean is judged elsewhere.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    head = read_head(raw, _KNOWN)
    names = _column_names(raw, head) if head else ()
    if head is None or _TIME not in names:
        return None, (*findings, head_finding(raw, where, _EXPECTED))
    if outgrows_file(raw, head, len(names)):
        return None, (*findings, short_rows_finding(where, len(names)))
    rows = read_rows(raw, head, len(names))
    values = rows.values
    unreadable = _unreadable_rows(values, names)
    findings += _judge_torn(rows, values, unreadable, names, where)
    values[unreadable] = np.nan
    damaged = unreadable[: len(unreadable) - rows.is_torn]
    if damaged.any():
        expected = f"{len(names)} fields, whole numbers for frame and counters; the rows are kept, without a time"
        findings += (rows_finding(rows.lines[: len(damaged)][damaged], where, Severity.ERROR, expected),)
    if _FRAME not in names:
        sentence = "has no column 'Frame Number'; the rows were numbered from 0 in their order"
        findings += (Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence),)
    extra, doubts = _extra_columns(values, unreadable, names, where)
    return _table(path, values, unreadable, names, extra), findings + doubts


def _column_names(raw: bytes, head: Head) -> tuple[str, ...]:
    """What each column holds: a known name once, the name as written for further columns."""
    if not head.names:
        width = usual_width(raw, head)
        return _POSITIONS[:width] + tuple(f"column {k}" for k in range(len(_POSITIONS) + 1, width + 1))
    names: list[str] = []
    count: Counter[str] = Counter()
    for written in head.names:
        name = normalised(written) if normalised(written) in _KNOWN else written
        count[name] += 1
        names.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return tuple(names)


def _unreadable_rows(values: NDArray[np.float64], names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Shape (n_rows,): rows of which a known column is not what it has to be."""
    bad = np.zeros(len(values), bool)
    for k, name in enumerate(names):
        if name == _TIME:
            bad |= np.isnan(values[:, k])
        elif name in _KNOWN:
            column = values[:, k]
            bad |= ~(np.abs(column) <= limits.WHOLE_NUMBER) | (np.floor(column) != column)
            if name == _FRAME:
                bad |= column < 0
    return bad


def _judge_torn(
    rows: Rows, values: NDArray[np.float64], unreadable: NDArray[np.bool_], names: tuple[str, ...], where: str
) -> tuple[Finding, ...]:
    """Decide on a last row without line end: its last field may be cut and is never used: `1,3` may have been `1,33`.

    Changes the last entries of `values` and `unreadable`.
    """
    if not rows.is_torn:
        return ()
    line = int(rows.lines[-1])
    is_sound = not unreadable[-1] and names[-1] not in {_TIME, _FRAME}
    if is_sound and _is_plausible(values[:, names.index(_TIME)], unreadable):
        values[-1, -1] = np.nan
        sentence = f"line {line}, the last one, has no line end; its last field may be cut and was left out"
        return (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": line}),)
    unreadable[-1] = True
    sentence = f"line {line}, the last one, was cut while it was written; the row has no time"
    return (Finding(Code.ROW_TORN, Severity.WARNING, where, sentence, {"line": line}),)


def _is_plausible(stamps: NDArray[np.float64], unreadable: NDArray[np.bool_]) -> bool:
    """Whether the last stamp follows the ones before it as they follow each other."""
    before = stamps[:-1][~unreadable[:-1]]
    if not len(before):
        return True
    step = stamps[-1] - before[-1]
    usual = float(np.median(np.diff(before))) if len(before) > 1 else np.inf
    return bool(0 <= step <= _TORN_MAX_INTERVALS * usual)


def _extra_columns(
    values: NDArray[np.float64], unreadable: NDArray[np.bool_], names: tuple[str, ...], where: str
) -> tuple[dict[str, NDArray[np.float64]], tuple[Finding, ...]]:
    """Further columns of numbers, and findings for those that are not."""
    extra: dict[str, NDArray[np.float64]] = {}
    findings: list[Finding] = []
    readable = ~unreadable
    for k, name in enumerate(names):
        if name in _KNOWN:
            continue
        bad = int(np.isnan(values[readable, k]).sum())
        if len(values) and bad == readable.sum():
            sentence = f"column {name!r} holds no number; it was left out"
            findings.append(Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence))
            continue
        extra[name] = values[:, k].copy()
        if bad:
            sentence = f"column {name!r} holds no number in {bad} of {len(values)} rows; they are NaN"
            findings.append(Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence, {"count": bad}))
    return extra, tuple(findings)


def _table(
    path: Path,
    values: NDArray[np.float64],
    unreadable: NDArray[np.bool_],
    names: tuple[str, ...],
    extra: dict[str, NDArray[np.float64]],
) -> TimeTable:
    frame = _whole(values, names, _FRAME)
    if frame is None:
        frame = np.where(unreadable, -1, np.arange(len(values)))
    return TimeTable(
        path=path,
        time_s=values[:, names.index(_TIME)] / _MS_PER_S,
        frame_number=frame,
        queue_depth=_whole(values, names, _QUEUE),
        hardware_count=_whole(values, names, _HARDWARE),
        extra=extra,
    )


def _whole(values: NDArray[np.float64], names: tuple[str, ...], name: str) -> NDArray[np.int64] | None:
    """A column of whole numbers, -1 where it could not be read; None if the table has no such column."""
    if name not in names:
        return None
    column = values[:, names.index(name)]
    return np.where(np.isnan(column), -1, column).astype(np.int64)
