"""Live pose estimates, `behaviorTracker/pose.csv`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Pose
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import (
    Rows,
    empty_finding,
    head_finding,
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

_TITLE = "dlc-live pose data."
_VALUES_PER_POINT = 3
_NOT_WHOLE = re.compile(rb"(?<=[0-9.])(\r?\n)")


def read_pose(path: Path, where: str) -> tuple[Pose | None, tuple[Finding, ...]]:
    """Read the live pose estimates of a recording.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    Pose or None
        Every readable row; None when there is none, as is usual: the file is written whenever tracking is configured.
    tuple of Finding
        Rows that do not have as many values as most rows have; they are left out.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    # every value is written with a comma behind it, so that a row is whole when it ends with one. Others among those
    # get a field too many: the last number, which may be cut, is not used. Another program may leave out all of them
    if 2 * (raw.count(b",\n") + raw.count(b",\r\n")) > raw.count(b"\n"):
        raw = _NOT_WHOLE.sub(rb",?\1", raw)
    raw = raw.replace(b",\r\n", b"\n").replace(b",\n", b"\n").removesuffix(b",") + b"\n" * raw.endswith(b",")
    head = read_head(raw, {_TITLE})
    if head is None:
        return None, (*findings, head_finding(raw, where, "'DLC-Live Pose Data.' or rows of numbers"))
    n_columns = usual_width(raw, head)
    if not n_columns:
        return None, findings
    if n_columns == 1 or (n_columns - 1) % _VALUES_PER_POINT:
        sentence = f"rows have {n_columns - 1} values, expected x, y and likelihood of each point; it was left out"
        return None, (*findings, Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence))
    if outgrows_file(raw, head, n_columns):
        return None, (*findings, short_rows_finding(where, n_columns))
    rows = read_rows(raw, head, n_columns)
    is_readable = _are_readable(rows)
    if not is_readable.all():
        expected = f"a frame number and {n_columns - 1} values, each with a comma; the rows were left out"
        findings += (rows_finding(rows.lines[~is_readable], where, Severity.WARNING, expected),)
    return (_pose(path, rows.values[is_readable]) if is_readable.any() else None), findings


def _are_readable(rows: Rows) -> NDArray[np.bool_]:
    """Shape (n_rows,): rows of numbers that begin with a whole one, without a last row that may be cut."""
    frame = rows.values[:, 0]
    readable = ~np.isnan(rows.values).any(axis=1) & (np.abs(frame) <= limits.WHOLE_NUMBER) & (frame == np.floor(frame))
    if rows.is_torn:
        readable[-1] = False
    return np.asarray(readable)


def _pose(path: Path, values: NDArray[np.float64]) -> Pose:
    x, y, likelihood = np.split(values[:, 1:], _VALUES_PER_POINT, axis=1)
    return Pose(path, values[:, 0].astype(np.int64), x.copy(), y.copy(), likelihood.copy())
