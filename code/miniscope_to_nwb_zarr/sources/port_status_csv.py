"""What the port of a headstage reported, `port-status_N.csv` of ONIX: computer time, clock, status (formats 3.3).

The status is a number or the names of its flags, which may hold commas. There is no header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import rows_finding
from miniscope_to_nwb_zarr.sources.onix_start_csv import parse_stamp
from miniscope_to_nwb_zarr.sources.small_file import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.sources.start_time import StartTime


@dataclass(frozen=True, slots=True)
class PortStatus:
    """One report of the port."""

    received: StartTime
    """When the computer had it."""
    clock: int
    """In ticks of the acquisition clock."""
    status: str
    """As written."""


def is_port_status(head: bytes) -> bool:
    """Whether a table begins as this one does, by its first line."""
    line = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split("\n", 1)[0]
    return _report(line) is not None


def read_port_status(path: Path, where: str) -> tuple[tuple[PortStatus, ...], tuple[Finding, ...]]:
    """Every readable report in the file's order, and a finding for the other lines. An empty file has none."""
    text, findings = read_text(path, where, limits.NOTES_BYTES)
    if text is None:
        return (), findings
    reports, bad = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            report = _report(line)
            reports.append(report) if report else bad.append(number)
    if bad:
        expected = "a time with its offset from UTC, a clock, a status; the rows were left out"
        findings += (rows_finding(bad, where, Severity.WARNING, expected),)
    return tuple(report for report in reports if report), findings


def _report(line: str) -> PortStatus | None:
    fields = [field.strip() for field in line.split(",", 2)]
    if len(fields) < 3 or not fields[2]:
        return None
    received, clock = parse_stamp(fields[0]), fields[1]
    is_count = clock.isascii() and clock.isdigit() and len(clock) <= limits.NUMBER_CHARS
    if received is None or not is_count or int(clock) > limits.WHOLE_NUMBER:
        return None
    return PortStatus(received, int(clock), fields[2].strip('"'))
