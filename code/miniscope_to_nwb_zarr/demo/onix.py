"""Writes a recording of a Miniscope V4 on ONIX as the workflow of its documentation does (reference formats 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.motion import wander
from miniscope_to_nwb_zarr.demo.movie import ScopeMovie

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LINES = 608
"""Lines of the sensor: so many clocks are written for a frame, whatever the size of the picture."""
HEADER_RATE_HZ = 30
_LINE_S = 27e-6
_INERTIAL_RATE_HZ = 100.0
# clock, 3 angles, 4 of the quaternion, 3 + 3 accelerations, temperature
_INERTIAL_WIDTH = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class OnixSpec:
    """One run of the workflow."""

    suffix: str = "0"
    """What Bonsai appends to every name: a count of files, or a moment as ``2026-07-30T14_59_23``."""
    suffixes: Mapping[str, str] = field(default_factory=dict)
    """Other suffixes for some of the writers (`video`, `clock`, `start`, `inertial`, `port`): counts that drifted."""
    start: datetime = datetime(2026, 7, 30, 14, 59, 23, 123_456, timezone(timedelta(hours=-4)))
    """When the acquisition clock was 0."""
    clock_hz: int = 250_000_000
    width_px: int = 64
    height_px: int = 48
    """The sensor has 608 x 608 pixels; tests need fewer."""
    encoding: Encoding = Encoding.DIB
    n_frames: int = 25
    """Frames of which the clocks are saved."""
    n_unflushed: int = 0
    """Frames at the end that are not in the video."""
    rate_hz: float = 30.0
    first_frame_s: float = 1.37
    """When the first frame began."""
    lost: tuple[int, ...] = ()
    """Frames of the sensor, counted from the first saved one, that were not saved: a gap in time."""
    has_header: bool = True
    """Whether the start has a header, as since 2025."""
    has_inertial: bool = True
    n_identity: int = 2
    """Rows at the beginning in which the sensor has no orientation yet."""
    port_status: tuple[tuple[float, str], ...] = ((0.02, "SerdesLock, SerdesParityPass"),)
    """Seconds from the start, and what the port reported; empty: an empty file."""
    seed: int = 0

    def name(self, kind: str) -> str:
        """The name of a file."""
        stem, ending = _NAMES[kind]
        return f"{stem}_{self.suffixes.get(kind, self.suffix)}{ending}"


_NAMES = {
    "video": ("ucla-miniscope-v4-video", ".avi"),
    "clock": ("ucla-miniscope-v4-clock", ".raw"),
    "start": ("start-time", ".csv"),
    "inertial": ("bno055", ".csv"),
    "port": ("port-status", ".csv"),
}


@dataclass(frozen=True, slots=True, eq=False)
class OnixTruth:
    """What a run wrote, to hold a conversion against."""

    spec: OnixSpec
    folder: Path
    clock: NDArray[np.uint64]
    """Shape (n_frames, 608)."""
    sensor_frame: NDArray[np.int64]
    """Shape (n_frames,): number of each frame at the sensor, lost ones counted."""
    inertial: NDArray[np.float64]
    """Shape (n, 15): clock, yaw, pitch, roll, x, y, z, w, linear acceleration, gravity, temperature, as written."""
    movie: ScopeMovie

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Shape (n_frames,): seconds from the start to each frame."""
        return self.clock[:, 0] / self.spec.clock_hz

    def path(self, kind: str) -> Path:
        """A file: `video`, `clock`, `start`, `inertial` or `port`."""
        return self.folder / self.spec.name(kind)

    def frame(self, number: int) -> NDArray[Any]:
        """A frame before it was encoded, uint8 or uint16 with levels to 1023, shape (height_px, width_px)."""
        frame = self.movie.frame(int(self.sensor_frame[number]))
        barcode.draw(frame, number)
        if self.spec.encoding.bit_depth == 8:
            return frame
        fine = (np.arange(frame.size).reshape(frame.shape) + number) & 3
        return (frame.astype(np.uint16) << 2) + fine.astype(np.uint16)


def write_onix(spec: OnixSpec, folder: Path) -> OnixTruth:
    """Write one run into a folder, which may hold others.

    Parameters
    ----------
    spec : OnixSpec
        What to write.
    folder : Path
        Created if missing.

    Returns
    -------
    OnixTruth
    """
    folder.mkdir(parents=True, exist_ok=True)
    sensor_frame = np.setdiff1d(np.arange(spec.n_frames + len(spec.lost)), spec.lost)
    n_sensor = spec.n_frames + len(spec.lost)
    movie = ScopeMovie(spec.width_px, spec.height_px, n_sensor, spec.rate_hz, spec.seed)
    clock = _clock(spec, sensor_frame)
    truth = OnixTruth(spec, folder, clock, sensor_frame, _inertial(spec, clock), movie)
    truth.path("clock").write_bytes(clock.astype("<u8").tobytes())
    frames = map(truth.frame, range(spec.n_frames - spec.n_unflushed))
    write_avi(truth.path("video"), frames, spec.width_px, spec.height_px, spec.encoding, HEADER_RATE_HZ)
    _write(truth.path("start"), _start_lines(spec))
    _write(truth.path("port"), _port_lines(spec))
    if spec.has_inertial:
        _write(truth.path("inertial"), map(_inertial_line, range(len(truth.inertial)), [truth] * len(truth.inertial)))
    return truth


def stamp(when: datetime, ticks: int = 0) -> str:
    """A moment as .NET prints it, with `ticks` of 100 ns behind the microseconds."""
    return f"{when:%Y-%m-%dT%H:%M:%S.%f}{ticks}{when:%z}"[:-2] + f":{f'{when:%z}'[-2:]}"


def _clock(spec: OnixSpec, sensor_frame: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The clock at each line: frames that are never perfectly regular, lines that nearly are."""
    rng = np.random.default_rng([spec.seed, 0x0C10])
    begin_s = spec.first_frame_s + sensor_frame / spec.rate_hz + rng.uniform(-2e-4, 2e-4, len(sensor_frame))
    step = np.rint(_LINE_S * spec.clock_hz) + rng.integers(-3, 4, (len(sensor_frame), LINES))
    step[:, 0] = 0
    clock: NDArray[np.uint64] = (np.rint(begin_s * spec.clock_hz)[:, None] + step.cumsum(axis=1)).astype(np.uint64)
    return clock


def _inertial(spec: OnixSpec, clock: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The readings of the sensor, to the digits that are written."""
    rng = np.random.default_rng([spec.seed, 0xB055])
    first_s, last_s = float(clock[0, 0]) / spec.clock_hz - 0.03, float(clock[-1, -1]) / spec.clock_hz + 0.02
    n_rows = max(int((last_s - first_s) * _INERTIAL_RATE_HZ), 1)
    time_s = first_s + np.arange(n_rows) / _INERTIAL_RATE_HZ + rng.uniform(0, 1e-3, n_rows)
    readings = np.empty((n_rows, _INERTIAL_WIDTH))
    readings[:, 0] = np.rint(time_s * spec.clock_hz)
    path = wander(n_rows, 7, _INERTIAL_RATE_HZ, 1.0, rng)
    quaternion = np.column_stack([path[:, :3], 1 + np.abs(path[:, 3])])
    # steps of the sensor: 1/16384, 1/16 degree, 1/100 m/s^2, 1 degree Celsius
    readings[:, 4:8] = np.rint(quaternion / np.linalg.norm(quaternion, axis=1)[:, None] * 16384) / 16384
    readings[: spec.n_identity, 4:8] = [0, 0, 0, 1]
    readings[:, 1:4] = np.rint(path[:, 4:] * 60 * 16) / 16
    readings[:, 8:14] = np.rint(rng.normal(0, 3, (n_rows, 6)) * 100) / 100
    readings[:, 14] = 31 + rng.integers(0, 2, n_rows)
    # .NET prints seven digits of such a number
    readings[:, 4:8] = [[float(f"{value:.7g}") for value in row] for row in readings[:, 4:8].tolist()]
    return readings


def _inertial_line(row: int, truth: OnixTruth) -> str:
    clock, *values = truth.inertial[row].tolist()
    words = [f"{value:.7g}".upper() for value in values]
    is_identity = values[3:7] == [0, 0, 0, 1]
    return ",".join([f"{clock:.0f}", *words[:7], str(is_identity), *words[7:]])


def _start_lines(spec: OnixSpec) -> list[str]:
    row = f"{stamp(spec.start, 7)},{spec.clock_hz},8192,2048"
    return ["Timestamp,Value.AcquisitionClockHz,Value.BlockReadSize,Value.BlockWriteSize", row][not spec.has_header :]


def _port_lines(spec: OnixSpec) -> Iterable[str]:
    for time_s, status in spec.port_status:
        # the computer gets a report some milliseconds after it was made
        received = spec.start + timedelta(seconds=time_s + 0.004)
        yield f"{stamp(received, 3)},{round(time_s * spec.clock_hz)},{status}"


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\r\n")
