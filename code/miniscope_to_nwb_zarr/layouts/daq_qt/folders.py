"""How a recording of Miniscope-DAQ-QT lies on disk: which folder is a recording, which a device, which file a video."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.sources.settings_json import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree

SETTINGS, TABLE, ORIENTATION, NOTES, POSE = (
    "metaData.json",
    "timeStamps.csv",
    "headOrientation.csv",
    "notes.csv",
    "pose.csv",
)
TRACKER_FOLDER = "behaviorTracker"
OWN_FOLDERS = frozenset({TRACKER_FOLDER, "imageCaptures", "experiment"})
"""Folders that the software makes beside those of the devices."""

# reference formats 1.3: the device lists, and the start, nested since v1.10 and flat before
_RECORDING_KEYS = frozenset({"miniscopes", "cameras", "recordingStartTime", "msecSinceEpoch"})
_NUMBERED = re.compile(r"([0-9]+)\.avi", re.IGNORECASE)
_VIDEO = re.compile(r".*\.(?:avi|mkv|mp4|mov|m4v|wmv)", re.IGNORECASE)


def numbered_videos(files: Iterable[Path]) -> tuple[dict[int, Path], tuple[Path, ...]]:
    """The video files of a device by their number, in its order, and other videos: those of other programs."""
    numbered: dict[int, Path] = {}
    strays = []
    # `1.avi` before `01.avi`: the software writes no zeros in front
    for path in sorted(files, key=lambda file: (len(file.name), file.name)):
        match = _NUMBERED.fullmatch(path.name)
        if match and int(match[1]) not in numbered:
            numbered[int(match[1])] = path
        elif _VIDEO.fullmatch(path.name):
            strays.append(path)
    return dict(sorted(numbered.items())), tuple(strays)


def is_device(folder: Folder) -> bool:
    """Whether a folder holds what a device writes: a time table or numbered videos."""
    return folder.file(TABLE) is not None or bool(numbered_videos(folder.files)[0])


def is_timed_device(folder: Folder) -> bool:
    """Whether a folder can be nothing but a device's: videos with a time table or settings, or both without video."""
    has_table, has_settings = folder.file(TABLE) is not None, folder.file(SETTINGS) is not None
    has_video = bool(numbered_videos(folder.files)[0])
    return has_table + has_settings + has_video >= 2 and (has_table or has_video)


def is_recording_settings(settings: Mapping[str, Any]) -> bool:
    """Whether a settings file is that of a recording and not of a device."""
    return not _RECORDING_KEYS.isdisjoint(settings)


def has_recording_settings(folder: Folder, tree: Tree) -> bool:
    """Whether a folder holds the settings file of a recording; read once for each tree."""
    question = "has recording settings", folder.path
    if question not in tree.answers:
        path = folder.file(SETTINGS)
        settings = read_json(path, SETTINGS)[0] if path else None
        tree.answers[question] = settings is not None and is_recording_settings(settings)
    return tree.answers[question]


def device_folders(folder: Folder, tree: Tree) -> tuple[Folder, ...]:
    """The folders of the devices of a recording."""
    return tuple(child for child in tree.inside(folder) if is_device(child) and not has_recording_settings(child, tree))


def is_inside_device(folder: Folder, tree: Tree) -> bool:
    """Whether a folder above is that of a device: copies and results of other programs lie there."""
    above = (tree.folders.get(path) for path in folder.path.parents)
    return any(parent is not None and is_device(parent) for parent in above)
