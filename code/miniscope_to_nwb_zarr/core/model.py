"""The one language between discovery, writing and metadata.

A `Session` is everything that is known of what one store will hold before a frame is read. It is immutable. Times are
seconds, counted from the start of the `Recording` they belong to; `Recording.offset_s` places that start in the
session.

    Session                 one store: usually one recording, several with ``--combine``
      Recording             one press of the record button
        Stream              one device in that recording: a scope or a behaviour camera
          Segment           a run of consecutive frames of one video file, each with its own row of the time table
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.timing import steady

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.findings import Finding


class DeviceKind(StrEnum):
    """What a device records."""

    SCOPE = "scope"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the recording, as found on disk."""

    path: Path
    size_bytes: int
    text: str | None = None
    """The file's text, verbatim, where the file is small and kept in the store; None for video and large tables."""


@dataclass(frozen=True, slots=True)
class Roi:
    """The part of the sensor that was saved, in sensor pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Device:
    """A scope or camera and the settings it had when the recording began.

    Every setting is optional: acquisition software writes text where numbers are expected, and older versions write
    less.
    """

    name: str
    """The name of the device's folder. It is the device's name in every output."""
    label: str
    """The name that the lab gave the device, with its spaces."""
    kind: DeviceKind
    model: str | None = None
    """`deviceType`, e.g. ``Miniscope_V4_BNO``."""
    roi: Roi | None = None
    nominal_rate_hz: float | None = None
    """The rate asked for. A request, not a fact: sensors fall back to their default after a reconnect."""
    gain: str | None = None
    led_percent: float | None = None
    """Excitation LED, 0-100 % of its range; None where the scale is not known to be per cent."""
    focus: float | None = None
    """Electrowetting lens (`ewl`), -127 to 127, in steps of the driver."""
    compression: str | None = None
    frames_per_file: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """All of the device's settings file, parsed; empty when there is none."""


@dataclass(frozen=True, slots=True)
class Picture:
    """How the frames of a stream are stored in its video files."""

    width_px: int
    height_px: int
    codec: str
    pixel_format: str
    bit_depth: int
    """8 or 16 bits of the stored array: `uint8` or `uint16`."""
    is_color: bool = False
    has_checksum: bool = False
    """Each frame carries a checksum, by which the decoder knows a damaged one."""
    is_seen: bool = True
    """A frame was decoded; else the header of a file tells of size and codec, and nothing of colours and depth."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of a frame once it is stored."""
        return np.dtype("<u2" if self.bit_depth > 8 else "u1")


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive frames of one video file that belong to consecutive frames of the stream."""

    path: Path
    first_in_file: int
    n_frames: int


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows of the time table that have no frame: the frames were taken and are not in the files."""

    first_row: int
    n_rows: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class TimeTable:
    """The time table of one device, one entry per row of the file, in the file's order.

    Attributes
    ----------
    time_s : float64, shape (n_rows,)
        Seconds from the start of the recording; negative for frames taken before it; NaN where the row is unreadable.
    frame_number : int64, shape (n_rows,)
        The number of the saved frame that the row describes, counted from 0 over all files; -1 where unreadable.
    queue_depth : int64, shape (n_rows,), or None
        Frames waiting to be written (`Buffer Index`); 127 means that the next frames are lost.
    hardware_count : int64, shape (n_rows,), or None
        Frame counter of the acquisition hardware, -1 where it could not be read.
    extra : mapping of header name to array of numbers, shape (n_rows,)
        All further columns of numbers.
    hardware_count_header : str
        The name of the counter's column.
    hardware_count_bits : int
        Width of the counter: it begins again at 0 after 2 ** bits frames.
    """

    path: Path
    time_s: NDArray[np.float64]
    frame_number: NDArray[np.int64]
    queue_depth: NDArray[np.int64] | None = None
    hardware_count: NDArray[np.int64] | None = None
    extra: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    hardware_count_header: str = "DAQ Frame Number"
    hardware_count_bits: int = 16

    @property
    def n_rows(self) -> int:
        """Rows of the table, unreadable ones included."""
        return len(self.time_s)


@dataclass(frozen=True, slots=True, eq=False)
class Orientation:
    """Head orientation measured by the scope.

    Attributes
    ----------
    time_s : float64, shape (n,)
        Seconds from the start of the recording, as written in the file.
    quaternion : float64, shape (n, 4)
        Unit quaternion, scalar first (w, x, y, z), as written in the file.
    is_valid : bool, shape (n,)
        False where the quaternion is not of unit length (all zeros after a failed reading, for example).
    """

    path: Path
    time_s: NDArray[np.float64]
    quaternion: NDArray[np.float64]
    is_valid: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Numbers recorded beside the frames on stamps of their own: digital inputs, a sensor's readings, buffers.

    Attributes
    ----------
    name : str
        Letters and digits: the first part of the name of its series.
    description : str
        What it is and which file it comes from.
    unit : str
        SI symbol or name; empty where the numbers have none.
    time_s : float64, shape (n,)
        Seconds from the start of the recording.
    values : array of numbers, shape (n,) or (n, len(columns))
    columns : tuple of str
        What each column of `values` holds; empty where there is one only.
    """

    name: str
    description: str
    unit: str
    time_s: NDArray[np.float64]
    values: NDArray[Any]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A remark typed during the recording."""

    time_s: float
    text: str


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """A setting of a device that was changed during the recording."""

    time_s: float
    device: str
    setting: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Live pose estimates.

    Attributes
    ----------
    frame_count : int64, shape (n,)
        The camera's count of frames since it began to stream, which is not the number of the saved frame.
    x_px, y_px, likelihood : float64, shape (n, n_points)
    """

    path: Path
    frame_count: NDArray[np.int64]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    likelihood: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """What one device recorded: its frames, where they are, and when they were taken."""

    device: Device
    table: TimeTable
    rows: NDArray[np.int64]
    """Shape (n_frames,): for each frame of the stream the row of the time table that describes it."""
    segments: tuple[Segment, ...]
    video_files: tuple[SourceFile, ...]
    """Every video file of this recording, also those of which no frame could be placed."""
    picture: Picture | None = None
    """None when no frame is there."""
    losses: tuple[Loss, ...] = ()
    orientation: Orientation | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def n_frames(self) -> int:
        """Frames that have a time stamp."""
        return len(self.rows)

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Shape (n_frames,): the stamp of each frame, in seconds from the start of the recording."""
        return self.table.time_s[self.rows]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One press of the record button: all devices that ran, on one clock."""

    folder: Path
    start: datetime
    """Time zone aware, with the offset from UTC that the recording proves or the user gave."""
    streams: tuple[Stream, ...]
    offset_s: float = 0.0
    """Seconds from the start of the session to the start of this recording."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """All of the recording's settings file, parsed; empty when there is none."""
    notes: tuple[Note, ...] = ()
    property_changes: tuple[PropertyChange, ...] = ()
    pose: Pose | None = None
    files: tuple[SourceFile, ...] = ()
    """Every file of the recording that is not video: settings, tables, notes, pictures."""
    label: str = ""
    """What its files are called, where a folder holds several recordings."""

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the last stamp of any device that can be right; 0 when there is none."""
        tables = (steady(stream.table.time_s[np.isfinite(stream.table.time_s)]) for stream in self.streams)
        return max((float(time_s.max()) for time_s in tables if len(time_s)), default=0.0)

    @property
    def shown_name(self) -> str:
        """What people know the recording by."""
        return self.label or self.folder.name

    def streams_of(self, kind: DeviceKind) -> tuple[Stream, ...]:
        """The streams of all scopes, or of all cameras."""
        return tuple(stream for stream in self.streams if stream.device.kind is kind)


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What goes into one store."""

    name: str
    """``<subject>_<YYYY-MM-DD>_<HH-MM-SS>``, the name of the output folder."""
    layout: str
    subject_id: str | None
    """As used in every output: letters, digits and hyphens only."""
    subject_label: str | None
    """As the lab wrote it."""
    recordings: tuple[Recording, ...]
    experimenter: str | None = None
    experiment: str | None = None
    timezone: str | None = None
    """IANA name, only if the user gave it."""
    findings: tuple[Finding, ...] = ()

    @property
    def start(self) -> datetime:
        """Start of the first recording."""
        return self.recordings[0].start

    @property
    def streams(self) -> tuple[tuple[Recording, Stream], ...]:
        """Every stream with the recording it belongs to."""
        return tuple((recording, stream) for recording in self.recordings for stream in recording.streams)

    @property
    def source_files(self) -> tuple[SourceFile, ...]:
        """Every file that the session was made of, video included."""
        found: list[SourceFile] = []
        for recording in self.recordings:
            found += recording.files
            for stream in recording.streams:
                found += stream.video_files
        return tuple(found)
