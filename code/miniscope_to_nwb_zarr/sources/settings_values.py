"""Single values of a settings file, whose writers put text where numbers are expected and numbers where text is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources.delimited import parse_number
from miniscope_to_nwb_zarr.sources.settings_json import brief

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_WHOLE = 2**53


class SettingsView:
    """Typed look-ups in one object of a settings file; what does not fit is collected as findings.

    A key that is absent or null is None without a finding: every setting is optional.
    """

    def __init__(self, settings: Mapping[str, Any], where: str, inside: str = "") -> None:
        self.settings = settings
        self.where = where
        self.findings: list[Finding] = []
        self._inside = inside

    def number(self, key: str, low: float, high: float, expected: str) -> float | None:
        """A number from `low` to `high`, also when it is written as text."""
        value = self.settings.get(key)
        if value is None:
            return None
        number = as_number(value)
        if number is None or not low <= number <= high:
            self.reject(key, expected)
            return None
        return number

    def whole(self, key: str, low: int, high: int, expected: str) -> int | None:
        """A whole number from `low` to `high`, also as ``1000.0`` or as text."""
        number = self.number(key, low, high, expected)
        if number is None:
            return None
        if number != math.floor(number):
            self.reject(key, expected)
            return None
        return int(number)

    def text(self, key: str) -> str | None:
        """Text, or a number as text; None also when it is blank."""
        value = self.settings.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            return value.strip() or None
        number = as_number(value)
        if number is None:
            self.reject(key, "text or a number")
            return None
        return f"{number:.15g}"

    def reject(self, key: str, expected: str, severity: Severity = Severity.WARNING) -> None:
        """Note that the value of a key is not what it has to be."""
        name = f"{self._inside}.{key}" if self._inside else key
        sentence = f"{name} is {brief(self.settings.get(key))}, expected {expected}; it was not used"
        self.findings.append(Finding(Code.SETTINGS_VALUE, severity, self.where, sentence, {"key": name}))


def as_number(value: object) -> float | None:
    """A finite number from a JSON number or from text that is one; None from anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        number = parse_number(value.strip().encode("utf-8", "replace"))
        return None if math.isnan(number) else number
    if isinstance(value, int):
        return float(value) if abs(value) <= _MAX_WHOLE else None
    return value if isinstance(value, float) and math.isfinite(value) else None
