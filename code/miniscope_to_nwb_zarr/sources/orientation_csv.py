"""Head orientation measured by the scope, `headOrientation.csv`, in every version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Orientation
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

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TIME = "time stamp (ms)"
_QUATERNION = ("qw", "qx", "qy", "qz")
_COLUMNS = (_TIME, *_QUATERNION)
_EXPECTED = "the header 'Time Stamp (ms),qw,qx,qy,qz' or rows of five numbers"
_MS_PER_S = 1000
# the bound of the acquisition software's own filter
_MAX_NORM_ERROR = 0.05


def read_orientation(path: Path, where: str) -> tuple[Orientation | None, tuple[Finding, ...]]:
    """Read the head orientation of a scope.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    Orientation or None
        Every readable row as written; None when there is none. Unreadable rows are left out: they belong to no time.
    tuple of Finding
        What is wrong with the file and how many quaternions are not of unit length.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    head = read_head(raw, _COLUMNS)
    order = _order(head) if head else None
    if head is None or order is None:
        return None, (*findings, head_finding(raw, where, _EXPECTED))
    n_columns = max(len(head.names), len(_COLUMNS))
    if outgrows_file(raw, head, n_columns):
        return None, (*findings, short_rows_finding(where, n_columns))
    rows = read_rows(raw, head, n_columns)
    values, doubts = _readable(rows, order, where)
    findings += doubts
    if not len(values):
        sentence = "holds no reading: all were filtered out, or the sensor did not answer"
        return None, (*findings, Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, where, sentence))
    is_valid = are_unit(values[:, 1:])
    findings += invalid_finding(is_valid, where)
    return Orientation(path, values[:, 0] / _MS_PER_S, values[:, 1:].copy(), is_valid), findings


def _order(head: Head) -> list[int] | None:
    """The places of time, w, x, y and z; None when the header lacks one.

    Versions 0.11 to 0.14 write the four names of the quaternion above rows of five numbers (datasaver.cpp).
    """
    names = [normalised(name) for name in head.names]
    if not names or names == list(_QUATERNION):
        return list(range(len(_COLUMNS)))
    return [names.index(name) for name in _COLUMNS] if set(_COLUMNS) <= set(names) else None


def _readable(rows: Rows, order: list[int], where: str) -> tuple[NDArray[np.float64], tuple[Finding, ...]]:
    """Shape (n, 5): time and quaternion of the readable rows, without a last row that may be cut."""
    values, lines = rows.values[:, order], rows.lines
    findings: tuple[Finding, ...] = ()
    torn: tuple[Finding, ...] = ()
    if rows.is_torn:
        line = int(lines[-1])
        sentence = f"line {line}, the last one, has no line end; its last number may be cut and the row was left out"
        torn = (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": line}),)
        values, lines = values[:-1], lines[:-1]
    bad = np.isnan(values).any(axis=1)
    if bad.any():
        findings = (rows_finding(lines[bad], where, Severity.WARNING, "five numbers; the rows were left out"),)
    return values[~bad], findings + torn


def are_unit(quaternion: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Shape (n,): whether each quaternion is of unit length."""
    # a value that is absurd and finite may overflow when squared: it is not of unit length either
    with np.errstate(over="ignore"):
        norm = np.sqrt((quaternion**2).sum(axis=1))
    return np.asarray(np.abs(norm - 1) < _MAX_NORM_ERROR)


def invalid_finding(is_valid: NDArray[np.bool_], where: str) -> tuple[Finding, ...]:
    """The finding for quaternions that are not of unit length; none where all are."""
    n_bad, n_rows = int((~is_valid).sum()), len(is_valid)
    if not n_bad:
        return ()
    sentence = (
        f"{n_bad} of {n_rows} quaternions are not of unit length, as after failed readings; they are kept as written, "
        "but do not tell an orientation"
    )
    numbers = {"count": n_bad, "n_rows": n_rows, "first_row": int(np.argmin(is_valid))}
    return (Finding(Code.ORIENTATION_INVALID, Severity.WARNING, where, sentence, numbers),)
