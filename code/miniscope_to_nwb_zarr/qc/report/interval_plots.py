"""The intervals between the frames of one device: over time, and how many there are of each length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.timing import find_gaps, median_interval_s, steady
from miniscope_to_nwb_zarr.qc.figures.axis import Axis, axis
from miniscope_to_nwb_zarr.qc.figures.curves import bars, dots
from miniscope_to_nwb_zarr.qc.figures.plot import Plot, labels_beyond, mark
from miniscope_to_nwb_zarr.qc.report.time_steps import set_backs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.timing import Gap
    from miniscope_to_nwb_zarr.qc.figures.html import Html
    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts
    from miniscope_to_nwb_zarr.qc.report.time_steps import SetBack

_MOST_MARKS = 60
_LONGEST_SHOWN, _HISTOGRAM_END = 3.0, 4.0
_BINS = 60
_WHOLE_MS = 1e-6
"""Seconds times 1000 are never quite whole: 0.033 s are 33.00000000000000xx ms."""


def intervals(device: DeviceFacts, across: Axis) -> Plot | None:
    """The interval of each frame over time, gaps and a clock that was set back marked."""
    usual = median_interval_s(device.time_s)
    if usual is None:
        return None
    step_ms = np.diff(device.time_s) * 1000
    gaps, backs = find_gaps(device.stream), set_backs(device)
    up = axis(0.0, _LONGEST_SHOWN * usual * 1000, "ms")
    # one that lies outside is drawn as a mark, or not at all
    step_ms[(step_ms < up.low) | (step_ms > up.high)] = np.nan
    said = [f"{counted(len(gaps), 'gap')}, marked" if gaps else "no gap"]
    said += [f"the clock was set back {_times(backs)}, marked"] if backs else []
    marked_gaps, marked_backs = _longest(gaps), sorted(backs, key=lambda one: one.after_s - one.before_s)[:_MOST_MARKS]
    outside = [(gap.stop_s, (gap.stop_s - gap.start_s) * 1000) for gap in marked_gaps]
    outside += [(one.after_s, (one.after_s - one.before_s) * 1000) for one in marked_backs]
    return Plot(
        "intervals",
        "Interval to the frame before, ms",
        f"Intervals between frames over time; usually {usual * 1000:.1f} ms; {'; '.join(said)}.",
        across,
        up,
        (dots(device.time_s[1:], step_ms, across, up, "blue"),),
        (
            *(_gap_mark(gap, across, up) for gap in marked_gaps),
            *(_back_mark(one, across, up) for one in marked_backs),
            labels_beyond(across, up, outside),
        ),
        note=_note(gaps, backs, is_beyond=any(not up.low <= length <= up.high for _, length in outside)),
    )


def _times(backs: Sequence[SetBack]) -> str:
    return "once" if len(backs) == 1 else f"{len(backs):,} times"


def _note(gaps: tuple[Gap, ...], backs: Sequence[SetBack], *, is_beyond: bool) -> str:
    told = ["A flat line means a steady rate."]
    if gaps:
        told.append(f"Red marks are gaps: {_told(gaps)}.")
    if backs:
        told.append(f"Arrows at the lower edge: the clock was set back {_times(backs)}.")
    if not gaps and not backs:
        told.append("No frame is missing between the first and the last.")
    if is_beyond:
        told.append("What an arrow marks lies beyond the scale; the number is its length.")
    return " ".join(told)


def _gap_mark(gap: Gap, across: Axis, up: Axis) -> Html:
    length = gap.stop_s - gap.start_s
    said = f"{gap.n_missing} missing after {gap.start_s:.3f} s ({length * 1000:,.0f} ms without a frame): {gap.reason}"
    return mark(across, up, gap.stop_s, length * 1000, "bad", said)


def _back_mark(one: SetBack, across: Axis, up: Axis) -> Html:
    return mark(across, up, one.after_s, (one.after_s - one.before_s) * 1000, "look", one.said)


def _longest(gaps: tuple[Gap, ...]) -> list[Gap]:
    chosen = sorted(gaps, key=lambda gap: gap.start_s - gap.stop_s)[:_MOST_MARKS]
    return sorted(chosen, key=lambda gap: gap.start_s)


def _told(gaps: tuple[Gap, ...]) -> str:
    n_missing = sum(gap.n_missing for gap in gaps)
    shown = f", the {_MOST_MARKS} longest are marked" if len(gaps) > _MOST_MARKS else ""
    return f"{counted(n_missing, 'frame')} missing in {counted(len(gaps), 'gap')}{shown}"


def histogram(device: DeviceFacts, _: Axis) -> Plot | None:
    """How many intervals there are of each length."""
    usual = median_interval_s(device.time_s)
    if usual is None:
        return None
    step_ms = np.diff(steady(device.time_s)) * 1000
    backs = set_backs(device)
    end = _HISTOGRAM_END * usual * 1000
    # where the clock counts whole milliseconds, each bar holds as many of them
    whole_ms = np.round(step_ms)
    is_whole = np.allclose(step_ms, whole_ms, rtol=0, atol=_WHOLE_MS)
    step_ms = whole_ms if is_whole else step_ms
    width = max(1.0, round(end / _BINS)) if is_whole else end / _BINS
    # the first bar is of those below 0, if there are any
    first = -width if backs else 0.0
    edges = np.arange(first, end + width, width) - width / 2
    step_ms[step_ms < 0] = first
    counts, _edges = np.histogram(np.minimum(step_ms, edges[-1] - width / 2), edges)
    ends = "first bar: all below 0, last bar: all that are longer" if backs else "the last bar is all that are longer"
    across = axis(float(edges[0]), float(edges[-1]), f"interval (ms); {ends}")
    up = _log_axis(int(counts.max(initial=1)))
    heights = np.where(counts > 0, np.log10(np.maximum(counts, 1)) + 0.3, 0.0)
    middle = (edges[:-1] + edges[1:]) / 2
    is_long, is_back = middle > 1.5 * usual * 1000, middle < -width / 2
    said = [f"{int(counts[is_long].sum())} are longer than 1.5 times the usual one"]
    said += [f"{len(backs)} are below 0"] if backs else []
    return Plot(
        "interval_histogram",
        "Intervals, number of each",
        f"Histogram of intervals; {', '.join(said)}.",
        across,
        up,
        tuple(
            bars(edges, np.where(is_of_style, heights, 0), across, up, style)
            for is_of_style, style in ((~is_long & ~is_back, "blue"), (is_long, "bad"), (is_back, "look"))
        ),
        note=(
            "One peak means a steady rate; the scale is logarithmic, so that even a single long interval can be seen. "
            "Red: longer than 1.5 times the usual interval."
            + (" The first bar: below 0, where the clock was set back." if backs else "")
        ),
    )


def _log_axis(most: int) -> Axis:
    """An axis of counts whose lower end is below 1, so that a single one has a height."""
    ticks = [(0.3 + k, f"{10**k:,}") for k in range(int(np.log10(max(1, most))) + 1)]
    return Axis(0.0, 0.3 + float(np.log10(max(2, most))) * 1.05, tuple(ticks), "")
