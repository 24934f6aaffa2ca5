"""One recording of Miniscope-DAQ-QT: its devices on one clock, and all that was written beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Note, Pose, PropertyChange, Recording
from miniscope_to_nwb_zarr.layouts.contract import Failure
from miniscope_to_nwb_zarr.layouts.daq_qt import folders as on_disk
from miniscope_to_nwb_zarr.layouts.daq_qt.contents import Surroundings, devices_of, surroundings
from miniscope_to_nwb_zarr.layouts.daq_qt.device import DeviceFiles, DeviceReading, read_device
from miniscope_to_nwb_zarr.layouts.recording_start import recording_start
from miniscope_to_nwb_zarr.layouts.session import require_frames, session_of
from miniscope_to_nwb_zarr.layouts.subject import find_subject, written_name
from miniscope_to_nwb_zarr.sources.notes_csv import read_notes
from miniscope_to_nwb_zarr.sources.pose_csv import read_pose
from miniscope_to_nwb_zarr.sources.settings_values import SettingsView, find_misspelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.layouts.daq_qt.user_config import UserConfig
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree


_NAMES = ("animalName", "researcherName", "experimentName")


def read_recording(
    layout: str, folder: Folder, tree: Tree, request: Request, config: UserConfig | None
) -> Session | Failure:
    """Read everything of a recording but its frames. What keeps it from being converted makes it a `Failure`."""
    findings: list[Finding] = []
    try:
        around, more = surroundings(folder, tree, config)
        findings += more
        devices, more = devices_of(folder, tree, around.listed)
        findings += more
        return assemble(layout, folder.path, around, devices, request, findings)
    except InputError as error:
        return Failure(folder.path, str(error), tuple(findings))


def assemble(
    layout: str,
    folder: Path,
    around: Surroundings,
    devices: Iterable[DeviceFiles],
    request: Request,
    findings: list[Finding],
) -> Session:
    """Read the devices and put the session together; what is found is added to `findings` as it is found.

    Raises
    ------
    InputError
        The recording cannot be converted.
    """
    readings: list[DeviceReading] = []
    files = around.files
    for device in devices:
        readings.append(read_device(device))
        findings += readings[-1].findings
        files += device.files
    streams = tuple(reading.stream for reading in readings)
    require_frames(streams)
    is_reused = any(reading.is_reused for reading in readings)
    if is_reused:
        findings.append(_reused())
    settings, where = around.settings, on_disk.SETTINGS
    start, more = recording_start(settings, folder, request, where, is_doubtful=is_reused)
    findings += more
    subject, more = find_subject(written_name(settings, "animalName"), request, where, key="animalName")
    findings += more
    findings += _doubtful_names(settings)
    recording = Recording(folder, start, streams, settings=settings, files=files)
    recording = _with_remarks(recording, around, findings)
    return session_of(
        layout,
        recording,
        subject,
        request,
        findings,
        experimenter=written_name(settings, "researcherName"),
        experiment=written_name(settings, "experimentName"),
    )


def _doubtful_names(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings for names of animal and people that are no text, or seem to be there under a damaged key."""
    view = SettingsView(settings, on_disk.SETTINGS)
    for key in _NAMES:
        if settings.get(key) is not None and not isinstance(settings[key], str):
            view.reject(key, "text")
    return (*view.findings, *find_misspelt(settings, _NAMES, (), on_disk.SETTINGS))


def _reused() -> Finding:
    sentence = (
        "video files of an earlier recording are in the folder, so these settings are probably of that one: the start "
        "may be too early; if you know it, give it with --start_time"
    )
    return Finding(Code.START_UNCERTAIN, Severity.WARNING, on_disk.SETTINGS, sentence)


def _with_remarks(recording: Recording, around: Surroundings, findings: list[Finding]) -> Recording:
    """The recording with notes, changed settings and pose."""
    labels = {*around.listed.labels(), *(stream.device.label for stream in recording.streams)}
    notes: tuple[Note, ...] = ()
    changes: tuple[PropertyChange, ...] = ()
    if around.notes_file is not None:
        notes, changes, more = read_notes(around.notes_file, on_disk.NOTES, labels)
        findings += more
    pose: Pose | None = None
    if around.pose_file is not None:
        pose, more = read_pose(around.pose_file, f"{on_disk.TRACKER_FOLDER}/{on_disk.POSE}")
        findings += more
    if pose is not None:
        sentence = (
            "the pose file counts frames since the camera began to stream, not since the recording began: its first "
            "row is taken for the first saved frame, so its times may be off by some frames"
        )
        where = f"{on_disk.TRACKER_FOLDER}/{on_disk.POSE}"
        findings.append(Finding(Code.POSE_TIME_ESTIMATED, Severity.INFO, where, sentence))
    return replace(recording, notes=notes, property_changes=changes, pose=pose)
