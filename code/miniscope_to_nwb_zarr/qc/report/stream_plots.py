"""The plots of one device: each is one question that a person has about a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import every
from miniscope_to_nwb_zarr.qc.figures.axis import Axis, axis, time_axis
from miniscope_to_nwb_zarr.qc.figures.curves import curve, dots, level
from miniscope_to_nwb_zarr.qc.figures.plot import Plot
from miniscope_to_nwb_zarr.qc.report.interval_plots import histogram, intervals
from miniscope_to_nwb_zarr.qc.report.time_steps import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts

_QUEUE_SLOTS = 128


def plots(device: DeviceFacts) -> Iterator[Plot]:
    """All plots of a device for which it has numbers."""
    if device.span_s is None:
        return
    begin, end = device.span_s
    across = time_axis(min(0.0, begin), end)
    for make in (_brightness, _saturation, intervals, histogram, _queue, _motion, _orientation):
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
        (curve(device.time_s, seen.level, across, up, "blue", pieces(device)),),
        note="A slow fall is bleaching. Sudden steps are changes of the light or of the gain; a drop to the bottom is "
        "a frame without light.",
    )


def _saturation(device: DeviceFacts, across: Axis) -> Plot | None:
    seen = device.seen
    if seen is None or not seen.saturated.any():
        return None
    per_cent = np.where(np.isfinite(seen.level), seen.saturated * 100, np.nan)
    up = axis(0.0, float(np.nanmax(per_cent)) * 1.1, "%")
    return Plot(
        "saturation",
        "Saturated pixels, % of each frame",
        f"Share of pixels at the largest value over time, at most {np.nanmax(per_cent):.3g} per cent.",
        across,
        up,
        (curve(device.time_s, per_cent, across, up, "orange", pieces(device)),),
        note=(
            "Where pixels are saturated, brighter activity is cut off. If cells are saturated, lower the LED or the "
            "gain."
        ),
    )


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
        (curve(device.time_s, waiting, across, up, "purple", pieces(device)), *limit),
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
    # damaged frames are not looked at: their pictures are no tissue
    is_left_out = np.diff(motion.frames, prepend=motion.frames[:1]) > seen.step
    broken = pieces(device, seen.level)[motion.frames] + np.cumsum(is_left_out)
    reach = max(3.0, float(np.abs(shift).max()) * 1.1)
    up = axis(-reach, reach, "px")
    farthest = float(motion.distance_px.max())
    return Plot(
        "motion",
        "Motion of the picture, px",
        f"Estimated shift over time; at most {farthest:.1f} pixels.",
        across,
        up,
        tuple(curve(time_s, shift[:, k], across, up, style, broken) for k, style in enumerate(("blue", "orange"))),
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
