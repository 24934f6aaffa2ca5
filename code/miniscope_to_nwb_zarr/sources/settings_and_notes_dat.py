"""Animal, settings and remarks of Miniscope_DAQ_Software (V3), `settings_and_notes.dat` (reference formats 2.2).

A line of names and a line of values, a blank line, then a line `elapsedTime`, `Note` and one line for each remark; all
separated by tabs. The time of a remark is in whole seconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Note
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import normalised, parse_number, rows_finding
from miniscope_to_nwb_zarr.sources.settings_json import cut
from miniscope_to_nwb_zarr.sources.small_file import decode, first_bytes, read_bytes, without_zeros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ANIMAL = "animal"
_NAMES = frozenset({"animal", "excitation", "mscamexposure", "recordlength"})
_TIME = "elapsedtime"
_EXPECTED = "a line with the names animal, excitation, msCamExposure and recordLength, and a line with their values"
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_SNIFFED_BYTES = 1024
_NAMES_TO_KNOW = 2


@dataclass(frozen=True, slots=True)
class SettingsAndNotes:
    """What the file says."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """Values by their names as written; whole numbers as numbers, but the animal is always text."""
    notes: tuple[Note, ...] = ()


def is_settings_and_notes(path: Path) -> bool:
    """Whether a file begins as such a file does."""
    text = first_bytes(path, _SNIFFED_BYTES).decode("utf-8", "replace").lstrip("\ufeff\r\n ")
    return _are_names(text.splitlines()[0].split("\t") if text else [])


def read_settings_and_notes(path: Path, where: str) -> tuple[SettingsAndNotes, tuple[Finding, ...]]:
    """Read settings and remarks.

    Parameters
    ----------
    path : Path
        The file; in UTF-8 or, as the software writes it, Windows-1252.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    SettingsAndNotes
        Empty where nothing can be read.
    tuple of Finding
        A file without settings, lines that could not be read, a last line that may be cut. No remark at all is the
        usual case and no finding.
    """
    raw, findings = read_bytes(path, where, limits.NOTES_BYTES)
    if raw is None:
        return SettingsAndNotes(), findings
    raw, zeros = without_zeros(raw, where)
    text, doubts = decode(raw, where)
    lines = [line.rstrip("\r") for line in text.split("\n")]
    filled = [k for k, line in enumerate(lines) if line.strip()]
    header = next((k for k in filled if normalised(lines[k].split("\t")[0]) == _TIME), len(lines))
    top = [lines[k] for k in filled if k < header]
    settings, more = _settings(top, where)
    notes, unreadable = _notes(lines, header + 1)
    unreadable = [k + 1 for k in filled[2:] if k < header] + unreadable
    findings += zeros + doubts + more
    if unreadable:
        expected = f"seconds, a tab and at most {limits.NOTE_CHARS:,} characters; the lines were left out"
        findings += (rows_finding(unreadable, where, Severity.WARNING, expected),)
    if lines[-1].strip() and header < len(lines) - 1:
        sentence = f"line {len(lines)}, the last one, has no line end; its text may be cut"
        findings += (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": len(lines)}),)
    return SettingsAndNotes(settings, notes), findings


def _are_names(fields: Sequence[str]) -> bool:
    return len(_NAMES & {normalised(name) for name in fields}) >= _NAMES_TO_KNOW


def _settings(lines: Sequence[str], where: str) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    if any("\0" in line for line in lines):
        settings, findings = _settings([line.replace("\0", "\ufffd") for line in lines], where)
        sentence = "holds NUL characters among its settings, as after damage; they were replaced by \ufffd"
        return settings, (*findings, Finding(Code.SETTINGS_VALUE, Severity.WARNING, where, sentence))
    names = [name.strip() for name in lines[0].split("\t")] if lines else []
    if len(lines) < 2 or not _are_names(names):
        found = f"begins with {lines[0][:80]!r}" if lines else "holds no settings"
        sentence = f"{found}; expected {_EXPECTED}. Animal and settings are not known"
        return {}, (Finding(Code.SETTINGS_UNREADABLE, Severity.ERROR, where, sentence),)
    values = [value.strip() for value in lines[1].split("\t")]
    settings = {name: _value(name, value) for name, value in zip(names, values, strict=False)}
    if len(values) == len(names) == len(settings):
        return settings, ()
    if len(settings) < min(len(names), len(values)):
        sentence = f"gives a name twice ({cut(', '.join(names))}); the last value of each was kept"
        return settings, (Finding(Code.SETTINGS_VALUE, Severity.WARNING, where, sentence),)
    # a field too many or too few: which value belongs to which name is not certain, but the animal comes first
    sentence = f"has {len(names)} names and {len(values)} values; they are matched in their order, check them"
    return settings, (Finding(Code.SETTINGS_VALUE, Severity.WARNING, where, sentence),)


def _value(name: str, text: str) -> str | int:
    return int(text) if _WHOLE.fullmatch(text) and normalised(name) != ANIMAL else text


def _notes(lines: Sequence[str], first: int) -> tuple[tuple[Note, ...], list[int]]:
    """The remarks from line `first` on, and the numbers of the lines, from 1, that cannot be read as one."""
    notes, unreadable = [], []
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip():
            continue
        seconds, tab, remark = line.partition("\t")
        time_s = parse_number(seconds.encode("utf-8", "replace"))
        if not tab or math.isnan(time_s) or len(remark) > limits.NOTE_CHARS or "\0" in remark:
            unreadable.append(number)
        else:
            notes.append(Note(time_s, remark))
    return tuple(notes), unreadable
