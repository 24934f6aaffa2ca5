"""One recording of mio: a video, the table of its buffers, and what else has their name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Recording, SourceFile
from miniscope_to_nwb_zarr.core.timing import first_sound
from miniscope_to_nwb_zarr.layouts.contract import Failure
from miniscope_to_nwb_zarr.layouts.mio.doubts import doubts_of_buffers, doubts_of_clock
from miniscope_to_nwb_zarr.layouts.mio.files import RAW_STREAM
from miniscope_to_nwb_zarr.layouts.mio.frames import Written, frames_of_buffers
from miniscope_to_nwb_zarr.layouts.mio.table import FrameTable, frame_table, judge_buffers
from miniscope_to_nwb_zarr.layouts.recording_start import settle_start
from miniscope_to_nwb_zarr.layouts.session import require_frames, session_of
from miniscope_to_nwb_zarr.layouts.source_files import kept_files, size_of, source_file
from miniscope_to_nwb_zarr.layouts.stream import read_stream
from miniscope_to_nwb_zarr.layouts.subject import find_subject
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.sources import buffers_csv as csv
from miniscope_to_nwb_zarr.sources import failed_reads
from miniscope_to_nwb_zarr.sources.avi import NotAnAviError, scan_avi
from miniscope_to_nwb_zarr.sources.start_time import StartTime
from miniscope_to_nwb_zarr.sources.tree import shown
from miniscope_to_nwb_zarr.sources.video import UndecodableError, VideoFile

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.layouts.mio.files import RecordingFiles
    from miniscope_to_nwb_zarr.layouts.video_files import Videos

_DEVICE = "Miniscope"
_EARLIEST_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST_S = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


def read_recording(layout: str, files: RecordingFiles, request: Request) -> Session | Failure:
    """Read everything of a recording but its frames. What keeps it from being converted makes it a `Failure`."""
    findings: list[Finding] = []
    try:
        return _assemble(layout, files, request, findings)
    except InputError as error:
        return Failure(files.video.parent, str(error), tuple(findings), files.label)


def _assemble(layout: str, files: RecordingFiles, request: Request, findings: list[Finding]) -> Session:
    where = shown(files.table.name)
    videos = read_videos({0: files.video}, "")
    findings += videos.findings
    if videos.n_frames == 0:
        raise InputError(f"{shown(files.video.name)}: no frame can be read: it is no video, or nothing in it decodes")
    table, more = csv.read_buffers(files.table, where)
    findings += more
    if table is None:
        raise InputError(f"{where}: {'; '.join(finding.sentence for finding in more)}")
    is_first_black = not table.has(csv.INDEX) and _is_first_black(files.video)
    frame, more = frames_of_buffers(table, Written(videos.n_frames, videos.files[0].is_whole, is_first_black), where)
    findings += more
    buffers = judge_buffers(table, frame)
    found = frame_table(buffers)
    findings += doubts_of_buffers(buffers, found.table, where)
    findings += doubts_of_clock(found, where)
    # all frames are in one file, however many the table tells of
    device = Device(_DEVICE, _DEVICE, DeviceKind.SCOPE, nominal_rate_hz=_header_rate_hz(files.video))
    reading = read_stream(device, found.table, videos, "", per_file=_span(found, videos))
    # in a table without numbers only the black picture is without a row, and that has been said
    said = set() if table.has(csv.INDEX) else {Code.ROWS_RENUMBERED}
    findings += [finding for finding in reading.findings if finding.code not in said]
    stream = replace(reading.stream, signals=(found.signal,))
    require_frames([stream])
    start, more = _start(found, request, where, is_late=not table.has(csv.RECEIVED))
    findings += more
    subject, more = find_subject(None, request, where)
    findings += more
    kept, more = _kept(files, request)
    findings += more
    recording = Recording(files.video.parent, start, (stream,), files=kept, label=files.label)
    return session_of(layout, recording, subject, request, findings)


def _is_first_black(video: Path) -> bool:
    try:
        with VideoFile(video) as opened:
            picture = opened.read(0).array
    except (UndecodableError, NotAnAviError, OSError) as error:
        failed_reads.note(video, error)
        return False
    return picture is not None and not picture.any()


def _header_rate_hz(video: Path) -> float | None:
    """What mio was asked for: it writes the rate of its configuration into the header."""
    try:
        return scan_avi(video).header_rate_hz or None
    except (NotAnAviError, OSError) as error:
        failed_reads.note(video, error)
        return None


def _span(found: FrameTable, videos: Videos) -> int:
    return max(int(found.table.frame_number.max(initial=0)) + 1, videos.n_frames)


def _start(found: FrameTable, request: Request, where: str, *, is_late: bool) -> tuple[datetime, tuple[Finding, ...]]:
    """When the first frame was taken, by the time of day at which its buffer was received."""
    is_told = np.isfinite(found.table.time_s) & (found.received_s > _EARLIEST_S) & (found.received_s < _LATEST_S)
    recorded = None
    doubts: tuple[Finding, ...] = ()
    if is_told.any():
        begin_s = (found.received_s - found.table.time_s)[is_told]
        first, doubts = first_sound(begin_s, where, csv.RECEIVED)
        recorded = StartTime(datetime.fromtimestamp(begin_s[first], UTC), None)
    unknown = f"{where} has no usable {csv.RECEIVED!r}, and no other file of mio tells it"
    start, findings = settle_start(recorded, None, request, where, unknown=unknown)
    if recorded is not None and request.timezone is None:
        late = ", and the table tells only when its row was written, a little later" * is_late
        sentence = (
            f"the recording began at {start:%Y-%m-%d %H:%M:%S} UTC, when its first buffer came{late}; the time zone is "
            "not recorded: give it with --timezone, so that names and times of day are local"
        )
        findings += (Finding(Code.START_UNCERTAIN, Severity.WARNING, where, sentence),)
    return start, doubts + findings


def _kept(files: RecordingFiles, request: Request) -> tuple[tuple[SourceFile, ...], tuple[Finding, ...]]:
    """The files that are kept beside the video; the raw stream without its text."""
    raw = [path for path in files.others if path.suffix.casefold() == RAW_STREAM]
    rest = [path for path in files.others if path not in raw]
    kept, findings = kept_files(rest, (), "")
    named = [source_file(files.table, files.table.name)]
    settings = request.device_metadata_file
    if settings is not None:
        if not settings.is_file():
            raise InputError(f"--device_metadata_file: {settings} is not there, or is not a file")
        named.append(source_file(settings.resolve(), settings.name, is_always_text=True))
    return (*named, *(SourceFile(path, size_of(path)) for path in raw), *kept), findings
