"""Writes a recording as Open Ephys' software does: the Miniscope V4 GUI, and workflows of Bonsai (formats 3.1, 3.2)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from miniscope_to_nwb_zarr.demo import barcode, open_ephys_text
from miniscope_to_nwb_zarr.demo.avi import Encoding, even, write_avi
from miniscope_to_nwb_zarr.demo.motion import wander
from miniscope_to_nwb_zarr.demo.movie import ScopeMovie

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TICKS_PER_S = 10_000_000
"""The clock of the computer counts 100 ns."""
_JITTER_S = 0.004
_QUATERNION_STEPS = 16384


class _Habits(NamedTuple):
    has_header: bool
    has_hardware_time: bool
    has_orientation: bool
    has_log: bool
    header_rate_hz: int


class Software(Enum):
    """What records."""

    GUI = _Habits(has_header=True, has_hardware_time=True, has_orientation=True, has_log=True, header_rate_hz=30)
    BONSAI = _Habits(has_header=True, has_hardware_time=False, has_orientation=True, has_log=False, header_rate_hz=30)
    """The workflow of the tutorials."""
    EXAMPLE = _Habits(has_header=False, has_hardware_time=False, has_orientation=True, has_log=False, header_rate_hz=50)
    """The older example workflow for the Miniscope V4."""
    EXAMPLE_MINICAM = _Habits(False, False, False, False, 50)  # noqa: FBT003 - the names stand above


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEphysSpec:
    """One recording: from the record button to the end of its files."""

    software: Software = Software.GUI
    video_name: str = "run_"
    """What the user typed; Bonsai's workflows have a name for each writer."""
    table_name: str = "run_"
    suffix: int | str | None = 0
    """A count of files, none, or ``"Timestamp"``: the second of the start."""
    video_delay_s: float = 0.0
    """How much later than the table the video is opened."""
    start: datetime = datetime(2026, 7, 30, 14, 59, 24, 82_380, timezone(timedelta(hours=-4)))
    """When the computer received the first frame."""
    start_ticks: int = 8
    """100 ns after `start`."""
    width_px: int = 64
    height_px: int = 48
    """The sensor has 608 x 608 pixels; tests need fewer."""
    encoding: Encoding = Encoding.Y800
    n_frames: int = 25
    """Rows of the table."""
    n_unwritten: int = 0
    """Frames at the end that are not in the video."""
    n_unlisted: int = 0
    """Frames at the end of the video that have no row."""
    lost: tuple[int, ...] = ()
    """Frames of the sensor, counted from the first saved one, that were dropped: a gap in time and in the counter."""
    rate_hz: float = 30.0
    first_hardware_ms: int = 3861
    first_count: int = 118
    clock_error: float = 0.0
    """How much faster the clock of the computer runs than that of the hardware, as a share."""
    clock_step: tuple[float, float] = (0.0, 0.0)
    """Seconds after the start, and seconds by which the clock of the computer is set on then."""
    zone_change: tuple[float, float] = (0.0, 0.0)
    """Seconds after the start, and hours by which the wall clock is set on then, as for summer time."""
    pulses: tuple[tuple[float, float], ...] = ((0.2, 0.5),)
    """Begin and end of each pulse at the first digital input, in seconds from the start."""
    invalid_rows: tuple[int, ...] = ()
    """Rows whose quaternion is all zeros, as where the sensor did not answer."""
    messages: tuple[tuple[float, str, str], ...] = ()
    """Seconds from the start, level, and message."""
    is_stopped: bool = True
    """Whether the log has an end."""
    captures: tuple[float, ...] = ()
    """When pictures were taken, in seconds from the start."""
    led_percent: float = 12.5
    focus_percent: float = -20.0
    recording_mode: str = "Manual"
    seed: int = 0

    def offset(self, time_s: float) -> timedelta:
        """The wall clock's offset from UTC."""
        at_s, hours = self.zone_change
        return (self.start.utcoffset() or timedelta(0)) + timedelta(hours=hours if hours and time_s >= at_s else 0)

    def wall_clock(self, time_s: float) -> datetime:
        """What the computer's clock shows so many seconds from the start, without time zone."""
        at_s, step_s = self.clock_step
        shown_s = time_s * (1 + self.clock_error) + (step_s if time_s >= at_s else 0)
        return (self.start + timedelta(seconds=shown_s)).astimezone(timezone(self.offset(time_s))).replace(tzinfo=None)

    def stem(self, name: str, delay_s: float = 0.0) -> str:
        """The name of a file without its ending."""
        if self.suffix == "Timestamp":
            return f"{name}{self.wall_clock(delay_s):%Y-%m-%dT%H_%M_%S}"
        return name if self.suffix is None else f"{name}{self.suffix}"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row for each listed frame.

    Attributes
    ----------
    sensor_frame : int64, shape (n,)
        Number of the sensor frame, counted from the first saved one, lost ones included.
    frame_count : int64, shape (n,)
    hardware_ms : int64, shape (n,)
    received_ticks : int64, shape (n,)
        By the clock of the computer, in 100 ns after `OpenEphysSpec.start`.
    quaternion : float64, shape (n, 4)
        Scalar first, as printed in the table.
    inputs : bool, shape (n, 2)
        The digital inputs.
    """

    sensor_frame: NDArray[np.int64]
    frame_count: NDArray[np.int64]
    hardware_ms: NDArray[np.int64]
    received_ticks: NDArray[np.int64]
    quaternion: NDArray[np.float64]
    inputs: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class OpenEphysTruth:
    """What a recording holds, to hold a conversion against."""

    spec: OpenEphysSpec
    folder: Path
    table: Path
    video: Path
    rows: Rows
    movie: ScopeMovie

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Shape (n,): each row's stamp in seconds from the start, by the clock that the software saved."""
        rows = self.rows
        if self.spec.software.value.has_hardware_time:
            return np.asarray((rows.hardware_ms - rows.hardware_ms[0]) / 1000)
        return np.asarray(rows.received_ticks / TICKS_PER_S)

    def frame(self, row: int) -> NDArray[np.uint8]:
        """The frame of a row before it was encoded, uint8, shape (height, width); the size is even."""
        listed = self.rows.sensor_frame
        number = int(listed[row]) if row < len(listed) else int(listed[-1]) + 1 + row - len(listed)
        frame = self.movie.frame(number)[: even(self.spec.height_px), : even(self.spec.width_px)]
        barcode.draw(frame, row)
        return frame


def write_open_ephys(spec: OpenEphysSpec, folder: Path) -> OpenEphysTruth:
    """Write one recording into a data directory, which is created if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = make_rows(spec)
    n_sensor = spec.n_frames + len(spec.lost) + spec.n_unlisted
    movie = ScopeMovie(spec.width_px, spec.height_px, n_sensor, spec.rate_hz, spec.seed)
    table = folder / f"{spec.stem(spec.table_name)}.csv"
    video = folder / f"{spec.stem(spec.video_name, spec.video_delay_s)}.avi"
    truth = OpenEphysTruth(spec, folder, table, video, rows, movie)
    open_ephys_text.save(table, open_ephys_text.table_lines(spec, rows))
    n_written = spec.n_frames - spec.n_unwritten + spec.n_unlisted
    header_rate_hz = spec.software.value.header_rate_hz
    write_avi(video, map(truth.frame, range(n_written)), spec.width_px, spec.height_px, spec.encoding, header_rate_hz)
    if spec.software.value.has_log:
        open_ephys_text.save(table.with_suffix(".log"), open_ephys_text.log_lines(spec, rows))
        open_ephys_text.save(table.with_suffix(".yml"), open_ephys_text.configuration_lines(spec))
    for time_s in spec.captures:
        number = int(rows.frame_count[np.searchsorted(truth.time_s, time_s)])
        stamp = f"{spec.wall_clock(time_s):%Y%m%d_%H%M%S_%f}"[:-3]
        (folder / f"{spec.table_name}frame_{number}_{stamp}.png").write_bytes(_png(truth.frame(0)))
    return truth


def segments(spec: OpenEphysSpec, n_files: int, gap_s: float = 0.25) -> tuple[OpenEphysSpec, ...]:
    """The recordings of the mode `Segmented`, or of as many pulses in the mode `Trigger`: one after the other.

    Clock and counter of the hardware run on; between two files `gap_s` seconds are not recorded.
    """
    step_s = (spec.n_frames + len(spec.lost)) / spec.rate_hz + gap_s
    first = spec.suffix if isinstance(spec.suffix, int) else None
    return tuple(
        replace(
            spec,
            suffix=spec.suffix if first is None else first + k,
            start=spec.start + timedelta(seconds=k * step_s),
            first_hardware_ms=spec.first_hardware_ms + round(k * step_s * 1000),
            first_count=spec.first_count + round(k * step_s * spec.rate_hz),
            seed=spec.seed + k,
        )
        for k in range(n_files)
    )


def make_rows(spec: OpenEphysSpec) -> Rows:
    """Rows of a recording: whole milliseconds of the hardware, moments of the computer that come late by turns."""
    rng = np.random.default_rng([spec.seed, 0x0E])
    n_sensor = spec.n_frames + len(spec.lost)
    sensor_frame = np.setdiff1d(np.arange(n_sensor), spec.lost)[: spec.n_frames]
    taken_s = np.arange(n_sensor) / spec.rate_hz
    jitter_ms = rng.integers(-1, 2, n_sensor)
    late_s = rng.uniform(0, _JITTER_S, n_sensor)
    jitter_ms[:1], late_s[:1] = 0, 0
    at_s, step_s = spec.clock_step
    received_s = taken_s * (1 + spec.clock_error) + late_s + np.where(taken_s >= at_s, step_s, 0)
    walk = 1.2 * wander(n_sensor, 4, spec.rate_hz, 0.4, rng) + np.array([0.9, 0.1, -0.2, 0.3])
    steps = np.rint(walk / np.linalg.norm(walk, axis=1, keepdims=True) * _QUATERNION_STEPS) / _QUATERNION_STEPS
    quaternion = steps[sensor_frame]
    quaternion[list(spec.invalid_rows)] = 0
    pulse = np.any([(taken_s >= begin) & (taken_s < end) for begin, end in spec.pulses], axis=0)
    inputs = np.column_stack([np.broadcast_to(pulse, n_sensor), np.arange(n_sensor) % 7 == 3])
    return Rows(
        sensor_frame=sensor_frame,
        frame_count=spec.first_count + sensor_frame,
        hardware_ms=(spec.first_hardware_ms + np.rint(taken_s * 1000).astype(np.int64) + jitter_ms)[sensor_frame],
        received_ticks=(spec.start_ticks + np.rint(received_s * TICKS_PER_S).astype(np.int64))[sensor_frame],
        quaternion=np.array([[float(open_ephys_text.single(q)) for q in row] for row in quaternion]).reshape(-1, 4),
        inputs=inputs[sensor_frame],
    )


def _png(frame: NDArray[np.uint8]) -> bytes:
    """A gray picture in the simplest form of PNG."""
    height, width = frame.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in frame)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
