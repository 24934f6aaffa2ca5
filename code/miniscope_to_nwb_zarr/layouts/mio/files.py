"""The files of a folder, sorted into recordings of mio and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.sources.buffers_csv import is_buffer_table
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from miniscope_to_nwb_zarr.sources.tree import Folder

RAW_STREAM = ".bin"
_VIDEO, _TABLE, _IMAGE = ".avi", ".csv", ".img"


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """The files of one recording."""

    label: str
    video: Path
    table: Path
    others: tuple[Path, ...] = ()
    """Further files of the same name, as the raw stream."""


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of a folder by what they are."""

    recordings: tuple[RecordingFiles, ...]
    alone: tuple[tuple[Path, str], ...]
    """Files that are half of a recording, each with what is missing."""
    images: tuple[Path, ...]
    """Images of an SD card, by their name."""
    others: tuple[Path, ...]


def has_recording(folder: Folder) -> bool:
    """Whether the folder holds a table of buffers with a video of its name."""
    # most folders are told by their names alone, and no file of them is opened
    return any(_videos_of(table, folder) and is_buffer_table(table) for table in _with_suffix(folder, _TABLE))


def sort_files(folder: Folder) -> FolderFiles:
    """Tell what the files of a folder are, each in one place."""
    images = _with_suffix(folder, _IMAGE)
    recordings: list[RecordingFiles] = []
    alone: list[tuple[Path, str]] = []
    for table in filter(is_buffer_table, _with_suffix(folder, _TABLE)):
        videos = _videos_of(table, folder)
        if len(videos) == 1:
            own = {table, *videos, *images}
            others = tuple(path for path in folder.files if path.stem == table.stem and path not in own)
            recordings.append(RecordingFiles(table.stem, videos[0], table, others))
        else:
            alone.append((table, _missing_video(table, videos)))
    taken = {path for files in recordings for path in (files.video, files.table, *files.others)}
    taken |= {*images, *(path for path, _ in alone)}
    alone += _missing_tables(folder, taken)
    taken |= {path for path, _ in alone}
    others = tuple(path for path in folder.files if path not in taken)
    return FolderFiles(tuple(recordings), tuple(alone), tuple(images), others)


def _with_suffix(folder: Folder, suffix: str) -> list[Path]:
    return [path for path in folder.files if path.suffix.casefold() == suffix]


def _videos_of(table: Path, folder: Folder) -> list[Path]:
    """Videos of the table's name; where none is spelled so, those of its name without regard to case."""
    same = [path for path in _with_suffix(folder, _VIDEO) if path.stem.casefold() == table.stem.casefold()]
    return [path for path in same if path.stem == table.stem] or same


def _missing_video(table: Path, videos: Collection[Path]) -> str:
    names = " or ".join(shown(path.name) for path in videos)
    what = f"which of {names} is its video is not known" if videos else f"there is no {shown(table.stem)}.avi beside it"
    return f"is a table of buffers of mio, and {what}: name both files with --video_files and --timestamps_file"


def _missing_tables(folder: Folder, taken: Collection[Path]) -> list[tuple[Path, str]]:
    """Videos that have a raw stream beside them as mio writes it, and no table."""
    streams = {path.stem: path for path in _with_suffix(folder, RAW_STREAM)}
    found = []
    for video in _with_suffix(folder, _VIDEO):
        if video.stem in streams and video not in taken:
            what = (
                f"has a raw stream of mio beside it ({shown(streams[video.stem].name)}) and no table of buffers "
                f"{shown(video.stem)}.csv: when its frames were taken is not known"
            )
            found.append((video, what))
    return found
