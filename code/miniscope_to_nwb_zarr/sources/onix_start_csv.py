"""When an ONIX acquisition began and how fast its clock runs, `start-time_N.csv` (reference formats 3.3).

The file has one row, ``Timestamp,Value.AcquisitionClockHz,Value.BlockReadSize,Value.BlockWriteSize``. Older workflows
write no header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.iso_stamps import moment, parse_stamps
from miniscope_to_nwb_zarr.sources.settings_json import cut
from miniscope_to_nwb_zarr.sources.small_file import read_text
from miniscope_to_nwb_zarr.sources.start_time import StartTime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STAMP, _RATE = "Timestamp", "AcquisitionClockHz"
_COLUMNS = (_STAMP, _RATE, "BlockReadSize", "BlockWriteSize")
_EXPECTED = "the header 'Timestamp,Value.AcquisitionClockHz,...' above one row of a time and whole numbers"
_WHOLE = re.compile(r"[0-9]{1,15}")
# ONIX counts 250 million ticks a second; a damaged number is far off
_LOWEST_HZ, _HIGHEST_HZ = 1_000_000, 10_000_000_000


@dataclass(frozen=True, slots=True)
class AcquisitionStart:
    """What the file tells."""

    start: StartTime | None
    """When the clock was 0; None where the time cannot be read."""
    clock_hz: int | None
    """Ticks of the acquisition clock in a second; None where the number cannot be right."""
    settings: Mapping[str, int | str]
    """Every value by the name of its column, without ``Value.``."""


def is_acquisition_start(head: bytes) -> bool:
    """Whether a table begins as this one does, by its first line."""
    fields = _fields(head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split("\n", 1)[0])
    return _RATE.casefold() in map(str.casefold, fields) or _is_row(fields)


def read_acquisition_start(path: Path, where: str) -> tuple[AcquisitionStart | None, tuple[Finding, ...]]:
    """Read the start of an acquisition.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    AcquisitionStart or None
        None when the file has no such row.
    tuple of Finding
        What of it cannot be used.
    """
    text, findings = read_text(path, where, limits.SETTINGS_BYTES)
    if text is None:
        return None, findings
    lines = [_fields(line) for line in text.split("\n") if line.strip()]
    names = lines.pop(0) if lines and not _is_row(lines[0]) else list(_COLUMNS)
    if not lines or len(names) != len(lines[0]) or _RATE.casefold() not in map(str.casefold, names):
        first = text[:80].split("\n", 1)[0].strip()
        sentence = f"begins with {first!r}; expected {_EXPECTED}"
        return None, (*findings, Finding(Code.TABLE_FORMAT, Severity.ERROR, where, sentence))
    values = dict(zip(names, lines[0], strict=True))
    if len(values) < len(names):
        sentence = f"names a column twice ({cut(', '.join(names))}); the last value of each was kept"
        findings += (Finding(Code.SETTINGS_VALUE, Severity.WARNING, where, sentence),)
    if len(lines) > 1:
        sentence = f"has {len(lines)} rows, expected one; the first is used"
        findings += (Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence, {"rows": len(lines)}),)
    by_name = {name.casefold(): value for name, value in values.items()}
    start = parse_stamp(by_name.get(_STAMP.casefold(), ""))
    if start is None:
        written = cut(by_name.get(_STAMP.casefold(), ""))
        sentence = f"{_STAMP} is {written!r}, expected a time as 2026-07-30T14:59:23.1234567-04:00"
        findings += (Finding(Code.START_UNCERTAIN, Severity.ERROR, where, sentence),)
    settings = {name: int(value) if _WHOLE.fullmatch(value) else value for name, value in values.items()}
    return AcquisitionStart(start, _rate(by_name[_RATE.casefold()]), settings), findings


def parse_stamp(text: str) -> StartTime | None:
    """A time as .NET writes it, to the microsecond; None for anything else. The offset from UTC may be missing."""
    stamps = parse_stamps([text.encode()])
    if not stamps.is_readable[0]:
        return None
    when = moment(int(stamps.ticks[0]), int(stamps.offset_min[0]))
    return StartTime(None, when) if when.tzinfo is None else StartTime(when, when.replace(tzinfo=None))


def _rate(text: str) -> int | None:
    value = int(text) if _WHOLE.fullmatch(text) else 0
    return value if _LOWEST_HZ <= value <= _HIGHEST_HZ else None


def _fields(line: str) -> list[str]:
    """The fields of a line; names without the member that Bonsai writes before them."""
    return [field.strip().strip('"').removeprefix("Value.") for field in line.split(",")]


def _is_row(fields: list[str]) -> bool:
    """Whether these are the values of a file without header."""
    return (
        len(fields) == len(_COLUMNS) and parse_stamp(fields[0]) is not None and all(map(_WHOLE.fullmatch, fields[1:]))
    )
