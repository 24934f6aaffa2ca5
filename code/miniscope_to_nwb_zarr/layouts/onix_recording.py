"""One recording of a Miniscope V4 on ONIX: its frames, its sensor, its port, on the acquisition clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import (
    Device,
    DeviceKind,
    Orientation,
    PropertyChange,
    Recording,
    Signal,
    TimeTable,
)
from miniscope_to_nwb_zarr.layouts.contract import Failure
from miniscope_to_nwb_zarr.layouts.onix_sets import Kind, OnixSet
from miniscope_to_nwb_zarr.layouts.recording_start import settle_start
from miniscope_to_nwb_zarr.layouts.session import require_frames, session_of
from miniscope_to_nwb_zarr.layouts.source_files import source_file
from miniscope_to_nwb_zarr.layouts.stream import read_stream
from miniscope_to_nwb_zarr.layouts.subject import find_subject
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.sources.bno055_csv import read_inertial
from miniscope_to_nwb_zarr.sources.line_clocks_raw import read_line_clocks
from miniscope_to_nwb_zarr.sources.onix_start_csv import AcquisitionStart, read_acquisition_start
from miniscope_to_nwb_zarr.sources.port_status_csv import PortStatus, read_port_status
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session, SourceFile, Stream
    from miniscope_to_nwb_zarr.layouts.contract import Request

DEVICE, LABEL = "Miniscope_V4", "Miniscope V4"
# how far the sensor's readings may begin after the first frame and end before the last
_READINGS_LATE_S = 1.0
# a report of the port reaches the computer at once
_REPORT_LATE_S = 5.0


def read_recording(
    layout: str, one: OnixSet, others: Sequence[SourceFile], request: Request, label: str
) -> Session | Failure:
    """Read everything of a recording but its frames. What keeps it from being converted makes it a `Failure`.

    Parameters
    ----------
    layout : str
    one : OnixSet
        Its files.
    others : sequence of SourceFile
        What lies beside them and is kept.
    request : Request
    label : str
        What its files are called, where a folder holds several recordings.
    """
    findings = list(one.findings)
    try:
        return _assemble(layout, one, others, request, label, findings)
    except InputError as error:
        return Failure(one.clock.parent, str(error), tuple(findings), label)


def _assemble(
    layout: str,
    one: OnixSet,
    others: Sequence[SourceFile],
    request: Request,
    label: str,
    findings: list[Finding],
) -> Session:
    _require_one_of_each(one)
    start_file, begin = _acquisition(one, findings)
    clock_hz = _clock_hz(begin, start_file)
    stream = _frames(one, begin, clock_hz, findings)
    require_frames((stream,))
    reports = _reports(one.chosen.get(Kind.PORT), findings)
    findings += _report_times(reports, begin, clock_hz, start_file)
    unknown = f"{shown(start_file.name)} holds no time that can be read"
    start, more = settle_start(begin.start, None, request, shown(start_file.name), unknown=unknown)
    findings += more
    subject, more = find_subject(None, request, ".")
    findings += more
    changes = tuple(PropertyChange(r.clock / clock_hz, DEVICE, "PortStatus", r.status) for r in reports)
    beside = (one.clock, *(path for kind, path in one.chosen.items() if kind is not Kind.VIDEO))
    own = (source_file(path, shown(path.name)) for path in beside)
    recording = Recording(
        folder=one.clock.parent,
        start=start,
        streams=(stream,),
        property_changes=changes,
        files=(*own, *others),
        label=label,
    )
    return session_of(layout, recording, subject, request, findings)


def _require_one_of_each(one: OnixSet) -> None:
    """Refuse a recording of which it is not known which files it has."""
    for kind, what in ((Kind.VIDEO, "videos"), (Kind.START, "files of the start")):
        if kind in one.rivals:
            names = ", ".join(shown(path.name) for path in one.rivals[kind])
            raise InputError(
                f"{shown(one.clock.name)}: its number and its contents do not tell which of the {what} {names} belongs "
                "to it. Give the files of a recording the same number in a copy, or name them with --video_files, "
                "--timestamps_file (the clock) and --device_metadata_file (the start)"
            )


def _acquisition(one: OnixSet, findings: list[Finding]) -> tuple[Path, AcquisitionStart]:
    path = one.chosen.get(Kind.START)
    if path is None:
        raise InputError(
            f"{shown(one.clock.name)}: there is no start-time file (.csv with AcquisitionClockHz) with it. It tells "
            "how fast the clock runs, without which frames cannot be placed in time; --start_time does not replace it. "
            "Put the file back"
        )
    begin, more = read_acquisition_start(path, shown(path.name))
    findings += more
    if begin is None:
        problem = f"{shown(path.name)}: {more[-1].sentence}"
        raise InputError(f"{problem}. The file tells how fast the clock runs; put the original back")
    return path, begin


def _clock_hz(begin: AcquisitionStart, start_file: Path) -> int:
    if begin.clock_hz is None:
        written = next(v for k, v in begin.settings.items() if k.casefold() == "acquisitionclockhz")
        raise InputError(
            f"{shown(start_file.name)}: AcquisitionClockHz is {written!r}, expected the clock's ticks in a second, "
            "a whole number from one million to ten billion (ONIX has 250000000). Frames cannot be placed in time; put "
            "the original file back"
        )
    return begin.clock_hz


def _frames(one: OnixSet, begin: AcquisitionStart, clock_hz: int, findings: list[Finding]) -> Stream:
    """The frames with their stamps, and what the sensor measured beside them."""
    where, video = shown(one.clock.name), one.chosen.get(Kind.VIDEO)
    if video is None:
        raise InputError(f"{where}: there is no video (.avi) with it")
    clocks, more = read_line_clocks(one.clock, where)
    findings += more
    if clocks is None:
        raise InputError(f"{where}: holds the clock of no whole frame: when the frames were taken is not known")
    videos = read_videos({0: video}, "", raw16_is_gray=True)
    findings += videos.findings
    table = TimeTable(
        path=one.clock,
        time_s=np.where(clocks.is_placed, clocks.first / clock_hz, np.nan),
        frame_number=np.arange(clocks.n_frames),
        extra={"Clock first line": clocks.first, "Clock last line": clocks.last},
    )
    device = Device(
        name=DEVICE,
        label=LABEL,
        kind=DeviceKind.SCOPE,
        model="Miniscope_V4",
        # one video holds all
        frames_per_file=clocks.n_frames,
        settings=begin.settings,
    )
    reading = read_stream(device, table, videos, "", lambda _: video.name)
    findings += reading.findings
    orientation, signals = _inertial(one, table, clock_hz, findings)
    return replace(reading.stream, orientation=orientation, signals=signals)


def _inertial(
    one: OnixSet, table: TimeTable, clock_hz: int, findings: list[Finding]
) -> tuple[Orientation | None, tuple[Signal, ...]]:
    path = one.chosen.get(Kind.INERTIAL)
    if path is None:
        names = ", ".join(shown(path.name) for path in one.rivals.get(Kind.INERTIAL, ()))
        why = f"it is not known which of {names} is its own" if names else "there is none (bno055, 16 columns)"
        sentence = f"the recording has no table of the inertial sensor: {why}; there is no head orientation"
        findings.append(Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, ".", sentence))
        return None, ()
    where = shown(path.name)
    readings, more = read_inertial(path, where, clock_hz)
    findings += more
    if readings is None:
        return None, ()
    own, frames = readings.orientation.time_s, table.time_s[np.isfinite(table.time_s)]
    if len(frames) and (own[0] > frames[0] + _READINGS_LATE_S or own[-1] < frames[-1] - _READINGS_LATE_S):
        sentence = (
            f"its rows run from {own[0]:.3f} to {own[-1]:.3f} s, the frames from {frames[0]:.3f} to {frames[-1]:.3f} s"
        )
        numbers = {"first_s": float(own[0]), "last_s": float(own[-1])}
        findings.append(Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, where, sentence, numbers))
    return readings.orientation, readings.signals


def _reports(port: Path | None, findings: list[Finding]) -> tuple[PortStatus, ...]:
    if port is None:
        return ()
    reports, more = read_port_status(port, shown(port.name))
    findings += more
    return reports


def _report_times(
    reports: Sequence[PortStatus], begin: AcquisitionStart, clock_hz: int, start_file: Path
) -> tuple[Finding, ...]:
    """Whether the computer had the reports of the port when clock and start say."""
    if begin.start is None or begin.start.instant is None:
        return ()
    late = [
        (report.received.instant - begin.start.instant).total_seconds() - report.clock / clock_hz
        for report in reports
        if report.received.instant is not None
    ]
    if not late or abs(float(np.median(late))) <= _REPORT_LATE_S:
        return ()
    sentence = (
        f"by the reports of the port the recording began {np.median(late):.1f} s later than this file says (a negative "
        "number: earlier); the file may belong to another recording"
    )
    numbers = {"difference_s": float(np.median(late))}
    return (Finding(Code.START_UNCERTAIN, Severity.WARNING, shown(start_file.name), sentence, numbers),)
