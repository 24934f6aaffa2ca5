"""Recordings of wireless Miniscopes by mio (reference formats 4).

A recording is a video and a table of the same name, in a folder with anything else. The table is told by its header:
it has a row for each buffer of the radio, several a frame. Images of the SD card of wire-free Miniscopes are named and
not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.layouts.contract import About, Discovery, Failure
from miniscope_to_nwb_zarr.layouts.daq_qt.loose_files import resolve_videos
from miniscope_to_nwb_zarr.layouts.mio.files import FolderFiles, RecordingFiles, has_recording, sort_files
from miniscope_to_nwb_zarr.layouts.mio.recording import read_recording
from miniscope_to_nwb_zarr.layouts.source_files import ignored
from miniscope_to_nwb_zarr.sources.buffers_csv import is_buffer_table
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree

NAME = "Miniscope Wireless"
LOOKED_FOR = (
    "a video and a table of the same name, x.avi and x.csv, whose header names timestamp, frame_num, buffer_count (mio)"
)
ABOUT = About(
    recordings_of="mio (before: miniscope-io): wireless Miniscopes",
    needs=(
        "`<name>.avi` and `<name>.csv`, one row for each buffer. Before mio 0.8.1, which does not number the frames, "
        "only a video with exactly the frames that the buffers tell of. Images of an SD card (`.img`) are not read"
    ),
    gives=(
        "stamps by the device's clock; for each frame the buffers received, lost and dropped, its black padding and "
        "when it was received; every column of the table for each buffer. The start is known in UTC: give `--timezone`"
    ),
)
OWNS_SUBFOLDERS = False


def matches(folder: Folder, tree: Tree) -> bool:  # noqa: ARG001 - as every layout
    """Whether the folder holds a table of buffers beside a video of its name."""
    return has_recording(folder)


def incomplete(folder: Folder, tree: Tree) -> Finding | None:
    """What is missing in a folder with half of a recording, or with an image of an SD card."""
    return next(iter(_remarks(sort_files(folder), tree)), None)


def discover(folders: Sequence[Folder], tree: Tree, request: Request) -> Discovery:
    """Read the recordings in the folders that match: one session for each table of buffers with its video."""
    results: list[Session | Failure] = []
    findings: list[Finding] = []
    for folder in folders:
        found = sort_files(folder)
        results += [read_recording(NAME, files, request) for files in found.recordings]
        findings += _remarks(found, tree)
        where = shown(folder.path.relative_to(tree.root))
        findings += ignored([shown(path.name) for path in found.others], where, "files that mio does not write")
    return Discovery(
        tuple(result for result in results if isinstance(result, Session)),
        tuple(result for result in results if isinstance(result, Failure)),
        tuple(findings),
    )


def discover_files(request: Request) -> Discovery | None:
    """Read the recording that the request names; None if its table is not one of buffers.

    Raises
    ------
    InputError
        More than one video is named, or one that is not there.
    """
    table = request.timestamps_file
    if table is None or not is_buffer_table(table):
        return None
    videos = resolve_videos(request.video_files)
    if len(videos) != 1:
        raise InputError(
            f"--video_files names {len(videos)} videos; {table} is of mio, which writes one for each table"
        )
    result = read_recording(NAME, RecordingFiles(videos[0].stem, videos[0], table.resolve()), request)
    return Discovery((result,)) if isinstance(result, Session) else Discovery(failures=(result,))


def _remarks(found: FolderFiles, tree: Tree) -> list[Finding]:
    """Findings for what is almost a recording."""

    def where(path: Path) -> str:
        return shown(path.relative_to(tree.root))

    image = (
        "is an image, as of the SD card of a wire-free Miniscope, and is not read: make a video of it with mio "
        "(SDCard.to_video), and give that with --video_files and a table of frames and stamps with --timestamps_file"
    )
    return [
        *(Finding(Code.FOLDER_INCOMPLETE, Severity.ERROR, where(path), what) for path, what in found.alone),
        *(Finding(Code.FILE_IGNORED, Severity.WARNING, where(path), image) for path in found.images),
    ]
