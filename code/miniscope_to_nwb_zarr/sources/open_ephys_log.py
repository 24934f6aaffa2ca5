"""The log of a recording with Open Ephys' Miniscope V4 GUI: messages with the wall clock (reference formats 3.1)."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import normalised, rows_finding
from miniscope_to_nwb_zarr.sources.small_file import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = ("timestamp", "framenumber", "level", "message")
_EXPECTED = "the header 'Timestamp,FrameNumber,Level,Message'"
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?")
_COUNT = re.compile(r"[0-9]{1,15}")
_STOPPED = "Recording stopped"
# MiniscopeLog.cs: the level of what LogProperty.bonsai writes, as `Focus: 12.5`
_CHANGED = "PropertyChanged"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message."""

    local: datetime
    """The wall clock, without time zone."""
    frame_count: int | None
    """The frame counter of the hardware when it was written."""
    level: str
    message: str

    @property
    def change(self) -> tuple[str, str] | None:
        """Setting and new value, where the message tells of a changed setting."""
        setting, colon, value = self.message.partition(": ")
        return (setting, value) if self.level == _CHANGED and colon else None

    @property
    def text(self) -> str:
        """The message, with its level where it is more than information."""
        return self.message if self.level == "Info" else f"{self.level}: {self.message}"


def read_log(path: Path, where: str) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """Read the log of a recording.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    tuple of Entry
        In the file's order, texts as written.
    tuple of Finding
        Lines that could not be read, errors that the software reported, and an end that is missing.
    """
    text, findings = read_text(path, where, limits.NOTES_BYTES)
    if text is None:
        return (), findings
    rows = _rows(text)
    _, header = next(rows, (0, []))
    places = {normalised(name): k for k, name in enumerate(header)}
    if not places.keys() >= set(_NAMES):
        first = ",".join(header)[:80]
        sentence = f"begins with {first!r}; expected {_EXPECTED}. The log was left out"
        return (), (*findings, Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence))
    entries: list[Entry] = []
    unreadable: list[int] = []
    for line, row in rows:
        entry = _entry([row[places[name]] for name in _NAMES]) if len(row) == len(header) else None
        if entry is None:
            unreadable.append(line)
        else:
            entries.append(entry)
    if unreadable:
        expected = f"moment, frame number, level and a message of at most {limits.NOTE_CHARS:,} characters; left out"
        findings += (rows_finding(unreadable, where, Severity.WARNING, expected),)
    return tuple(entries), (*findings, *_judge(entries, where))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the number of the line each ends on; one that is too long has no field."""
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # a field beyond the reader's limit
            yield reader.line_num, []
            continue
        if any(field.strip() for field in row):
            yield reader.line_num, row


def _entry(fields: list[str]) -> Entry | None:
    stamp, count, level, message = fields
    if not _STAMP.fullmatch(stamp) or len(message) > limits.NOTE_CHARS or len(level) > limits.NUMBER_CHARS:
        return None
    try:
        local = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return Entry(local, int(count) if _COUNT.fullmatch(count) else None, level, message)


def _judge(entries: list[Entry], where: str) -> list[Finding]:
    findings = []
    errors = [entry for entry in entries if entry.level == "Error"]
    if errors:
        sentence = (
            f"the acquisition software reported {counted(len(errors), 'error')}, the first: {errors[0].message[:200]!r}"
        )
        findings.append(Finding(Code.LOG_ERRORS, Severity.WARNING, where, sentence, {"count": len(errors)}))
    if not any(entry.message.rstrip(".") == _STOPPED for entry in entries):
        sentence = (
            f"the log has no line {_STOPPED!r}: the program or the computer stopped before the recording did, so its "
            "last frames may be missing"
        )
        findings.append(Finding(Code.RECORDING_UNFINISHED, Severity.WARNING, where, sentence))
    return findings
