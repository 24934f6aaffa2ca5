"""One kind of finding, explained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.findings import Severity

_ONLY_AS = re.compile(r"\s*\bAs (info|warning|error): ")
_NOTHING = frozenset({"None.", "Nothing."})


@dataclass(frozen=True, slots=True)
class Advice:
    """What to make of a finding of one kind."""

    severities: str
    """Those that it comes with, as people read them."""
    meaning: str
    """What was found, and what was done with it."""
    analysis: str
    """What it means for an analysis."""
    remedy: str
    """What a person can do."""

    def for_analysis(self, severity: Severity) -> str:
        """What an analysis has to mind where the finding is of this severity; empty for nothing."""
        return _applying(self.analysis, severity)

    def to_do(self, severity: Severity) -> str:
        """What a person can do where the finding is of this severity; empty for nothing."""
        return _applying(self.remedy, severity)


def _applying(text: str, severity: Severity) -> str:
    always, *others = _ONLY_AS.split(text)
    said = [always, *(part for kind, part in zip(others[::2], others[1::2], strict=True) if kind == severity)]
    found = " ".join(part[:1].upper() + part[1:] for part in said if part)
    return "" if found in _NOTHING else found
