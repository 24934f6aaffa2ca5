"""The rows of a recording's tables, and their text (reference formats 1.5 to 1.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.motion import wander

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec

JITTER_MS = 1.2
"""Standard deviation of a stamp about the regular time, from USB and the operating system."""
QUATERNION_STEPS = 16384
"""Steps of the orientation sensor in 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row for each saved frame of a device.

    Attributes
    ----------
    sensor_frame : int64, shape (n,)
        Number of the sensor frame, counted from the first saved one, lost ones included.
    stamp_ms : int64, shape (n,)
        `Time Stamp (ms)`.
    queue_depth : int64, shape (n,)
        `Buffer Index`.
    hardware_count : int64, shape (n,)
        `DAQ Frame Number`, 16 bit.
    quaternion : float64, shape (n, 4)
        Head orientation, scalar first, as printed in the table.
    """

    sensor_frame: NDArray[np.int64]
    stamp_ms: NDArray[np.int64]
    queue_depth: NDArray[np.int64]
    hardware_count: NDArray[np.int64]
    quaternion: NDArray[np.float64]


def make_rows(device: DeviceSpec, seed: int) -> Rows:
    """Rows of a device: whole milliseconds about a regular time, never perfectly regular."""
    rng = np.random.default_rng([seed, 0x70])
    n_sensor = device.n_frames + len(device.lost)
    sensor_frame = np.setdiff1d(np.arange(n_sensor), device.lost)[: device.n_frames]
    jitter = rng.normal(0, JITTER_MS, n_sensor)
    jitter[:1] = 0
    stamp = np.rint(device.first_stamp_ms + np.arange(n_sensor) * 1000 / device.rate_hz + jitter)
    return Rows(
        sensor_frame=sensor_frame,
        stamp_ms=stamp.astype(np.int64)[sensor_frame],
        queue_depth=(rng.random(device.n_frames) < 0.1).astype(np.int64),
        hardware_count=(device.counter_start + sensor_frame) % 65536,
        quaternion=_turning_head(n_sensor, device.rate_hz, rng)[sensor_frame],
    )


def _turning_head(n_frames: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth path of unit quaternions in steps of the sensor, rounded to the six digits that the table has."""
    walk = 1.2 * wander(n_frames, 4, rate_hz, 0.4, rng) + np.array([0.9, 0.1, -0.2, 0.3])
    unit = walk / np.linalg.norm(walk, axis=1, keepdims=True)
    steps = np.rint(unit * QUATERNION_STEPS) / QUATERNION_STEPS
    return np.array([[float(f"{value:g}") for value in row] for row in steps]).reshape(-1, 4)


def timestamps(spec: RecordingSpec, device: DeviceSpec, rows: Rows) -> Iterator[str]:
    """Lines of `timeStamps.csv`, without line ends."""
    columns = {
        "Frame Number": np.arange(len(rows.stamp_ms)),
        "Time Stamp (ms)": rows.stamp_ms,
        "Buffer Index": rows.queue_depth,
    }
    if spec.habits.counts_hardware_frames and device.kind is DeviceKind.SCOPE:
        columns["DAQ Frame Number"] = rows.hardware_count
    if spec.habits.writes_unix_time:
        columns["Unix Time Stamp (ms)"] = rows.stamp_ms + spec.start_unix_ms
    if spec.habits.has_table_header:
        yield spec.habits.delimiter.join(columns)
    for row in zip(*(column.tolist() for column in columns.values()), strict=True):
        yield spec.habits.delimiter.join(map(str, row))


def orientation(spec: RecordingSpec, rows: Rows) -> Iterator[str]:
    """Lines of `headOrientation.csv`, without line ends; numbers as C prints them with %g."""
    if spec.habits.orientation_header is not None:
        yield spec.habits.orientation_header
    for stamp, quaternion in zip(rows.stamp_ms.tolist(), rows.quaternion.tolist(), strict=True):
        yield spec.habits.delimiter.join([str(stamp), *(f"{value:g}" for value in quaternion)])


def notes(spec: RecordingSpec) -> Iterator[str]:
    """Lines of `notes.csv`, without line ends, in the order of time; notes are not quoted."""
    if spec.habits.notes_header is not None:
        yield spec.habits.notes_header
    written = list(spec.notes)
    if spec.habits.notes_property_changes:
        written += [(stamp, ",".join(change)) for stamp, *change in spec.property_changes]
    for stamp, note in sorted(written, key=lambda entry: entry[0]):
        unix = [str(spec.start_unix_ms + stamp)] if spec.habits.writes_unix_time else []
        yield spec.habits.delimiter.join([str(stamp), *unix, note])


def pose(spec: RecordingSpec, n_rows: int) -> Iterator[str]:
    """Lines of `pose.csv`: the camera's count, all x, all y, all likelihoods, and a comma at the end of each row."""
    yield "DLC-Live Pose Data."
    if spec.n_pose_points == 0:
        return
    rng = np.random.default_rng([spec.seed, 0x90])
    first_count = 57
    for row in range(n_rows):
        places = rng.uniform(10, 220, 2 * spec.n_pose_points)
        values = [*places, *rng.uniform(0.8, 1, spec.n_pose_points)]
        yield f"{first_count + row}," + "".join(f"{value:.3g}," for value in values)


def as_text(lines: Iterable[str]) -> str:
    """Lines with a line feed at the end of each, on every system."""
    return "".join(f"{line}\n" for line in lines)
