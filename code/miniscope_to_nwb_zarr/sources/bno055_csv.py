"""The inertial sensor of a scope on ONIX, `bno055_N.csv`: orientation, acceleration, temperature (formats 3.3).

The file has no header and 16 columns: clock, yaw, pitch, roll, the quaternion X, Y, Z, W with ``True`` where it is the
identity, linear acceleration X, Y, Z, gravity X, Y, Z, temperature. Its rows have a clock of their own, about 100 a
second, on the acquisition clock of the frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Orientation, Signal
from miniscope_to_nwb_zarr.sources import failed_reads
from miniscope_to_nwb_zarr.sources.bonsai_csv import BonsaiTable, Kind, read_table
from miniscope_to_nwb_zarr.sources.delimited import (
    Head,
    empty_finding,
    head_finding,
    outgrows_file,
    parse_number,
    read_raw,
    rows_finding,
    short_rows_finding,
)
from miniscope_to_nwb_zarr.sources.orientation_csv import are_unit, invalid_finding

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

N_COLUMNS = 16
_CLOCK, _IS_IDENTITY = 0, 8
_KINDS = tuple(Kind.FLAG if k == _IS_IDENTITY else Kind.NUMBER for k in range(N_COLUMNS))
_QUATERNION_WXYZ = [7, 4, 5, 6]
_EXPECTED = "rows of 16 values: clock, 3 angles, quaternion X, Y, Z, W, True or False, 3 + 3 accelerations, temperature"
_SOURCE = "bno055 table of ONIX"
# name of the signal, columns, unit, names of the columns; units as in OpenEphys.Onix1/Bno055DataFrame.cs
_SIGNALS = (
    ("EulerAngles", slice(1, 4), "degrees", ("yaw", "pitch", "roll")),
    ("LinearAcceleration", slice(9, 12), "m/s^2", ("x", "y", "z")),
    ("Gravity", slice(12, 15), "m/s^2", ("x", "y", "z")),
    ("SensorTemperature", slice(15, 16), "degrees Celsius", ()),
)


@dataclass(frozen=True, slots=True, eq=False)
class InertialReadings:
    """The readings of the sensor, each at its own time."""

    orientation: Orientation
    signals: tuple[Signal, ...]


def is_inertial_table(head: bytes) -> bool:
    """Whether a table begins as this one does, by its first line."""
    fields = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].split(b",")
    return len(fields) == N_COLUMNS and fields[_IS_IDENTITY].strip() in {b"True", b"False"}


def clock_range(path: Path) -> tuple[int, int] | None:
    """The clocks of the first and the last complete row; None if they cannot be read."""
    try:
        with path.open("rb") as file:
            first = file.readline(4096)
            file.seek(max(0, file.seek(0, 2) - 4096))
            lines = file.read().split(b"\n")
    except OSError as error:
        failed_reads.note(path, error)
        return None
    # what stands behind the last line end may be cut
    last = next((line for line in reversed(lines[:-1]) if line.strip()), first)
    clocks = [parse_number(line.split(b",", 1)[_CLOCK]) for line in (first, last)]
    return (int(clocks[0]), int(clocks[1])) if np.isfinite(clocks).all() else None


def read_inertial(path: Path, where: str, clock_hz: int) -> tuple[InertialReadings | None, tuple[Finding, ...]]:
    """Read the inertial sensor.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.
    clock_hz : int
        Ticks of the acquisition clock in a second.

    Returns
    -------
    InertialReadings or None
        Every readable row as written, seconds from when the clock was 0; None when there is none.
    tuple of Finding
        What is wrong with the file, and how many quaternions are no orientation.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    if not is_inertial_table(raw.lstrip(b"\r\n ")):
        return None, (*findings, head_finding(raw, where, _EXPECTED))
    head = Head(b",", (), 0, 1)
    if outgrows_file(raw, head, N_COLUMNS):
        return None, (*findings, short_rows_finding(where, N_COLUMNS))
    table = read_table(raw, head, [f"column {k + 1}" for k in range(N_COLUMNS)])
    if [column.kind for column in table.columns] != list(_KINDS):
        sentence = f"its columns do not hold what is expected: {_EXPECTED}. The table was left out"
        return None, (*findings, Finding(Code.TABLE_FORMAT, Severity.ERROR, where, sentence))
    values, more = _readable(table, where)
    findings += more
    if not len(values):
        sentence = "holds no reading"
        return None, (*findings, Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, where, sentence))
    orientation, more = _orientation(path, values, where, clock_hz)
    return InertialReadings(orientation, _signals(values, orientation.time_s)), findings + more


def _readable(table: BonsaiTable, where: str) -> tuple[NDArray[np.float64], tuple[Finding, ...]]:
    """Shape (n, 16): the readable rows, without a last one that may be cut. A value may be NaN, as written."""
    values = np.column_stack([column.values for column in table.columns]).astype(np.float64)
    is_good = table.is_whole & np.isfinite(values[:, _CLOCK])
    for column in table.columns:
        is_good &= column.is_readable
    lines = table.lines
    findings: tuple[Finding, ...] = ()
    if table.is_torn:
        sentence = (
            f"line {lines[-1]}, the last one, has no line end; its last number may be cut and the row was left out"
        )
        findings = (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": int(lines[-1])}),)
        values, lines, is_good = values[:-1], lines[:-1], is_good[:-1]
    if not is_good.all():
        expected = f"{_EXPECTED}; the rows were left out"
        findings += (rows_finding(lines[~is_good], where, Severity.WARNING, expected),)
    return values[is_good], findings


def _orientation(
    path: Path, values: NDArray[np.float64], where: str, clock_hz: int
) -> tuple[Orientation, tuple[Finding, ...]]:
    quaternion = values[:, _QUATERNION_WXYZ]
    is_unit, is_identity = are_unit(quaternion), values[:, _IS_IDENTITY] == 1
    findings = invalid_finding(is_unit, where)
    if is_identity.any():
        n_rows = int(is_identity.sum())
        sentence = (
            f"{n_rows} of {len(values)} quaternions are exactly the identity, as before the sensor has a reading; "
            "they are kept as written, but do not tell an orientation"
        )
        numbers = {"count": n_rows, "n_rows": len(values), "first_row": int(np.argmax(is_identity))}
        findings += (Finding(Code.ORIENTATION_INVALID, Severity.WARNING, where, sentence, numbers),)
    return Orientation(path, values[:, _CLOCK] / clock_hz, quaternion, is_unit & ~is_identity), findings


def _signals(values: NDArray[np.float64], time_s: NDArray[np.float64]) -> tuple[Signal, ...]:
    return tuple(
        Signal(
            name=name,
            description=f"{name} of the scope's inertial sensor (BNO055), as written; {_SOURCE}",
            unit=unit,
            time_s=time_s,
            values=values[:, where].copy() if columns else values[:, where].ravel(),
            columns=columns,
        )
        for name, where, unit, columns in _SIGNALS
    )
