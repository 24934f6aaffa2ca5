"""The table of an Open Ephys recording, in the terms of the model: time table, head orientation, digital inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import Orientation, Signal, TimeTable
from miniscope_to_nwb_zarr.core.naming import device_name
from miniscope_to_nwb_zarr.layouts.open_ephys.times import Times, examine_clocks, times_of
from miniscope_to_nwb_zarr.sources.open_ephys_csv import FrameRows, read_frame_rows
from miniscope_to_nwb_zarr.sources.orientation_csv import are_unit, invalid_finding

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.findings import Finding

COUNT_BITS = 32
"""`FrameCount` of the acquisition board (OpenEphys.Miniscope, UclaMiniscopeV4.cs)."""
RECEIVED = "Timestamp (seconds since start)"
HARDWARE = "HardwareTime"


@dataclass(frozen=True, slots=True, eq=False)
class TableReading:
    """What the table of a recording tells, and what is wrong with it."""

    table: TimeTable
    times: Times
    orientation: Orientation | None
    signals: tuple[Signal, ...]
    has_header: bool
    findings: tuple[Finding, ...]

    def row_of(self, frame_count: int | None) -> int | None:
        """The first row of a value of the hardware's frame counter; None if there is none."""
        if frame_count is None or self.table.hardware_count is None:
            return None
        found = np.flatnonzero(self.table.hardware_count == frame_count)
        return int(found[0]) if len(found) else None


def read_frame_table(path: Path, where: str) -> TableReading:
    """Read the table of a recording.

    Raises
    ------
    InputError
        No row of it has a time: the recording cannot be converted.
    """
    rows, findings = read_frame_rows(path, where)
    if rows is None:
        sentences = "; ".join(finding.sentence for finding in findings)
        raise InputError(f"{where}: {sentences}")
    times, more = times_of(rows, where)
    is_timed = np.isfinite(times.time_s)
    findings += more + examine_clocks(times, where)
    orientation = None
    if rows.quaternion is not None and is_timed.any():
        quaternion = rows.quaternion[is_timed]
        is_valid = are_unit(quaternion)
        findings += invalid_finding(is_valid, where)
        orientation = Orientation(path, times.time_s[is_timed], quaternion, is_valid)
    signals = _signals(rows, times.time_s, path.name)
    return TableReading(_time_table(path, rows, times), times, orientation, signals, rows.has_header, findings)


def _time_table(path: Path, rows: FrameRows, times: Times) -> TimeTable:
    extra: dict[str, NDArray[np.float64]] = {}
    if rows.hardware_ms is not None:
        extra[HARDWARE] = rows.hardware_ms
        if times.received_s is not None:
            extra[RECEIVED] = times.received_s
    return TimeTable(
        path=path,
        time_s=times.time_s,
        frame_number=np.where(np.isfinite(times.time_s), np.arange(rows.n_rows), -1),
        hardware_count=rows.frame_count,
        extra={**extra, **rows.numbers},
        hardware_count_header="FrameNumber",
        hardware_count_bits=COUNT_BITS,
    )


def _signals(rows: FrameRows, time_s: NDArray[np.float64], table: str) -> tuple[Signal, ...]:
    """Digital inputs and states at every row, also at rows whose frame is lost."""
    columns = [
        (header, f"digital input: 1 while it was True, else 0; column {header!r} of {table}", flags)
        for header, flags in rows.flags.items()
    ]
    for column in rows.texts:
        legend = "; ".join(f"{code}: {text!r}" for code, text in enumerate(column.texts))
        columns.append((column.name, f"column {column.name!r} of {table}, as numbers: {legend}", column.values))
    signals: list[Signal] = []
    for header, description, codes in columns:
        known = (codes >= 0) & np.isfinite(time_s)
        taken = [signal.name for signal in signals]
        name = device_name("".join(ch for ch in header if ch.isalnum()), taken).replace("_", "")
        signals.append(Signal(name, description, "", time_s[known], codes[known].astype(np.uint8)))
    return tuple(signals)
