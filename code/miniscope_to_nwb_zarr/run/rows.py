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


def size_text(n_bytes: float) -> str:
    """A size for people, in decimal units as disks are sold.

    Examples
    --------
    >>> size_text(7_100_000_000)
    '7.1 GB'
    >>> size_text(999)
    '999 B'
    """
    size = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or abs(size) >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def duration_text(seconds: float) -> str:
    """A duration for people.

    Examples
    --------
    >>> duration_text(3725)
    '1 h 02 min'
    >>> duration_text(65)
    '1 min 05 s'
    """
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
