"""Single values of a settings file, whose writers put text where numbers are expected and numbers where text is."""

from __future__ import annotations

import math
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.delimited import parse_number
from miniscope_to_nwb_zarr.sources.settings_json import brief

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# of damage in one place; a setting that users name themselves is hardly ever as close
_LIKENESS = 0.6


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


def find_misspelt(
    settings: Mapping[str, Any], wanted: Collection[str], known: Collection[str], where: str, inside: str = ""
) -> tuple[Finding, ...]:
    """A finding for each wanted setting that is not there while a strange name much like it is.

    Parameters
    ----------
    settings : mapping
        One object of a settings file.
    wanted : collection of str
        The settings that are used.
    known : collection of str
        Other names that the software writes.
    where, inside : str
        The file's path inside the recording, and the name of the object in it.

    Examples
    --------
    >>> find_misspelt({"gin": 2, "ewl": 0}, ("gain", "ewl"), (), "metaData.json")[0].sentence
    "holds 'gin', which is not a known setting, and no 'gain': if that is meant, its value 2 was not used"
    """
    names = (
        name for name in settings if name not in wanted and name not in known and len(name) <= limits.STRANGE_NAME_CHARS
    )
    strange = list(islice(names, limits.STRANGE_NAMES))
    found = []
    for name in wanted:
        alike = get_close_matches(name, strange, n=1, cutoff=_LIKENESS) if name not in settings else ()
        for other in alike:
            place = f" in {inside}" if inside else ""
            sentence = (
                f"holds {other!r}{place}, which is not a known setting, and no {name!r}: if that is meant, its value "
                f"{brief(settings[other])} was not used"
            )
            found.append(Finding(Code.SETTINGS_VALUE, Severity.WARNING, where, sentence, {"key": other}))
    return tuple(found)


def as_number(value: object) -> float | None:
    """A finite number from a JSON number or from text that is one; None from anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        number = parse_number(value.strip().encode("utf-8", "replace"))
        return None if math.isnan(number) else number
    if isinstance(value, int):
        return float(value) if abs(value) <= limits.WHOLE_NUMBER else None
    return value if isinstance(value, float) and math.isfinite(value) else None
