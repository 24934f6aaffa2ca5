"""Holds the scores of the native engine against the bar of this project, and against MiniAn's on the same movies."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Line = Mapping[str, Any]

BAR: Mapping[str, Mapping[str, float]] = {
    "quick": {"good_f1": 0.95, "trace_r": 0.97, "motion_px": 0.15, "event_f1": 0.80},
    "ca1": {"good_f1": 0.78, "trace_r": 0.95, "motion_px": 0.5, "event_f1": 0.75, "peak_gb": 2.0},
    "l23": {"good_f1": 0.60, "trace_r": 0.95, "motion_px": 1.2, "event_f1": 0.70, "peak_gb": 2.0},
    "null": {"n_units": 2, "peak_gb": 2.0},
    "large": {"peak_gb": 6.0},
}
LARGE_WALL_S = {"full": 90 * 60.0, "binned": 25 * 60.0}
AGAINST = ("good_f1", "trace_r", "event_f1")
"""Where the native engine may not be below MiniAn."""
MINIAN_SHARE = 1 / 3
"""Of MiniAn's wall time that it may take."""
_AT_MOST = frozenset({"motion_px", "n_units", "peak_gb", "wall_s"})
_WORST = frozenset({"n_units", "peak_gb"})
"""Limits that hold for every movie; others hold for the median."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether one thing is reached in one family."""

    family: str
    what: str
    found: float
    wanted: float
    is_reached: bool

    def as_text(self) -> str:
        """A line for people."""
        sign = "<=" if self.what.split()[0] in _AT_MOST else ">="
        word = "pass" if self.is_reached else "FAIL"
        return f"{word}  {self.family:6s} {self.what:26s} {self.found:.3g} {sign} {self.wanted:.3g}"


def judge(lines: Sequence[Line]) -> list[Judgement]:
    """Everything that can be judged of some runs."""
    found: list[Judgement] = []
    for family in BAR:
        of_family = [line for line in lines if line["family"] == family]
        for bin_px in sorted({line.get("bin", 1) for line in of_family}):
            native = [line for line in of_family if line["engine"] == "native" and line.get("bin", 1) == bin_px]
            if native:
                found += _against_bar(family, bin_px, native)
        found += _against_minian(family, of_family)
    return found


def _against_bar(family: str, bin_px: int, native: Sequence[Line]) -> Iterator[Judgement]:
    bar = dict(BAR[family])
    if family == "large":
        bar["wall_s"] = LARGE_WALL_S["full" if bin_px == 1 else "binned"]
    for name, wanted in bar.items():
        values = [_value(line, name) for line in native]
        value = max(values) if name in _WORST else statistics.median(values)
        what = name if bin_px == 1 else f"{name} (bin {bin_px})"
        yield Judgement(family, what, value, wanted, value <= wanted if name in _AT_MOST else value >= wanted)


def _against_minian(family: str, lines: Sequence[Line]) -> Iterator[Judgement]:
    by_engine = {engine: {line["seed"]: line for line in lines if line["engine"] == engine} for engine in
                 ("native", "minian")}  # fmt: skip
    seeds = sorted(by_engine["native"].keys() & by_engine["minian"].keys())
    if not seeds:
        return
    for name in (*AGAINST, "wall_s"):
        ours, theirs = (
            statistics.median(_value(by_engine[engine][seed], name) for seed in seeds) for engine in by_engine
        )
        if name == "wall_s":
            theirs *= MINIAN_SHARE
            yield Judgement(family, "wall_s (a third of MiniAn)", ours, theirs, ours <= theirs)
        else:
            yield Judgement(family, f"{name} (MiniAn)", ours, theirs, ours >= theirs)


def _value(line: Line, name: str) -> float:
    """A score; the worst there is where an engine found nothing that could be scored."""
    value = line.get(name)
    if isinstance(value, int | float) and not math.isnan(value):
        return float(value)
    return math.inf if name in _AT_MOST else 0.0
