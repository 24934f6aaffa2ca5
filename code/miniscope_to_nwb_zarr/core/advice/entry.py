"""One kind of finding, explained."""

from __future__ import annotations

from dataclasses import dataclass


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
