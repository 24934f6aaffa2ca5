"""A plot: axes around curves, as a figure of a page that fits any width, or as a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.qc.figures.curves import HEIGHT, WIDTH
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.figures.style import FILE_STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniscope_to_nwb_zarr.qc.figures.axis import Axis

_LEFT_PX, _TOP_PX, _BELOW_PX = 46, 8, 34
_FILE_WIDTH_PX, _FILE_HEAD_PX, _LEGEND_PX = 760, 26, 90
_FILE_MARGIN_PX = 12
_LABEL_SHARE = 0.25
"""Of the width of a plot on a phone: the room of a number."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn, and what it says."""

    name: str
    """The name of its file, without ending."""
    title: str
    label: str
    """What is to be seen, in words: for those who cannot see it."""
    across: Axis
    up: Axis
    layers: tuple[Html, ...]
    """What is stretched with the area: curves, dots, bars."""
    marks: tuple[Html, ...] = ()
    """What keeps its shape: placed in per cent of the area."""
    legend: tuple[tuple[str, str], ...] = ()
    """The style of each line, and what it is."""
    note: str = ""
    """How to read it, in a sentence."""
    height_px: int = 120


def mark(across: Axis, up: Axis, x: float, y: float, style: str, said: str) -> Html:
    """A dot that tells what it is when pointed at; an arrow at the edge beyond which it lies."""
    place, kind = f"{_within(across.share(x)):.2%}", f"mark {style}"
    if up.low <= y <= up.high:
        return tag("circle", tag("title", said), cx=place, cy=f"{1 - up.share(y):.2%}", r=4, class_=kind)
    edge, outline = ("0%", "M-5 4L0 -5L5 4Z") if y > up.high else ("100%", "M-5 -4L0 5L5 -4Z")
    return tag("svg", tag("path", tag("title", said), d=outline), x=place, y=edge, overflow="visible", class_=kind)


def labels_beyond(across: Axis, up: Axis, points: Iterable[tuple[float, float]]) -> Html:
    """The values of marks that lie beyond an edge, the farthest first; those without room are left out."""
    written: list[tuple[bool, float]] = []
    parts = []
    for x, y in sorted(points, key=lambda point: -abs(point[1])):
        is_above, share = y > up.high, _within(across.share(x))
        if up.low <= y <= up.high or any(a == is_above and abs(s - share) < _LABEL_SHARE for a, s in written):
            continue
        written.append((is_above, share))
        side = {"dx": 9, "text_anchor": "start"} if share < 1 - _LABEL_SHARE else {"dx": -9, "text_anchor": "end"}
        edge, dy = ("0%", 4) if is_above else ("100%", -3)
        parts.append(tag("text", f"{y:,.0f} {up.title}", x=f"{share:.2%}", y=edge, dy=dy, class_="beyond", **side))
    return joined(parts)


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def as_figure(plot: Plot) -> Html:
    """The plot as a figure of a page."""
    height = plot.height_px + _TOP_PX + _BELOW_PX
    left = tag("svg", _numbers_up(plot, _LEFT_PX - 6, _TOP_PX), width=_LEFT_PX, height=height, aria_hidden="true")
    area = tag(
        "svg",
        tag("title", plot.title),
        tag("svg", _area(plot), y=_TOP_PX, width="100%", height=plot.height_px, class_="area"),
        _numbers_across(plot, _TOP_PX + plot.height_px),
        role="img",
        aria_label=plot.label,
        width="100%",
        height=height,
        class_="wide",
    )
    return tag(
        "figure",
        tag("figcaption", tag("b", plot.title), _legend(plot)),
        tag("div", left, area, class_="plot"),
        tag("p", plot.note, class_="note") if plot.note else None,
        class_="chart",
    )


def as_file(plot: Plot, heading: str) -> str:
    """The plot as an SVG file, on white."""
    width = _FILE_WIDTH_PX - _LEFT_PX - 2 * _FILE_MARGIN_PX
    top = _FILE_HEAD_PX + _FILE_MARGIN_PX
    total = plot.height_px + top + _BELOW_PX + _FILE_MARGIN_PX
    left = _LEFT_PX + _FILE_MARGIN_PX
    legend = [
        Html(tag("path", d=f"M{at} 17h14", class_=f"line {style}") + tag("text", text, x=at + 18, y=21))
        for at, (style, text) in zip(
            range(_FILE_WIDTH_PX - _LEGEND_PX * len(plot.legend), _FILE_WIDTH_PX, _LEGEND_PX), plot.legend, strict=False
        )
    ]
    drawn = tag(
        "svg",
        tag("title", plot.label),
        tag("style", Html(FILE_STYLE)),
        tag("rect", width=_FILE_WIDTH_PX, height=total, class_="paper"),
        tag("text", f"{heading}: {plot.title}", x=_FILE_MARGIN_PX, y=21, class_="head"),
        *legend,
        _numbers_up(plot, left - 6, top),
        tag("svg", _area(plot), x=left, y=top, width=width, height=plot.height_px, class_="area"),
        tag("svg", _numbers_across(plot, 0), x=left, y=top + plot.height_px, width=width, height=_BELOW_PX,
            overflow="visible"),
        xmlns="http://www.w3.org/2000/svg",
        width=_FILE_WIDTH_PX,
        height=total,
        viewBox=f"0 0 {_FILE_WIDTH_PX} {total}",
        role="img",
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawn}\n'


def _area(plot: Plot) -> Html:
    lines = [
        tag("line", x1="0", x2="100%", y1=place, y2=place, class_="grid")
        for value, _ in plot.up.ticks
        for place in [f"{1 - plot.up.share(value):.2%}"]
    ]
    curves = tag(
        "svg",
        *plot.layers,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
        class_="curves",
    )
    return joined([*lines, curves, *plot.marks])


def _numbers_up(plot: Plot, right: int, top: int) -> Html:
    return joined(
        tag("text", label, x=right, y=round(top + (1 - plot.up.share(value)) * plot.height_px) + 4, text_anchor="end")
        for value, label in plot.up.ticks
    )


def _numbers_across(plot: Plot, top: int) -> Html:
    ticks = []
    for value, label in plot.across.ticks:
        share = plot.across.share(value)
        anchor = "start" if share < 0.03 else "end" if share > 0.97 else "middle"
        place = f"{share:.2%}"
        ticks.append(tag("line", x1=place, x2=place, y1=top, y2=top + 4, class_="tick"))
        ticks.append(tag("text", label, x=place, y=top + 16, text_anchor=anchor))
    title = tag("text", plot.across.title, x="100%", y=top + 31, text_anchor="end", class_="title")
    return joined([*ticks, title])


def _legend(plot: Plot) -> Html:
    return joined(
        tag(
            "span",
            tag("svg", tag("path", d="M0 5h14", class_=f"line {style}"), width=14, height=10, aria_hidden="true"),
            f" {text}",
            class_="key",
        )
        for style, text in plot.legend
    )
