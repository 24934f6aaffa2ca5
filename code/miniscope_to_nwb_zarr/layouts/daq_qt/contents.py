"""What lies in the folder of a recording of Miniscope-DAQ-QT: its settings, its devices, the files beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.naming import device_name
from miniscope_to_nwb_zarr.layouts.daq_qt import folders as on_disk
from miniscope_to_nwb_zarr.layouts.daq_qt.configured_devices import ConfiguredDevices, listed_devices
from miniscope_to_nwb_zarr.layouts.daq_qt.device import DeviceFiles
from miniscope_to_nwb_zarr.layouts.source_files import ignored, kept_files
from miniscope_to_nwb_zarr.sources.settings_json import cut, read_json
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import SourceFile
    from miniscope_to_nwb_zarr.layouts.daq_qt.user_config import UserConfig
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree

_DEVICE_FILES = frozenset({on_disk.SETTINGS, on_disk.TABLE, on_disk.ORIENTATION})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a recording holds besides its devices."""

    settings: Mapping[str, Any]
    listed: ConfiguredDevices
    files: tuple[SourceFile, ...]
    notes_file: Path | None = None
    pose_file: Path | None = None


def read_settings(path: Path | None) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
    """The settings of a recording; empty with a finding when there are none."""
    if path is None:
        sentence = "there is no metaData.json of the recording: its start, its animal and its list of devices are lost"
        return {}, (Finding(Code.SETTINGS_MISSING, Severity.WARNING, on_disk.SETTINGS, sentence),)
    settings, _, findings = read_json(path, on_disk.SETTINGS)
    return settings or {}, findings


def surroundings(folder: Folder, tree: Tree, config: UserConfig | None) -> tuple[Surroundings, tuple[Finding, ...]]:
    """What a recording holds besides its devices, and what is left out."""
    settings, findings = read_settings(folder.file(on_disk.SETTINGS))
    findings += _renamed(settings, folder.path)
    listed = listed_devices(settings)
    files, more = kept_files(folder.files, {on_disk.SETTINGS, on_disk.NOTES}, "")
    findings += more
    foreign: list[str] = []
    pose_file = None
    for child in tree.inside(folder):
        name = shown(child.path.name)
        if child.path.name in on_disk.OWN_FOLDERS:
            inner, more = kept_files(child.files, {on_disk.SETTINGS, on_disk.POSE}, name)
            files, findings = files + inner, findings + more
            pose_file = child.file(on_disk.POSE) or pose_file
        elif child.files and not on_disk.is_device(child) and not on_disk.has_recording_settings(child, tree):
            foreign.append(name)
    findings += ignored(foreign, "", "folders that acquisition software does not make")
    if config is not None:
        listed = listed.or_else(config.devices)
        files += (config.file,)
    return Surroundings(settings, listed, files, folder.file(on_disk.NOTES), pose_file), findings


def devices_of(
    folder: Folder, tree: Tree, listed: ConfiguredDevices
) -> tuple[tuple[DeviceFiles, ...], tuple[Finding, ...]]:
    """The devices of a recording by the folders that are there, and what is left out."""
    devices: list[DeviceFiles] = []
    findings: tuple[Finding, ...] = ()
    for child in on_disk.device_folders(folder, tree):
        name, where = child.path.name, shown(child.path.name)
        label = listed.label(name)
        if label is None and not on_disk.is_timed_device(child):
            findings += (half_device(child, where),)
            continue
        videos, strays = on_disk.numbered_videos(child.files)
        others = [path for path in child.files if path not in strays and path not in videos.values()]
        files, more = kept_files(others, _DEVICE_FILES, where)
        inner = [
            f"{shown(path.name)}/"
            for path in child.folders
            if not on_disk.has_recording_settings(tree.folders[path], tree)
        ]
        findings += (
            *more,
            *ignored([*(shown(path.name) for path in strays), *inner], where, "files of other programs"),
        )
        devices.append(
            DeviceFiles(
                name=device_name(name, [device.name for device in devices]),
                folder_name=where,
                where=where,
                settings=child.file(on_disk.SETTINGS),
                table=child.file(on_disk.TABLE),
                orientation=child.file(on_disk.ORIENTATION),
                videos=videos,
                label=label,
                kind=listed.kind(name),
                files=files,
            )
        )
    return tuple(devices), findings + listed.findings([device.folder_name for device in devices])


def half_device(folder: Folder, where: str) -> Finding:
    """The finding for a folder with a part of what a device writes."""
    n_videos = len(on_disk.numbered_videos(folder.files)[0])
    has = counted(n_videos, "numbered video file") if n_videos else on_disk.TABLE
    lacks = f"neither {on_disk.TABLE} nor {on_disk.SETTINGS}" if n_videos else f"neither videos nor {on_disk.SETTINGS}"
    sentence = f"holds {has} and {lacks}; it was left out. Add what is missing, or name its files with --video_files"
    return Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence, {"videos": n_videos})


def _renamed(settings: Mapping[str, Any], folder: Path) -> tuple[Finding, ...]:
    """A recording that was moved is the usual case; one whose folder has another name may be a copy of the settings."""
    base = settings.get("baseDirectory")
    name = PurePosixPath(base.replace("\\", "/")).name if isinstance(base, str) else ""
    if not name or name == folder.name:
        return ()
    sentence = f"the recording was made into a folder named {cut(name)!r}; it is {shown(folder.name)!r} now"
    return (Finding(Code.SETTINGS_MOVED, Severity.INFO, on_disk.SETTINGS, sentence),)
