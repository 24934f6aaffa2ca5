"""The rows of the tables that a person sees before and after a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One device of one session, as it would be converted."""

    session: str
    device: str
    frames: int
    minutes: float
    raw_bytes: int
    store_bytes_estimate: int
    objects: int
    findings: str
    """The findings in a few words; empty when there are none."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One session, as it was converted."""

    session: str
    outcome: str
    frames: int
    seconds: float
    store_bytes: int
    n_findings: int
    """Those of severity warning and error."""
    message: str
    """Where the output lies, or why there is none."""
    findings: str = ""
    """The same in words; empty when there are none."""
