"""The plots of one device: each is one question that a person has about a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted, every
from miniscope_to_nwb_zarr.core.timing import find_gaps, median_interval_s
from miniscope_to_nwb_zarr.qc.figures.axis import Axis, axis, time_axis
from miniscope_to_nwb_zarr.qc.figures.curves import bars, curve, dots, level
from miniscope_to_nwb_zarr.qc.figures.plot import Plot, mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.timing import Gap
    from miniscope_to_nwb_zarr.qc.figures.html import Html
    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts

_MOST_MARKS = 60
_LONGEST_SHOWN, _HISTOGRAM_END = 3.0, 4.0
_BINS = 60
_QUEUE_SLOTS = 128


def plots(device: DeviceFacts) -> Iterator[Plot]:
    """All plots of a device for which it has numbers."""
    if device.span_s is None:
        return
    begin, end = device.span_s
    across = time_axis(min(0.0, begin), end)
    for make in (_brightness, _saturation, _intervals, _histogram, _queue, _motion, _orientation):
        plot = make(device, across)
        if plot is not None:
            yield plot


def _brightness(device: DeviceFacts, across: Axis) -> Plot | None:
    seen = device.seen
    if seen is None or not np.isfinite(seen.level).any():
        return None
    low, high = float(np.nanmin(seen.level)), float(np.nanmax(seen.level))
    room = max((high - low) * 0.1, high * 0.02, 0.5)
    up = axis(max(0.0, low - room), high + room, "gray level")
    return Plot(
        "brightness",
        "Brightness: mean gray level of each frame",
        f"Mean gray level over time, between {low:.1f} and {high:.1f}.",
        across,
        up,
        (curve(device.time_s, seen.level, across, up, "blue"),),
        note="A slow fall is bleaching. Sudden steps are changes of the light or of the gain; a drop to the bottom is "
        "a frame without light.",
    )


def _saturation(device: DeviceFacts, across: Axis) -> Plot | None:
    seen = device.seen
    if seen is None or not seen.saturated.any():
        return None
    per_cent = seen.saturated * 100
    up = axis(0.0, float(per_cent.max()) * 1.1, "%")
    return Plot(
        "saturation",
        "Saturated pixels, % of each frame",
        f"Share of pixels at the largest value over time, at most {per_cent.max():.3g} per cent.",
        across,
        up,
        (curve(device.time_s, per_cent, across, up, "orange"),),
        note=(
            "Where pixels are saturated, brighter activity is cut off. If cells are saturated, lower the LED or the "
            "gain."
        ),
    )


def _intervals(device: DeviceFacts, across: Axis) -> Plot | None:
    usual = median_interval_s(device.time_s)
    if usual is None:
        return None
    step_ms = np.diff(device.time_s) * 1000
    gaps = find_gaps(device.stream)
    up = axis(0.0, _LONGEST_SHOWN * usual * 1000, "ms")
    said = f"{counted(len(gaps), 'gap')}, marked" if gaps else "no gap"
    return Plot(
        "intervals",
        "Interval to the frame before, ms",
        f"Intervals between frames over time; usually {usual * 1000:.1f} ms; {said}.",
        across,
        up,
        (dots(device.time_s[1:], step_ms, across, up, "blue"),),
        tuple(_gap_mark(gap, across, up) for gap in _longest(gaps)),
        note=f"A flat line means a steady rate. Red marks are gaps: {_told(gaps)}."
        if gaps
        else "A flat line means a steady rate. No frame is missing between the first and the last.",
    )


def _gap_mark(gap: Gap, across: Axis, up: Axis) -> Html:
    length = gap.stop_s - gap.start_s
    said = f"{gap.n_missing} missing after {gap.start_s:.3f} s ({length * 1000:,.0f} ms without a frame): {gap.reason}"
    return mark(across, up, gap.stop_s, length * 1000, "bad", said)


def _longest(gaps: tuple[Gap, ...]) -> list[Gap]:
    chosen = sorted(gaps, key=lambda gap: gap.start_s - gap.stop_s)[:_MOST_MARKS]
    return sorted(chosen, key=lambda gap: gap.start_s)


def _told(gaps: tuple[Gap, ...]) -> str:
    n_missing = sum(gap.n_missing for gap in gaps)
    shown = f", the {_MOST_MARKS} longest are marked" if len(gaps) > _MOST_MARKS else ""
    return f"{counted(n_missing, 'frame')} missing in {counted(len(gaps), 'gap')}{shown}"


def _histogram(device: DeviceFacts, _: Axis) -> Plot | None:
    usual = median_interval_s(device.time_s)
    if usual is None:
        return None
    step_ms = np.diff(device.time_s) * 1000
    end = _HISTOGRAM_END * usual * 1000
    # whole milliseconds are told apart where the clock counts them
    width = max(1.0, round(end / _BINS)) if np.all(step_ms == np.round(step_ms)) else end / _BINS
    edges = np.arange(0.0, end + width, width) - width / 2
    counts, _edges = np.histogram(np.clip(step_ms, edges[0], edges[-1] - width / 2), edges)
    across = axis(float(edges[0]), float(edges[-1]), "interval (ms); the last bar is all that are longer")
    up = _log_axis(int(counts.max(initial=1)))
    heights = np.where(counts > 0, np.log10(np.maximum(counts, 1)) + 0.3, 0.0)
    is_long = (edges[:-1] + edges[1:]) / 2 > 1.5 * usual * 1000
    return Plot(
        "interval_histogram",
        "Intervals, number of each",
        f"Histogram of intervals; {int(counts[is_long].sum())} are longer than 1.5 times the usual one.",
        across,
        up,
        (
            bars(edges, np.where(is_long, 0, heights), across, up, "blue"),
            bars(edges, np.where(is_long, heights, 0), across, up, "bad"),
        ),
        note=(
            "One peak means a steady rate; the scale is logarithmic, so that even a single long interval can be seen. "
            "Red: longer than 1.5 times the usual interval."
        ),
    )


def _log_axis(most: int) -> Axis:
    """An axis of counts whose lower end is below 1, so that a single one has a height."""
    ticks = [(0.3 + k, f"{10**k:,}") for k in range(int(np.log10(max(1, most))) + 1)]
    return Axis(0.0, 0.3 + float(np.log10(max(2, most))) * 1.05, tuple(ticks), "")


def _queue(device: DeviceFacts, across: Axis) -> Plot | None:
    depth = device.stream.table.queue_depth
    if depth is None or not len(depth):
        return None
    waiting = depth[device.stream.rows].astype(np.float64)
    deepest = int(depth.max())
    up = axis(0.0, max(10.0, deepest * 1.15), "frames", is_whole=True)
    limit = (level(_QUEUE_SLOTS, up, "bad"),) if up.high > _QUEUE_SLOTS else ()
    return Plot(
        "queue",
        "Frames waiting for the disk",
        f"Depth of the queue of frames over time; at most {deepest} of {_QUEUE_SLOTS}.",
        across,
        up,
        (curve(device.time_s, waiting, across, up, "purple"), *limit),
        note=(
            f"At most {deepest} of {_QUEUE_SLOTS} places were taken. When all are taken, frames are lost: the disk or "
            "the codec is too slow."
        ),
    )


def _motion(device: DeviceFacts, across: Axis) -> Plot | None:
    seen = device.seen
    if seen is None or seen.motion is None:
        return None
    motion = seen.motion
    shift = motion.shift_px - np.median(motion.shift_px, axis=0)
    time_s = device.time_s[motion.frames]
    reach = max(3.0, float(np.abs(shift).max()) * 1.1)
    up = axis(-reach, reach, "px")
    farthest = float(motion.distance_px.max())
    return Plot(
        "motion",
        "Motion of the picture, px",
        f"Estimated shift over time; at most {farthest:.1f} pixels.",
        across,
        up,
        (curve(time_s, shift[:, 0], across, up, "blue"), curve(time_s, shift[:, 1], across, up, "orange")),
        legend=(("blue", "x"), ("orange", "y")),
        note=(
            f"Estimated to about a pixel, on {every(seen.step)} frame. A few pixels can be corrected; a lasting shift "
            "moves cells out of the picture, or means that the scope is loose."
        ),
    )


def _orientation(device: DeviceFacts, across: Axis) -> Plot | None:
    orientation = device.stream.orientation
    if orientation is None or not orientation.is_valid.any():
        return None
    angles = _angles(orientation.quaternion)
    angles[~orientation.is_valid] = np.nan
    up = Axis(-190.0, 190.0, tuple((float(v), f"{v}°") for v in (-180, -90, 0, 90, 180)), "degrees")
    n_invalid = int(np.sum(~orientation.is_valid))
    left_out = f"{n_invalid:,} of {len(angles):,} readings are invalid and left out" if n_invalid else "all are valid"
    styles = ("blue", "orange", "green")
    return Plot(
        "head_orientation",
        "Head orientation",
        f"Heading, pitch and roll over time; {left_out}.",
        across,
        up,
        tuple(dots(orientation.time_s, angles[:, k], across, up, style) for k, style in enumerate(styles)),
        legend=tuple(zip(styles, ("heading", "pitch", "roll"), strict=True)),
        note="Angles of the sensor on the scope, turned about z, then y, then x. They jump from 180° to -180° as on a "
        f"compass; {left_out}.",
    )


def _angles(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heading, pitch and roll in degrees, shape (n, 3), of unit quaternions, scalar first."""
    w, x, y, z = quaternion.T
    heading = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    pitch = np.arcsin(np.clip(2 * (w * y - z * x), -1, 1))
    roll = np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    angles: NDArray[np.float64] = np.degrees(np.stack([heading, pitch, roll], axis=1))
    return angles
