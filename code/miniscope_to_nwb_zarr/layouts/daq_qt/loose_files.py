"""A recording whose files lie anywhere and have any names: one scope, named file by file on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import DeviceKind, SourceFile
from miniscope_to_nwb_zarr.core.naming import device_name
from miniscope_to_nwb_zarr.layouts.contract import Discovery, Failure
from miniscope_to_nwb_zarr.layouts.daq_qt import folders as on_disk
from miniscope_to_nwb_zarr.layouts.daq_qt.configured_devices import ConfiguredDevices, listed_devices
from miniscope_to_nwb_zarr.layouts.daq_qt.contents import Surroundings
from miniscope_to_nwb_zarr.layouts.daq_qt.device import DeviceFiles
from miniscope_to_nwb_zarr.layouts.daq_qt.recording import assemble
from miniscope_to_nwb_zarr.layouts.daq_qt.user_config import read_user_config
from miniscope_to_nwb_zarr.layouts.source_files import source_file
from miniscope_to_nwb_zarr.sources.settings_json import read_json
from miniscope_to_nwb_zarr.sources.tree import natural_key, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.layouts.contract import Request

_WILDCARD = re.compile(r"[*?]")


def discover(layout: str, request: Request) -> Discovery:
    """Read the recording that the request names.

    Raises
    ------
    InputError
        A named file is not there.
    """
    videos = resolve_videos(request.video_files)
    folder = videos[0].parent
    table = _named(request.timestamps_file, "--timestamps_file") or _beside(folder, on_disk.TABLE)
    settings_file = _named(request.device_metadata_file, "--device_metadata_file") or _beside(folder, on_disk.SETTINGS)
    recording_file, recording_settings, doubts = _recording_settings(folder)
    config = read_user_config(request.user_config) if request.user_config else None
    listed = listed_devices(recording_settings).or_else(config.devices if config else ConfiguredDevices())
    around = Surroundings(
        recording_settings,
        listed,
        tuple(source_file(path, path.name, is_always_text=True) for path in [recording_file] if path)
        + ((config.file,) if config else ()),
    )
    name = shown(folder.name) or "device"
    orientation = _beside(folder, on_disk.ORIENTATION)
    device = DeviceFiles(
        name=device_name(name),
        folder_name=name,
        where=name,
        settings=settings_file,
        table=table,
        orientation=orientation,
        videos=_numbered(videos, table),
        label=listed.label(name),
        kind=listed.kind(name) or DeviceKind.SCOPE,
        files=_files(table, settings_file, orientation),
    )
    findings = [*doubts, *(config.findings if config else ())]
    # the folders' names tell the start only if they are those of a recording
    try:
        return Discovery((assemble(layout, folder.parent, around, [device], request, findings),))
    except InputError as error:
        return Discovery(failures=(Failure(folder, str(error), tuple(findings)),))


def _numbered(videos: Sequence[Path], table: Path | None) -> Mapping[int, Path]:
    """The videos by their place in the recording: as given; of a part of a device's folder, by their names.

    The table in such a folder lists the frames of all its videos, so the first of some is not the first of the table.
    """
    numbered, others = on_disk.numbered_videos(videos)
    is_of_folder = table is not None and table.name == on_disk.TABLE and {v.parent for v in videos} == {table.parent}
    is_part = list(numbered) != list(range(len(videos)))
    return numbered if is_of_folder and is_part and not others else dict(enumerate(videos))


def resolve_videos(given: Sequence[Path]) -> tuple[Path, ...]:
    """The video files in the order of the recording: as given, those of a name with ``*`` or ``?`` in natural order.

    Raises
    ------
    InputError
        A name matches no file, or a file is named twice.
    """
    found: list[Path] = []
    for path in given:
        found += _matching(path) if _WILDCARD.search(path.name) and not path.exists() else [path]
    for path in found:
        if not path.is_file():
            raise InputError(f"--video_files: {path} is not there, or is not a file")
    resolved = [path.resolve() for path in found]
    for path in resolved:
        if resolved.count(path) > 1:
            raise InputError(f"--video_files names {path} twice")
    return tuple(resolved)


def _matching(pattern: Path) -> list[Path]:
    wanted = re.compile("".join({"*": ".*", "?": "."}.get(ch, re.escape(ch)) for ch in pattern.name), re.DOTALL)
    try:
        names = [path for path in pattern.parent.iterdir() if wanted.fullmatch(path.name) and path.is_file()]
    except OSError as error:
        raise InputError(
            f"--video_files: the folder of {pattern} cannot be read: {error.strerror}. Check that you have permission "
            "to read it"
        ) from error
    shown_only = [path for path in names if not path.name.startswith(".") or pattern.name.startswith(".")]
    if not shown_only:
        raise InputError(f"--video_files: no file matches {pattern}")
    return sorted(shown_only, key=lambda path: natural_key(path.name))


def _named(path: Path | None, option: str) -> Path | None:
    if path is not None and not path.is_file():
        raise InputError(f"{option}: {path} is not there, or is not a file")
    return path.resolve() if path else None


def _beside(folder: Path, name: str) -> Path | None:
    path = folder / name
    return path if path.is_file() else None


def _recording_settings(folder: Path) -> tuple[Path | None, Mapping[str, Any], tuple[Finding, ...]]:
    """The settings of the recording, one level above the videos; nothing if there are none."""
    path = _beside(folder.parent, on_disk.SETTINGS)
    settings, _, findings = read_json(path, on_disk.SETTINGS) if path else (None, None, ())
    return (path, settings, findings) if settings and on_disk.is_recording_settings(settings) else (None, {}, ())


def _files(*paths: Path | None) -> tuple[SourceFile, ...]:
    return tuple(
        source_file(path, path.name, is_always_text=path.name == on_disk.SETTINGS) for path in paths if path is not None
    )
