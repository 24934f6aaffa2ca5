"""Remarks typed during the recording and changes of device settings, `notes.csv`, in every version."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Note, PropertyChange
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import normalised, parse_number, rows_finding
from miniscope_to_nwb_zarr.sources.small_file import decode, read_bytes, without_zeros

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_TIME, _UNIX = "time stamp (ms)", "unix time stamp (ms)"
_MS_PER_S = 1000


def read_notes(
    path: Path, where: str, device_labels: Collection[str]
) -> tuple[tuple[Note, ...], tuple[PropertyChange, ...], tuple[Finding, ...]]:
    """Read the notes of a recording.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.
    device_labels : collection of str
        The names of the recording's devices as the lab wrote them: only a line that begins with one of them and has
        exactly two more parts is a change of a setting.

    Returns
    -------
    tuple of Note
        In the file's order, texts as written.
    tuple of PropertyChange
        In the file's order, values as written.
    tuple of Finding
        Lines that could not be read, a last line that may be cut. No notes at all is the usual case and no finding.
    """
    raw, findings = read_bytes(path, where, limits.NOTES_BYTES)
    if raw is None:
        return (), (), findings
    raw, doubts = without_zeros(raw, where)
    text, more = decode(raw, where)
    lines = text.split("\n")
    findings += doubts + more + _torn_finding(lines, where)
    notes: list[Note] = []
    changes: list[PropertyChange] = []
    unreadable: list[int] = []
    n_skipped = 1
    for number, line in enumerate(lines, start=1):
        content = line.rstrip("\r")
        if number == 1 and _is_header(content):
            n_skipped += _has_unix_column(content)
            continue
        if not content.strip():
            continue
        time_ms, remark = _split(content, n_skipped)
        if math.isnan(time_ms) or len(remark) > limits.NOTE_CHARS or "\0" in remark:
            unreadable.append(number)
        elif change := _change(time_ms, remark, device_labels):
            changes.append(change)
        else:
            notes.append(Note(time_ms / _MS_PER_S, remark))
    if unreadable:
        expected = (
            f"milliseconds, a comma or tab, and at most {limits.NOTE_CHARS:,} characters; the lines were left out"
        )
        findings += (rows_finding(unreadable, where, Severity.WARNING, expected),)
    return tuple(notes), tuple(changes), findings


def _split(line: str, n_leading: int) -> tuple[float, str]:
    """The time in ms and the remark behind the first `n_leading` fields; NaN if the fields are not numbers."""
    delimiter = min((d for d in ",\t" if d in line), key=line.index, default=",")
    *leading, remark = line.split(delimiter, n_leading)
    numbers = [parse_number(field.encode()) for field in leading]
    if len(numbers) < n_leading or any(math.isnan(value) for value in numbers):
        return math.nan, ""
    return numbers[0], remark


def _change(time_ms: float, remark: str, device_labels: Collection[str]) -> PropertyChange | None:
    """The change of a setting that a line describes as ``device,setting,value``, None if it is a remark."""
    match remark.split(","):
        case [device, setting, value] if device in device_labels:
            return PropertyChange(time_ms / _MS_PER_S, device, setting, value)
    return None


def _is_header(line: str) -> bool:
    # of a file with the line ends of the first Macs, all is one line
    return normalised(line.replace("\t", ",").split(",")[0]) == _TIME and "\r" not in line


def _has_unix_column(header: str) -> bool:
    return _UNIX in (normalised(name) for name in header.replace("\t", ",").split(","))


def _torn_finding(lines: list[str], where: str) -> tuple[Finding, ...]:
    """Every line is written with its end; a last line without one may lack its tail."""
    if not lines[-1].strip() or _is_header(lines[-1]):
        return ()
    sentence = f"line {len(lines)}, the last one, has no line end; its text may be cut"
    return (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": len(lines)}),)
