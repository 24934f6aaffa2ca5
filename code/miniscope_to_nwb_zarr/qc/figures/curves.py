"""Curves, dots and bars of a plot. Long series are drawn by what is smallest and largest in each column of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.qc.figures.html import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.figures.axis import Axis

WIDTH, HEIGHT = 2000, 1000
"""Units of the area in which curves are drawn; it is stretched to the size that a plot has."""
_COLUMNS = 480
_MOST_POINTS = 1200


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """A long series in few columns.

    Attributes
    ----------
    x, low, high, mean : float64, shape (n_columns,)
        The middle of each column that holds anything, and the values in it.
    """

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]


def envelope(x: NDArray[np.float64], y: NDArray[np.float64], low: float, high: float, n: int = _COLUMNS) -> Envelope:
    """What is smallest, largest and usual in each of `n` columns between `low` and `high`."""
    is_there = np.isfinite(x) & np.isfinite(y) & (x >= low) & (x <= high)
    x, y = x[is_there], y[is_there]
    column = np.minimum(((x - low) / (high - low) * n).astype(np.int64), n - 1)
    order = np.argsort(column, kind="stable")
    column, y = column[order], y[order]
    begins = np.flatnonzero(np.diff(column, prepend=-1))
    if not len(begins):
        return Envelope(*(np.empty(0) for _ in range(4)))
    counts = np.diff(np.append(begins, len(y)))
    return Envelope(
        low + (column[begins] + 0.5) * (high - low) / n,
        np.minimum.reduceat(y, begins),
        np.maximum.reduceat(y, begins),
        np.add.reduceat(y, begins) / counts,
    )


def curve(x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis, style: str) -> Html:
    """A line through values; of many the mean, on a band from the smallest to the largest."""
    if len(x) <= _MOST_POINTS:
        return _path(_line(x, y, across, up), f"line {style}")
    found = envelope(x, y, across.low, across.high)
    if not len(found.x):
        return Html("")
    edge_x = np.concatenate([found.x, found.x[::-1]])
    edge_y = np.concatenate([found.high, found.low[::-1]])
    band = _path(_line(edge_x, edge_y, across, up) + "Z", f"band {style}")
    return Html(band + _path(_line(found.x, found.mean, across, up), f"line {style}"))


def curve_of_few(values: Sequence[float], across: Axis, up: Axis, style: str) -> Html:
    """A line through values that are evenly spaced, the first at 0."""
    return curve(np.arange(len(values), dtype=np.float64), np.asarray(values, np.float64), across, up, style)


def dots(x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis, style: str) -> Html:
    """A dot for each value; of many a stroke from the smallest to the largest in each column."""
    if len(x) <= _MOST_POINTS:
        is_there = np.isfinite(x) & np.isfinite(y)
        points = _points(x[is_there], y[is_there], across, up)
        return _path("".join(f"M{a} {b}h0" for a, b in points), f"dots {style}")
    found = envelope(x, y, across.low, across.high)
    ends = zip(_points(found.x, found.high, across, up), _points(found.x, found.low, across, up), strict=True)
    return _path("".join(f"M{a} {b}V{c}" for (a, b), (_, c) in ends), f"strokes {style}")


def bars(edges: NDArray[np.float64], heights: NDArray[np.float64], across: Axis, up: Axis, style: str) -> Html:
    """Bars that stand on the lower end of an axis; those of no height are left out."""
    parts = []
    for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
        if height > up.low:
            a, b = (round(across.share(float(edge)) * WIDTH) for edge in (left, right))
            top = round((1 - min(up.share(float(height)), 1.0)) * HEIGHT)
            gap = 2 if b - a > 8 else 0
            parts.append(f"M{a + gap} {HEIGHT}V{top}H{max(b - gap, a + gap + 1)}V{HEIGHT}Z")
    return _path("".join(parts), f"bars {style}")


def level(value: float, up: Axis, style: str) -> Html:
    """A line across the plot at a value."""
    y = round((1 - up.share(value)) * HEIGHT)
    return _path(f"M0 {y}H{WIDTH}", f"level {style}")


def _line(x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis) -> str:
    """A path through points, which begins anew where one is missing."""
    pieces = []
    is_there = np.isfinite(x) & np.isfinite(y)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], is_there, [False]]).astype(np.int8)))
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        points = list(_points(x[begin:end], y[begin:end], across, up))
        rest = " ".join(f"{a} {b}" for a, b in points[1:]) or "h0"
        pieces.append(f"M{points[0][0]} {points[0][1]}{'L' if len(points) > 1 else ''}{rest}")
    return "".join(pieces)


def _points(x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis) -> Iterator[tuple[int, int]]:
    right = np.rint(np.clip((x - across.low) / (across.high - across.low), -1, 2) * WIDTH)
    down = np.rint((1 - np.clip((y - up.low) / (up.high - up.low), -1, 2)) * HEIGHT)
    return zip(right.astype(np.int64).tolist(), down.astype(np.int64).tolist(), strict=True)


def _path(data: str, style: str) -> Html:
    return tag("path", d=data, class_=style) if data else Html("")
