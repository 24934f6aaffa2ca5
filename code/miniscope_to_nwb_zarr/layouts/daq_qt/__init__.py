"""Recordings of Miniscope-DAQ-QT-Software, every version: V3 and V4 scopes, MiniCAM, webcams (reference formats 1).

A recording is a folder with a `metaData.json` that lists devices or tells the start, and with folders of devices; where
that file is lost, a folder with folders that can be nothing but devices'. Folders are told by what they hold, never by
their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.layouts.contract import About, Discovery, Failure
from miniscope_to_nwb_zarr.layouts.daq_qt import folders as on_disk
from miniscope_to_nwb_zarr.layouts.daq_qt import loose_files
from miniscope_to_nwb_zarr.layouts.daq_qt.contents import half_device
from miniscope_to_nwb_zarr.layouts.daq_qt.recording import read_recording
from miniscope_to_nwb_zarr.layouts.daq_qt.user_config import read_user_config
from miniscope_to_nwb_zarr.sources.settings_json import cut
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree

NAME = "Miniscope DAQ"
LOOKED_FOR = (
    "folders with metaData.json and, inside them, folders of devices with timeStamps.csv and 0.avi, 1.avi, ... "
    "(Miniscope-DAQ-QT-Software)"
)

ABOUT = About(
    recordings_of=(
        "Miniscope-DAQ-QT-Software, v0.1 to v2.0 and the unreleased version after it: V3 and V4 scopes, MiniCAM, "
        "webcams"
    ),
    needs=(
        "folders of devices with `0.avi`, `1.avi`, ... and `timeStamps.csv`. `metaData.json` may be missing, if the "
        "names of the folders or `--start_time` tell the start"
    ),
    gives="all that is listed above",
)
OWNS_SUBFOLDERS = True


def matches(folder: Folder, tree: Tree) -> bool:
    """Whether the folder is a recording: it has settings of one and a device, or devices that cannot be mistaken."""
    if on_disk.has_recording_settings(folder, tree):
        return bool(on_disk.device_folders(folder, tree))
    if on_disk.is_device(folder) or on_disk.is_inside_device(folder, tree):
        return False
    return any(on_disk.is_timed_device(child) for child in on_disk.device_folders(folder, tree))


def incomplete(folder: Folder, tree: Tree) -> Finding | None:
    """What is missing in a folder with settings of a recording and no device, or in the folder of a device alone."""
    where = shown(folder.path.relative_to(tree.root))
    if on_disk.has_recording_settings(folder, tree):
        sentence = (
            "holds the settings of a recording (metaData.json) and no folder of a device with timeStamps.csv or 0.avi: "
            "there is nothing to convert"
        )
        return Finding(Code.FOLDER_INCOMPLETE, Severity.ERROR, where, sentence)
    if not on_disk.is_device(folder) or on_disk.is_inside_device(folder, tree):
        return None
    if not on_disk.is_timed_device(folder):
        return half_device(folder, where)
    sentence = (
        "is the folder of one device: give the folder above it as --data_dir, or name its files with --video_files"
    )
    return Finding(Code.FOLDER_INCOMPLETE, Severity.ERROR, where, sentence)


def discover(folders: Sequence[Folder], tree: Tree, request: Request) -> Discovery:
    """Read the recordings in `folders`: one session each.

    Raises
    ------
    InputError
        The user configuration cannot be used.
    """
    config = read_user_config(request.user_config) if request.user_config else None
    chosen = [folder for folder in folders if config is None or config.describes(folder.path)]
    if config is not None and folders and not chosen:
        wanted = cut("/".join(config.components))
        message = (
            f"--user_config describes recordings below {wanted}, and none of the {len(folders)} recordings found is "
            "there: leave the option out, or correct directoryStructure and its names"
        )
        return Discovery(failures=(Failure(tree.root, message),), findings=config.findings)
    results = [read_recording(NAME, folder, tree, request, config) for folder in chosen]
    return Discovery(
        tuple(result for result in results if isinstance(result, Session)),
        tuple(result for result in results if isinstance(result, Failure)),
        config.findings if config else (),
    )


def discover_files(request: Request) -> Discovery:
    """Read the one recording that `--video_files` names.

    Raises
    ------
    InputError
        No such file, or one that cannot be used.
    """
    return loose_files.discover(NAME, request)
