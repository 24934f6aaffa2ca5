"""Axes: a range, and round numbers in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, count

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_CLOCK_STEPS_S = (
    *(30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(86_400, 172_800, 604_800),
)
_TICKS, _MOST_TICKS_OF_TIME = 4, 5
_SHORT_S = 120.0


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of a plot along one side."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str

    def share(self, value: float) -> float:
        """Where a value lies, from 0 at the low end to 1 at the high end; not kept within."""
        return (value - self.low) / (self.high - self.low)


def axis(low: float, high: float, title: str, *, is_whole: bool = False) -> Axis:
    """An axis with about four round numbers, whole ones if the values are.

    Examples
    --------
    >>> [label for _, label in axis(0, 87, "ms").ticks]
    ['0', '20', '40', '60', '80']
    """
    if not high > low:
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min(_STEPS, key=lambda one: abs(one * power - rough))
    if is_whole:
        step = max(1.0, round(step))
    first = math.ceil(low / step - 1e-9)
    values = [step * k for k in range(first, math.floor(high / step + 1e-9) + 1)]
    return Axis(low, high, tuple((value, _number(value, step)) for value in values), title)


def time_axis(low_s: float, high_s: float) -> Axis:
    """An axis of time, whose numbers are seconds, or a clock's where it is minutes or hours long.

    Examples
    --------
    >>> [label for _, label in time_axis(-0.03, 1790.0).ticks]
    ['0:00', '10:00', '20:00']
    """
    if not high_s > low_s:
        low_s, high_s = low_s - 0.5, low_s + 0.5
    if high_s - low_s < _SHORT_S:
        return axis(low_s, high_s, "time from the start (s)")
    steps = chain(_CLOCK_STEPS_S, (_CLOCK_STEPS_S[-1] * 2.0**k for k in count(1)))
    step = next(step for step in steps if (high_s - low_s) / step <= _MOST_TICKS_OF_TIME)
    values = [step * k for k in range(math.ceil(low_s / step - 1e-9), math.floor(high_s / step + 1e-9) + 1)]
    long = high_s - low_s >= 3600
    title = "time from the start (h:min)" if long else "time from the start (min:s)"
    return Axis(low_s, high_s, tuple((v, clock(v / 60 if long else v)) for v in values), title)


def clock(units: float) -> str:
    """A number of seconds as minutes and seconds, or of minutes as hours and minutes.

    Examples
    --------
    >>> clock(95)
    '1:35'
    """
    whole = round(abs(units))
    return f"{'-' if units < 0 and whole else ''}{whole // 60}:{whole % 60:02d}"


def _number(value: float, step: float) -> str:
    power = math.floor(math.log10(step) + 1e-9)
    has_half = abs(step / 10.0**power - 2.5) < 1e-6
    decimals = max(0, has_half - power)
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
