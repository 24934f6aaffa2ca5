"""The configuration that Open Ephys' Miniscope V4 GUI saves with each recording (reference formats 3.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits, strict_yaml
from miniscope_to_nwb_zarr.sources.settings_values import SettingsView, find_misspelt
from miniscope_to_nwb_zarr.sources.small_file import read_text

if TYPE_CHECKING:
    from pathlib import Path

_SECTION = ("Hardware", "Miniscope")
_WANTED = ("LedBrightness", "Focus", "SensorGain", "FrameRate")
_ALSO_WRITTEN = ("LedRespectsDigitalIn",)
_RATE = re.compile(r"Fps([0-9]{1,3})")
_MAX_PERCENT = 100
# UclaMiniscopeV4.cs: the driver's steps are 1.27 times the per cent that the user sets
_STEPS_PER_PERCENT = 1.27


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """The typed part of the configuration; the fields are those of `model.Device`."""

    nominal_rate_hz: float | None = None
    gain: str | None = None
    led_percent: float | None = None
    focus: float | None = None


def read_configuration(path: Path, where: str) -> tuple[dict[str, Any], ScopeFacts, tuple[Finding, ...]]:
    """Read the configuration of a recording.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    dict
        All of it, nested as it is, values as the texts that are written; empty when it cannot be read.
    ScopeFacts
        None for every setting that is absent or not usable.
    tuple of Finding
        What is wrong with it.
    """
    text, findings = read_text(path, where, limits.SETTINGS_BYTES)
    if text is None:
        return {}, ScopeFacts(), findings
    try:
        values = strict_yaml.parse(text, where).values
    except InputError as error:
        return {}, ScopeFacts(), (*findings, _unreadable(where, f"{str(error).removeprefix(where).lstrip(', :')}"))
    if not isinstance(values, dict):
        return {}, ScopeFacts(), (*findings, _unreadable(where, "holds no names with values"))
    facts, doubts = _facts(values, where)
    return values, facts, (*findings, *doubts)


def _facts(values: Mapping[str, Any], where: str) -> tuple[ScopeFacts, tuple[Finding, ...]]:
    section: Any = values
    for name in _SECTION:
        section = section.get(name) if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping):
        sentence = f"has no section {'.'.join(_SECTION)}: rate, gain, LED and focus of the scope are not known"
        return ScopeFacts(), (Finding(Code.SETTINGS_VALUE, Severity.WARNING, where, sentence),)
    view = SettingsView(section, where, ".".join(_SECTION))
    focus = view.number("Focus", -_MAX_PERCENT, _MAX_PERCENT, "per cent from -100 to 100")
    facts = ScopeFacts(
        nominal_rate_hz=_rate_hz(view),
        gain=view.text("SensorGain"),
        led_percent=view.number("LedBrightness", 0, _MAX_PERCENT, "per cent from 0 to 100"),
        focus=None if focus is None else round(focus * _STEPS_PER_PERCENT, 6),
    )
    misspelt = find_misspelt(section, _WANTED, _ALSO_WRITTEN, where, ".".join(_SECTION))
    return facts, (*view.findings, *misspelt)


def _rate_hz(view: SettingsView) -> float | None:
    """The frame rate from ``Fps30``."""
    value = view.settings.get("FrameRate")
    if value is None:
        return None
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        view.reject("FrameRate", "a rate such as Fps30")
        return None
    return float(match[1])


def _unreadable(where: str, problem: str) -> Finding:
    return Finding(
        Code.SETTINGS_UNREADABLE, Severity.ERROR, where, f"{problem}; its text is kept, its settings are not"
    )
