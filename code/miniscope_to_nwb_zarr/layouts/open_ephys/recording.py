"""One recording of Open Ephys' software: a scope, its table, and what was written beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Note, PropertyChange, Recording
from miniscope_to_nwb_zarr.layouts.contract import Failure
from miniscope_to_nwb_zarr.layouts.open_ephys.pairs import suffix_of
from miniscope_to_nwb_zarr.layouts.open_ephys.table import HARDWARE, TableReading, read_frame_table
from miniscope_to_nwb_zarr.layouts.recording_start import settle_start
from miniscope_to_nwb_zarr.layouts.session import require_frames, session_of
from miniscope_to_nwb_zarr.layouts.source_files import source_file
from miniscope_to_nwb_zarr.layouts.stream import doubtful_gap, read_stream
from miniscope_to_nwb_zarr.layouts.subject import find_subject
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.sources.open_ephys_log import read_log
from miniscope_to_nwb_zarr.sources.open_ephys_yml import ScopeFacts, read_configuration
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session, SourceFile
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.layouts.open_ephys.sets import RecordingFiles
    from miniscope_to_nwb_zarr.layouts.video_files import Videos

_SCOPE, _CAMERA = "Miniscope_V4", "MiniCAM"
# what the older example workflows make of every picture
_RESIZED_PX = (1024, 768)
_NO_START = "no row of the table has a moment in ISO 8601"


def read_recording(layout: str, folder: Path, files: RecordingFiles, request: Request) -> Session | Failure:
    """Read everything of a recording but its frames. What keeps it from being converted makes it a `Failure`."""
    findings: list[Finding] = []
    try:
        return _assemble(layout, folder, files, request, findings)
    except InputError as error:
        return Failure(folder, str(error), tuple(findings), shown(files.label))


def _assemble(layout: str, folder: Path, files: RecordingFiles, request: Request, findings: list[Finding]) -> Session:
    where = shown(files.table.name)
    if not files.videos:
        raise InputError(
            f"{where}: the table of a recording without its video: there is no AVI file of this name, or of one that "
            "begins alike and ends with the same count or second. Put it back, or name both with --video_files and "
            "--timestamps_file"
        )
    findings += _other_names(files)
    settings, facts, more = _configuration(files)
    findings += more
    reading = read_frame_table(files.table, where)
    findings += reading.findings
    if (files.log or files.configuration) and HARDWARE not in reading.table.extra:
        sentence = (
            f"has no column {HARDWARE!r}, which the GUI writes, or not one of numbers: stamps are the moments at which "
            "the computer received the frames, some milliseconds late by turns"
        )
        findings.append(Finding(Code.TABLE_FORMAT, Severity.WARNING, where, sentence))
    videos = read_videos(dict(enumerate(files.videos)), "")
    findings += videos.findings
    device, more = _device(reading, facts, settings, videos)
    findings += more
    in_one = max(reading.table.n_rows, videos.n_frames) if len(videos.sources) == 1 else None
    found = read_stream(
        device, reading.table, videos, "", lambda number: shown(files.videos[number].name), per_file=in_one
    )
    findings += (*found.findings, *doubtful_gap(found.stream, videos.n_frames))
    stream = replace(found.stream, orientation=reading.orientation, signals=reading.signals)
    require_frames([stream])
    start, more = settle_start(reading.times.start, None, request, where, unknown=_NO_START)
    findings += more
    subject, more = find_subject(None, request, where)
    findings += more
    recording = Recording(folder, start, (stream,), files=_source_files(files), label=shown(files.label))
    return session_of(layout, _with_log(recording, files, reading, findings), subject, request, findings)


def _other_names(files: RecordingFiles) -> tuple[Finding, ...]:
    """The finding for a table that was matched with a video of another name."""
    names = {shown(path.stem) for path in (files.table, *files.videos)}
    if len(names) == 1:
        return ()
    table, video = shown(files.table.name), shown(files.videos[0].name)
    second = "they began within a second" if suffix_of(files.table)[1] != suffix_of(files.videos[0])[1] else ""
    sentence = f"its video is taken to be {video}: the names begin alike, and {second or 'end alike'}"
    return (Finding(Code.NAME_DISAGREES, Severity.INFO, table, sentence),)


def _configuration(files: RecordingFiles) -> tuple[Mapping[str, Any], ScopeFacts, tuple[Finding, ...]]:
    """The configuration of the recording; only the GUI saves one."""
    if files.configuration is not None:
        return read_configuration(files.configuration, shown(files.configuration.name))
    if files.log is None:
        return {}, ScopeFacts(), ()
    name = f"{shown(files.label)}.yml"
    sentence = "there is no configuration of the recording: rate, gain, LED and focus of the scope are not known"
    return {}, ScopeFacts(), (Finding(Code.SETTINGS_MISSING, Severity.WARNING, name, sentence),)


def _device(
    reading: TableReading, facts: ScopeFacts, settings: Mapping[str, Any], videos: Videos
) -> tuple[Device, tuple[Finding, ...]]:
    """The scope; a MiniCAM where the table is that of its example workflow."""
    picture = videos.picture
    is_resized = picture is not None and (picture.width_px, picture.height_px) == _RESIZED_PX and not reading.has_header
    is_camera = is_resized and reading.orientation is None
    name, kind = (_CAMERA, DeviceKind.CAMERA) if is_camera else (_SCOPE, DeviceKind.SCOPE)
    device = Device(
        name=name,
        label=name.replace("_", " "),
        kind=kind,
        # the older workflows do not keep the size of the sensor's picture
        model=_SCOPE if reading.has_header else None,
        nominal_rate_hz=facts.nominal_rate_hz,
        gain=facts.gain,
        led_percent=facts.led_percent,
        focus=facts.focus,
        settings=settings,
    )
    where = shown(videos.sources[0].path.name)
    if is_camera:
        sentence = (
            "no file tells whether this is a scope or a camera; a table of this form without orientation, and pictures "
            "of 1024 x 768 pixels, are what the example workflow of the MiniCAM writes: it is taken for a camera"
        )
        return device, (Finding(Code.SETTINGS_MISSING, Severity.WARNING, where, sentence),)
    if is_resized:
        sentence = (
            "pictures have 1024 x 768 pixels, as the older example workflow makes of the 608 x 608 of a Miniscope V4: "
            "they are stretched by different factors in width and height"
        )
        return device, (Finding(Code.PICTURE_UNEXPECTED, Severity.WARNING, where, sentence),)
    return device, ()


def _source_files(files: RecordingFiles) -> tuple[SourceFile, ...]:
    texts = [path for path in (files.log, files.configuration) if path is not None]
    kept = [source_file(path, shown(path.name), is_always_text=True) for path in texts]
    return (
        source_file(files.table, shown(files.table.name)),
        *kept,
        *(source_file(path, shown(path.name)) for path in files.others),
    )


def _with_log(recording: Recording, files: RecordingFiles, reading: TableReading, findings: list[Finding]) -> Recording:
    """The recording with the messages of its log, and with the changes of settings among them."""
    if files.log is None:
        if files.configuration is not None:
            sentence = "there is no log of the recording: its messages and changes of settings are lost"
            name = f"{shown(files.label)}.log"
            findings.append(Finding(Code.FILE_MISSING, Severity.WARNING, name, sentence))
        return recording
    entries, more = read_log(files.log, shown(files.log.name))
    findings += more
    notes: list[Note] = []
    changes: list[PropertyChange] = []
    label = recording.streams[0].device.label
    for entry in entries:
        time_s = reading.times.seconds(entry.local, reading.row_of(entry.frame_count))
        if entry.change is not None:
            changes.append(PropertyChange(time_s, label, *entry.change))
        else:
            notes.append(Note(time_s, entry.text))
    return replace(recording, notes=tuple(notes), property_changes=tuple(changes))
