"""The time table of Miniscope_DAQ_Software (V3), `timestamp.dat`: the rows of all cameras, in the order of writing.

Each row tells its camera and counts that camera's frames, so rows of the others between them, and rows that are lost,
do not matter: a frame is told by its number, never by the place of its row (reference formats 2.2).
"""

from __future__ import annotations

from bisect import bisect_left
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
from miniscope_to_nwb_zarr.sources.small_file import first_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

CLOCK_AS_WRITTEN = "sysClock (ms)"
"""The name of the further column that holds the stamps as the file has them."""
_CAMERA, _FRAME, _CLOCK, _BUFFER = "camnum", "framenum", "sysclock", "buffer"
_NEEDED = (_CAMERA, _FRAME, _CLOCK)
_KNOWN = (*_NEEDED, _BUFFER)
_EXPECTED = "a header that names camNum, frameNum and sysClock, or rows of camera, frame number, milliseconds, buffer"
_MS_PER_S = 1000
_NAMES_TO_KNOW = 2
_SNIFFED_BYTES = 1024


def is_timestamp_dat(path: Path) -> bool:
    """Whether a file begins with the header of such a table."""
    head = read_head(first_bytes(path, _SNIFFED_BYTES).removeprefix(b"\xef\xbb\xbf"), _KNOWN)
    return head is not None and set(_NEEDED) <= {normalised(name) for name in head.names}


def read_timestamp_dat(path: Path, where: str) -> tuple[Mapping[int, TimeTable], tuple[Finding, ...]]:
    """Read the time table of a recording.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    mapping of camera number to TimeTable
        The rows of each camera in the file's order, frames counted from 0, stamps as written. Rows that cannot be read
        are in none. Empty when the file cannot be read as such a table at all.
    tuple of Finding
        What is wrong with the file itself; what its stamps mean is judged elsewhere.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return {}, findings if raw is None else (*findings, empty_finding(where))
    head = read_head(raw, _KNOWN)
    names = _column_names(raw, head) if head else ()
    if head is None or not set(_NEEDED) <= set(names):
        return {}, (*findings, head_finding(raw, where, _EXPECTED))
    if outgrows_file(raw, head, len(names)):
        return {}, (*findings, short_rows_finding(where, len(names)))
    if not set(_NEEDED) <= {normalised(name) for name in head.names}:
        sentence = "has no header, or a damaged one; its columns are taken to be camNum, frameNum, sysClock, buffer"
        findings += (Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence),)
    rows = read_rows(raw, head, len(names))
    readable, doubts = _readable_rows(rows, names, where)
    cameras, counts = np.unique(readable[:, names.index(_CAMERA)], return_counts=True)
    if len(cameras) > limits.CAMERAS:
        sentence = f"has rows of {len(cameras)} cameras, expected at most {limits.CAMERAS}; the table was left out"
        return {}, (*findings, *doubts, Finding(Code.TABLE_FORMAT, Severity.ERROR, where, sentence))
    tables = {}
    for camera in cameras[np.argsort(-counts, kind="stable")].astype(int).tolist():
        own = readable[readable[:, names.index(_CAMERA)] == camera]
        tables[camera], more = _table(path, own, names, camera, where)
        doubts += more
    return tables, findings + doubts


def _column_names(raw: bytes, head: Head) -> tuple[str, ...]:
    """What each column holds: a known name once, the name as written for further columns.

    Where a name is damaged and others are in their usual places, all are taken to be.
    """
    if not head.names:
        width = usual_width(raw, head)
        return _KNOWN[:width] + tuple(f"column {k}" for k in range(len(_KNOWN) + 1, width + 1))
    names: list[str] = []
    count: Counter[str] = Counter()
    for written in head.names:
        name = normalised(written) if normalised(written) in _KNOWN else written
        count[name] += 1
        names.append(name if count[name] == 1 else f"{name} ({count[name]})")
    n_in_place = sum(name == usual for name, usual in zip(names, _KNOWN, strict=False))
    if not set(_NEEDED) <= set(names) and n_in_place >= _NAMES_TO_KNOW:
        return (*_KNOWN[: len(names)], *names[len(_KNOWN) :])
    return tuple(names)


def _readable_rows(rows: Rows, names: tuple[str, ...], where: str) -> tuple[NDArray[np.float64], tuple[Finding, ...]]:
    """The rows of which camera, frame number and stamp are what they have to be, and findings for the others."""
    values = rows.values.copy()
    counters = values[:, [names.index(_CAMERA), names.index(_FRAME)]]
    with np.errstate(invalid="ignore"):
        is_whole = (counters >= 0) & (counters < limits.TABLE_ROWS.value) & (np.floor(counters) == counters)
    is_readable = is_whole.all(axis=1) & ~np.isnan(values[:, names.index(_CLOCK)])
    findings: tuple[Finding, ...] = ()
    judged = is_readable
    if rows.is_torn:
        # the last field of a row without line end may be cut: `3` may have been `34`
        line, judged = int(rows.lines[-1]), is_readable[:-1]
        if is_readable[-1] and names[-1] not in _NEEDED:
            values[-1, -1] = np.nan
            sentence = f"line {line}, the last one, has no line end; its last field may be cut and was left out"
            findings = (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": line}),)
        else:
            is_readable[-1] = False
            sentence = f"line {line}, the last one, was cut while it was written; its frame has no stamp"
            findings = (Finding(Code.ROW_TORN, Severity.WARNING, where, sentence, {"line": line}),)
    if not judged.all():
        expected = f"{len(names)} fields, whole numbers for camera and frame; their frames have no stamp"
        findings += (rows_finding(rows.lines[: len(judged)][~judged], where, Severity.ERROR, expected),)
    return values[is_readable], findings


def _table(
    path: Path, values: NDArray[np.float64], names: tuple[str, ...], camera: int, where: str
) -> tuple[TimeTable, tuple[Finding, ...]]:
    """The rows of one camera."""
    written = values[:, names.index(_FRAME)].astype(np.int64)
    # the software counts from 1; a table that another program wrote anew may count from 0
    first = 0 if written[:2].tolist() in ([0], [0, 1]) else 1
    fits = _rising(written) & (written >= first)
    extra = {
        CLOCK_AS_WRITTEN if name == _CLOCK else name: values[:, k].copy()
        for k, name in enumerate(names)
        if name not in {_CAMERA, _FRAME} and not np.isnan(values[:, k]).all()
    }
    table = TimeTable(
        path=path,
        time_s=np.where(fits, values[:, names.index(_CLOCK)] / _MS_PER_S, np.nan),
        frame_number=np.where(fits, written - first, -1),
        extra=extra,
    )
    if fits.all():
        return table, ()
    n_odd = int(np.sum(~fits))
    sentence = (
        f"{n_odd} of the {len(written)} rows of camera {camera} have a frameNum that does not count upwards with "
        "those around it; their frames have no stamp, all other frames are matched by their number"
    )
    numbers = {"camera": camera, "rows": n_odd}
    return table, (Finding(Code.ROWS_RENUMBERED, Severity.ERROR, where, sentence, numbers),)


def _rising(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which entries make up the longest part that counts upwards: a damaged number among sound ones is not in it.

    Of a number that is there twice none is: one of the two may be a row of another camera.
    """
    if np.all(np.diff(numbers) > 0):
        return np.ones(len(numbers), bool)
    lowest_ends: list[int] = []
    ends: list[int] = []
    before = np.full(len(numbers), -1)
    for k, number in enumerate(numbers.tolist()):
        length = bisect_left(lowest_ends, number)
        before[k] = ends[length - 1] if length else -1
        lowest_ends[length : length + 1] = [number]
        ends[length : length + 1] = [k]
    chosen = np.zeros(len(numbers), bool)
    k = ends[-1]
    while k >= 0:
        chosen[k] = True
        k = int(before[k])
    _, at, count = np.unique(numbers, return_inverse=True, return_counts=True)
    chosen &= count[at] == 1
    return chosen
