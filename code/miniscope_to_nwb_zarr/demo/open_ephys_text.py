"""The texts that Open Ephys' software writes, as .NET prints them (reference formats 3.1, 3.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Rows

_GUI = "FrameNumber,HardwareTime,Quaternion_X,Quaternion_Y,Quaternion_Z,Quaternion_W,DigitalIn0,DigitalIn1,Timestamp"
_BONSAI = "Timestamp,Value.Item1,Value.Item2.W,Value.Item2.X,Value.Item2.Y,Value.Item2.Z"
_TICKS_PER_US = 10


def save(path: Path, lines: Iterable[str]) -> None:
    """Write lines as .NET does on Windows."""
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())


def single(value: float) -> str:
    """A number of 32 bits with the digits that tell it from its neighbours: ``0.0215548109``, ``1E-05``."""
    return f"{float(np.float32(value)):.9g}".upper()


def moment(spec: OpenEphysSpec, ticks: int, time_s: float) -> str:
    """A moment of the computer's clock in 100 ns after the start: ``2026-07-30T14:59:24.0823808-04:00``."""
    offset = spec.offset(time_s)
    shift = offset - (spec.start.utcoffset() or timedelta(0))
    shown = spec.start.replace(tzinfo=None) + timedelta(microseconds=ticks // _TICKS_PER_US) + shift
    minutes = round(offset / timedelta(minutes=1))
    sign, size = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{shown.isoformat(timespec='microseconds')}{ticks % _TICKS_PER_US}{sign}{size // 60:02}:{size % 60:02}"


def table_lines(spec: OpenEphysSpec, rows: Rows) -> Iterator[str]:
    """Lines of the table of frames."""
    habits = spec.software.value
    if habits.has_header:
        yield _GUI if habits.has_hardware_time else _BONSAI
    for k in range(len(rows.frame_count)):
        w, x, y, z = (single(value) for value in rows.quaternion[k])
        count, hardware = str(rows.frame_count[k]), str(rows.hardware_ms[k])
        inputs = [str(bool(value)) for value in rows.inputs[k]]
        stamp = moment(spec, int(rows.received_ticks[k]), float(rows.sensor_frame[k]) / spec.rate_hz)
        if habits.has_hardware_time:
            fields = [count, hardware, x, y, z, w, *inputs, stamp]
        elif habits.has_header:
            fields = [stamp, count, w, x, y, z]
        else:
            fields = [stamp, count, inputs[0], *([w, x, y, z] if habits.has_orientation else [])]
        yield ",".join(fields)


def log_lines(spec: OpenEphysSpec, rows: Rows) -> Iterator[str]:
    """Lines of the log, quoted where they must be."""
    end_s = float(rows.sensor_frame[-1]) / spec.rate_hz
    entries = [(-0.161, "Info", "Recording started"), *sorted(spec.messages)]
    if spec.is_stopped:
        entries += [(end_s + 0.02, "Info", "Stopping recording."), (end_s + 0.022, "Info", "Recording stopped")]
    yield "Timestamp,FrameNumber,Level,Message"
    for time_s, level, message in entries:
        row = max(int(np.searchsorted(rows.sensor_frame / spec.rate_hz, time_s, side="right")) - 1, 0)
        stamp = spec.wall_clock(time_s).isoformat(sep=" ", timespec="milliseconds")
        yield ",".join(quoted(field) for field in (stamp, str(rows.frame_count[row]), level, message))


def configuration_lines(spec: OpenEphysSpec) -> Iterator[str]:
    """Lines of the configuration, as YamlDotNet prints the properties of `MiniscopeConfiguration`."""
    yield from (
        "Camera:",
        "  CameraIndex: 0",
        "Hardware:",
        "  Miniscope:",
        f"    LedBrightness: {spec.led_percent:g}",
        f"    Focus: {spec.focus_percent:g}",
        "    SensorGain: Medium",
        f"    FrameRate: Fps{spec.rate_hz:.0f}",
        "    LedRespectsDigitalIn: None",
        "  Commutator:",
        "    PortName: ''",
        "    Enable: true",
        "Display:",
        "  Saturation:",
        "    Threshold: 192",
        "File:",
        f"  RecordingMode: {spec.recording_mode}",
        "  CompressVideo: false",
        f"  FileName: C:\\data\\{spec.table_name}",
        "  Suffix: FileCount",
        "  RecordingDuration: 600",
        "  SegmentMode: SingleFile",
        "  TriggerInput: DigitalIn0",
    )


def quoted(field: str) -> str:
    """A field of a table as RFC 4180 has it."""
    return '"' + field.replace('"', '""') + '"' if any(ch in field for ch in ',"\r\n') else field
