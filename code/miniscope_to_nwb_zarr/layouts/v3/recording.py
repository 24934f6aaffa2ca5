"""One recording of Miniscope_DAQ_Software (V3): the scope, the behaviour camera, and the table that both share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Recording, TimeTable
from miniscope_to_nwb_zarr.layouts.recording_start import settle_start
from miniscope_to_nwb_zarr.layouts.session import require_frames, session_of
from miniscope_to_nwb_zarr.layouts.source_files import source_file
from miniscope_to_nwb_zarr.layouts.stream import StreamReading, read_stream
from miniscope_to_nwb_zarr.layouts.subject import find_subject, written_name
from miniscope_to_nwb_zarr.layouts.v3 import folders as on_disk
from miniscope_to_nwb_zarr.layouts.v3.cameras import frames_listed, match_cameras
from miniscope_to_nwb_zarr.layouts.v3.stamps import mend_first_stamp
from miniscope_to_nwb_zarr.layouts.v3.videos import CameraVideos, read_camera_videos, without_trailing_file
from miniscope_to_nwb_zarr.sources.settings_and_notes_dat import (
    ANIMAL,
    SettingsAndNotes,
    read_settings_and_notes,
)
from miniscope_to_nwb_zarr.sources.timestamp_dat import read_timestamp_dat
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session, SourceFile
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.layouts.v3.folders import RecordingFiles

_KINDS = {on_disk.SCOPE: DeviceKind.SCOPE, on_disk.CAMERA: DeviceKind.CAMERA}
_NO_START = (
    "Miniscope_DAQ_Software writes it nowhere but in the names of the folders (10_7_2021/H15_M3_S28), and none above "
    "is named so"
)
_IF_CAMERA = (
    f"name its files {on_disk.CAMERA}1.avi, {on_disk.CAMERA}2.avi and so on in a copy of the recording, and those of "
    f"the scope {on_disk.SCOPE}1.avi and so on"
)
# settings of the recording that are those of the scope
_SCOPE_SETTINGS = ("excitation", "msCamExposure")


def read_recording(
    layout: str,
    folder: Path,
    files: RecordingFiles,
    others: tuple[SourceFile, ...],
    request: Request,
    findings: list[Finding],
) -> Session:
    """Read everything of a recording but its frames; what is found is added to `findings` as it is found.

    Parameters
    ----------
    layout : str
        Its name.
    folder : Path
        The folder of the table: the names above it may tell the start.
    files : RecordingFiles
        At least one video and the table.
    others : tuple of SourceFile
        Further files that belong to the recording.
    request : Request
    findings : list of Finding

    Raises
    ------
    InputError
        The recording cannot be converted.
    """
    settings_name = shown(files.settings.name) if files.settings else on_disk.SETTINGS
    written, more = _settings(files, settings_name)
    findings += more
    readings = _read_cameras(files, written.settings, findings)
    streams = tuple(reading.stream for reading in readings)
    require_frames(streams)
    start, more = settle_start(None, on_disk.named_start(folder), request, ".", unknown=_NO_START)
    findings += more
    subject, more = find_subject(written_name(written.settings, ANIMAL), request, settings_name, key=ANIMAL)
    findings += more
    kept = [source_file(path, shown(path.name), is_always_text=True) for path in (files.settings, files.table) if path]
    recording = Recording(
        folder,
        start,
        streams,
        settings=written.settings,
        notes=written.notes,
        files=(*kept, *others),
        label=files.label,
    )
    return session_of(layout, recording, subject, request, findings)


def _settings(files: RecordingFiles, name: str) -> tuple[SettingsAndNotes, tuple[Finding, ...]]:
    if files.settings is not None:
        return read_settings_and_notes(files.settings, name)
    sentence = f"there is no {name}: the animal, the settings of the scope and remarks are not known"
    return SettingsAndNotes(), (Finding(Code.SETTINGS_MISSING, Severity.WARNING, name, sentence),)


def _read_cameras(
    files: RecordingFiles, settings: Mapping[str, Any], findings: list[Finding]
) -> tuple[StreamReading, ...]:
    """The streams of all cameras that have videos."""
    table_path, table_name = _table_of(files)
    tables, more = read_timestamp_dat(table_path, table_name)
    findings += more
    if not tables:
        raise InputError(
            f"{table_name} holds no row that can be read: when the frames were taken is not known. Restore it from a "
            "backup, or name a mended copy with --timestamps_file and the videos with --video_files"
        )
    cameras = {camera: read_camera_videos(numbered) for camera, numbered in files.videos.items()}
    matching = match_cameras({camera: videos.seen for camera, videos in cameras.items()}, tables, table_name)
    readings = []
    for camera, videos in cameras.items():
        number = matching.numbers.get(camera)
        where = f"{table_name} ({camera})"
        if number is None:
            table = TimeTable(table_path, np.empty(0), np.empty(0, np.int64))
            _require_camera(camera, videos, table_name)
        else:
            if not matching.is_certain:
                findings.append(_nearest(camera, number, videos, tables[number], where))
            table, more = mend_first_stamp(tables[number], where)
            findings += more
        reading = _read_camera(camera, number, videos, table, settings)
        findings += _told_apart(reading.findings, camera, shown(table_path.name))
        readings.append(reading)
    findings += [
        _without_videos(number, table, table_name, cameras)
        for number, table in tables.items()
        if number not in matching.numbers.values()
    ]
    return tuple(readings)


def _table_of(files: RecordingFiles) -> tuple[Path, str]:
    if files.table is not None:
        return files.table, shown(files.table.name)
    question = ", ".join(shown(path.name) for path in files.tables_in_question)
    hint = f"; it may be one of {question}: name it with --timestamps_file and the videos with --video_files"
    raise InputError(
        f"there is no {on_disk.TABLE}: when the frames were taken is not known"
        + (hint if question else ". Put it back")
    )


def _require_camera(camera: str, videos: CameraVideos, table_name: str) -> None:
    if _KINDS[camera] is DeviceKind.SCOPE and videos.seen.end:
        raise InputError(
            f"{table_name} has no rows that fit the frames of {camera} ({videos.seen.end}): when they were taken is "
            "not known. Restore the table from a backup"
        )


def _read_camera(
    camera: str, number: int | None, found: CameraVideos, table: TimeTable, settings: Mapping[str, Any]
) -> StreamReading:
    found = without_trailing_file(found, frames_listed(table))
    own = {key: settings[key] for key in _SCOPE_SETTINGS if key in settings}
    device = Device(
        name=camera,
        label=camera,
        kind=_KINDS[camera],
        frames_per_file=found.frames_per_file,
        settings={
            **({} if number is None else {"camNum": number}),
            **(own if _KINDS[camera] is DeviceKind.SCOPE else {}),
        },
    )
    reading = read_stream(device, table, found.videos, "", found.file_name, if_camera=_IF_CAMERA)
    return replace(reading, findings=(*found.videos.findings, *reading.findings))


def _told_apart(findings: tuple[Finding, ...], camera: str, table_name: str) -> list[Finding]:
    """Findings of which each names its camera, which the table and the folder that both share do not."""
    places = {".": camera, table_name: f"{table_name} ({camera})"}
    return [replace(finding, where=places.get(finding.where, finding.where)) for finding in findings]


def _nearest(camera: str, number: int, videos: CameraVideos, table: TimeTable, where: str) -> Finding:
    listed = frames_listed(table)
    why = "but rows that tell no frame may be of it" if listed == videos.seen.end else "but no number agrees exactly"
    sentence = (
        f"the rows of camera {number} are taken for those of {camera}: their number comes nearest to that of the "
        f"frames in its videos ({listed} and {videos.seen.end}), as after a crash, {why}"
    )
    numbers = {"camera": number, "listed": listed, "found": videos.seen.end}
    return Finding(Code.CAMERA_UNCERTAIN, Severity.WARNING, where, sentence, numbers)


def _without_videos(number: int, table: TimeTable, table_name: str, cameras: Collection[str]) -> Finding:
    is_scope = on_disk.SCOPE not in cameras
    advice = f". They may be those of the scope: there is no {on_disk.SCOPE}1.avi" if is_scope else ""
    sentence = (
        f"lists {counted(table.n_rows, 'frame')} of camera {number}, of which there is no video; those rows are kept "
        f"in the text of the table only{advice}"
    )
    numbers = {"camera": number, "rows": table.n_rows}
    severity = Severity.ERROR if is_scope else Severity.WARNING
    return Finding(Code.FILE_MISSING, severity, table_name, sentence, numbers)
