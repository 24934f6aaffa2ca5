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
    begins : bool, shape (n_columns,)
        Whether a line begins anew there, for no piece goes on from the column before.
    """

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    begins: NDArray[np.bool_]


def envelope(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    low: float,
    high: float,
    n: int = _COLUMNS,
    pieces: NDArray[np.int64] | None = None,
) -> Envelope:
    """What is smallest, largest and usual in each of `n` columns between `low` and `high`."""
    is_there = np.isfinite(x) & np.isfinite(y)
    pieces = _numbered(is_there, pieces)
    is_there &= (x >= low) & (x <= high)
    x, y, pieces = x[is_there], y[is_there], pieces[is_there]
    column = np.minimum(((x - low) / (high - low) * n).astype(np.int64), n - 1)
    order = np.argsort(column, kind="stable")
    column, y, pieces = column[order], y[order], pieces[order]
    begins = np.flatnonzero(np.diff(column, prepend=-1))
    if not len(begins):
        none = np.empty(0)
        return Envelope(none, none, none, none, np.empty(0, np.bool_))
    counts = np.diff(np.append(begins, len(y)))
    return Envelope(
        low + (column[begins] + 0.5) * (high - low) / n,
        np.minimum.reduceat(y, begins),
        np.maximum.reduceat(y, begins),
        np.add.reduceat(y, begins) / counts,
        _is_apart(np.minimum.reduceat(pieces, begins), np.maximum.reduceat(pieces, begins)),
    )


def _numbered(is_there: NDArray[np.bool_], pieces: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The piece of a line that each value belongs to; a value that is missing ends one, too."""
    begins = np.diff(is_there.astype(np.int8), prepend=1) > 0
    if pieces is not None:
        begins |= np.diff(pieces, prepend=pieces[:1]) != 0
    return np.cumsum(begins, dtype=np.int64)


def _is_apart(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a column holds none of the pieces of the column before it."""
    return np.append(True, (first[1:] > last[:-1]) | (last[1:] < first[:-1]))


def curve(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    across: Axis,
    up: Axis,
    style: str,
    pieces: NDArray[np.int64] | None = None,
) -> Html:
    """A line through values; of many the mean, on a band from the smallest to the largest.

    Parameters
    ----------
    x, y : float64, shape (n,)
    across, up : Axis
    style : str
    pieces : int64, shape (n,), optional
        The line is broken where the number changes, and where a value is missing.
    """
    if len(x) <= _MOST_POINTS:
        return _path(_line(x, y, across, up, pieces), f"line {style}")
    found = envelope(x, y, across.low, across.high, pieces=pieces)
    if not len(found.x):
        return Html("")
    part = np.cumsum(found.begins, dtype=np.int64)
    bands = []
    for some in np.split(np.arange(len(part)), np.flatnonzero(found.begins)[1:]):
        edge_x = np.concatenate([found.x[some], found.x[some][::-1]])
        edge_y = np.concatenate([found.high[some], found.low[some][::-1]])
        bands.append(_line(edge_x, edge_y, across, up) + "Z")
    return Html(_path("".join(bands), f"band {style}") + _path(_line(found.x, found.mean, across, up, part),
                                                               f"line {style}"))  # fmt: skip


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


def _line(
    x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis, pieces: NDArray[np.int64] | None = None
) -> str:
    """A path through points, which begins anew where one is missing, and at each piece."""
    drawn = []
    is_there = np.isfinite(x) & np.isfinite(y)
    numbered = _numbered(is_there, pieces)[is_there]
    x, y = x[is_there], y[is_there]
    for some in np.split(np.arange(len(x)), np.flatnonzero(np.diff(numbered)) + 1) if len(x) else ():
        points = list(_points(x[some], y[some], across, up))
        rest = " ".join(f"{a} {b}" for a, b in points[1:]) or "h0"
        drawn.append(f"M{points[0][0]} {points[0][1]}{'L' if len(points) > 1 else ''}{rest}")
    return "".join(drawn)


def _points(x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis) -> Iterator[tuple[int, int]]:
    right = np.rint(np.clip((x - across.low) / (across.high - across.low), -1, 2) * WIDTH)
    down = np.rint((1 - np.clip((y - up.low) / (up.high - up.low), -1, 2)) * HEIGHT)
    return zip(right.astype(np.int64).tolist(), down.astype(np.int64).tolist(), strict=True)


def _path(data: str, style: str) -> Html:
    return tag("path", d=data, class_=style) if data else Html("")
