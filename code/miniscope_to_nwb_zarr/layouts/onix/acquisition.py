"""Frames, sensor and port of a recording on ONIX, on the acquisition clock that it began with (formats 3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Orientation, PropertyChange, Signal, TimeTable
from miniscope_to_nwb_zarr.layouts.onix.scope import DEVICE, Parts, read_scope
from miniscope_to_nwb_zarr.layouts.onix.sets import Kind
from miniscope_to_nwb_zarr.sources.bno055_csv import read_inertial
from miniscope_to_nwb_zarr.sources.line_clocks_raw import read_line_clocks
from miniscope_to_nwb_zarr.sources.onix_start_csv import AcquisitionStart, read_acquisition_start
from miniscope_to_nwb_zarr.sources.port_status_csv import PortStatus, read_port_status
from miniscope_to_nwb_zarr.sources.settings_json import cut
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Stream
    from miniscope_to_nwb_zarr.layouts.onix.sets import OnixSet

# how far the sensor's readings may begin after the first frame and end before the last
_READINGS_LATE_S = 1.0
# a report of the port reaches the computer at once
_REPORT_LATE_S = 5.0


def read_acquisition(one: OnixSet, findings: list[Finding]) -> Parts:
    """Read a recording; what is found is added to `findings` as it is found.

    Raises
    ------
    InputError
        Its frames cannot be placed in time: start, rate of the clock, clocks or video are not there.
    """
    start_file, begin = _begin(one, findings)
    clock_hz = _clock_hz(begin, start_file)
    stream = _frames(one, begin, clock_hz, findings)
    reports = _reports(one.chosen.get(Kind.PORT), findings)
    findings += _report_times(reports, begin, clock_hz, start_file)
    changes = tuple(PropertyChange(r.clock / clock_hz, DEVICE, "PortStatus", r.status) for r in reports)
    return Parts(stream, begin.start, shown(start_file.name), changes)


def _begin(one: OnixSet, findings: list[Finding]) -> tuple[Path, AcquisitionStart]:
    path = one.chosen.get(Kind.START)
    if path is None:
        raise InputError(
            f"{shown(one.clock.name)}: there is no start-time file (.csv with AcquisitionClockHz) with it. It tells "
            "how fast the clock runs, without which frames cannot be placed in time; --start_time does not replace it. "
            "Put the file back"
        )
    begin, more = read_acquisition_start(path, shown(path.name))
    findings += more
    if begin is None:
        problem = f"{shown(path.name)}: {more[-1].sentence}"
        raise InputError(f"{problem}. The file tells how fast the clock runs; put the original back")
    return path, begin


def _clock_hz(begin: AcquisitionStart, start_file: Path) -> int:
    if begin.clock_hz is None:
        found = next(v for k, v in begin.settings.items() if k.casefold() == "acquisitionclockhz")
        written = cut(found) if isinstance(found, str) else found
        raise InputError(
            f"{shown(start_file.name)}: AcquisitionClockHz is {written!r}, expected the clock's ticks in a second, "
            "a whole number from one million to ten billion (ONIX has 250000000). Frames cannot be placed in time; put "
            "the original file back"
        )
    return begin.clock_hz


def _frames(one: OnixSet, begin: AcquisitionStart, clock_hz: int, findings: list[Finding]) -> Stream:
    """The frames with their stamps, and what the sensor measured beside them."""
    where = shown(one.clock.name)
    clocks, more = read_line_clocks(one.clock, where)
    findings += more
    if clocks is None:
        raise InputError(f"{where}: holds the clock of no whole frame: when the frames were taken is not known")
    table = TimeTable(
        path=one.clock,
        time_s=np.where(clocks.is_placed, clocks.first / clock_hz, np.nan),
        frame_number=np.arange(clocks.n_frames),
        extra={"Clock first line": clocks.first, "Clock last line": clocks.last},
    )
    stream = read_scope(one, table, begin.settings, findings)
    orientation, signals = _inertial(one, table, clock_hz, findings)
    return replace(stream, orientation=orientation, signals=signals)


def _inertial(
    one: OnixSet, table: TimeTable, clock_hz: int, findings: list[Finding]
) -> tuple[Orientation | None, tuple[Signal, ...]]:
    path = one.chosen.get(Kind.INERTIAL)
    if path is None:
        names = ", ".join(shown(path.name) for path in one.rivals.get(Kind.INERTIAL, ()))
        why = f"it is not known which of {names} is its own" if names else "there is none (bno055, 16 columns)"
        sentence = f"the recording has no table of the inertial sensor: {why}; there is no head orientation"
        findings.append(Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, ".", sentence))
        return None, ()
    where = shown(path.name)
    readings, more = read_inertial(path, where, clock_hz)
    findings += more
    if readings is None:
        return None, ()
    own, frames = readings.orientation.time_s, table.time_s[np.isfinite(table.time_s)]
    if len(frames) and (own[0] > frames[0] + _READINGS_LATE_S or own[-1] < frames[-1] - _READINGS_LATE_S):
        sentence = (
            f"its rows run from {own[0]:.3f} to {own[-1]:.3f} s, the frames from {frames[0]:.3f} to {frames[-1]:.3f} s"
        )
        numbers = {"first_s": float(own[0]), "last_s": float(own[-1])}
        findings.append(Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, where, sentence, numbers))
    return readings.orientation, readings.signals


def _reports(port: Path | None, findings: list[Finding]) -> tuple[PortStatus, ...]:
    if port is None:
        return ()
    reports, more = read_port_status(port, shown(port.name))
    findings += more
    return reports


def _report_times(
    reports: Sequence[PortStatus], begin: AcquisitionStart, clock_hz: int, start_file: Path
) -> tuple[Finding, ...]:
    """Whether the computer had the reports of the port when clock and start say."""
    if begin.start is None or begin.start.instant is None:
        return ()
    late = [
        (report.received.instant - begin.start.instant).total_seconds() - report.clock / clock_hz
        for report in reports
        if report.received.instant is not None
    ]
    if not late or abs(float(np.median(late))) <= _REPORT_LATE_S:
        return ()
    sentence = (
        f"by the reports of the port the recording began {np.median(late):.1f} s later than this file says (a negative "
        "number: earlier); the file may belong to another recording"
    )
    numbers = {"difference_s": float(np.median(late))}
    return (Finding(Code.START_UNCERTAIN, Severity.WARNING, shown(start_file.name), sentence, numbers),)
