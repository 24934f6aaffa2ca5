"""Recordings of Open Ephys' software: the Miniscope V4 GUI, and workflows of Bonsai (reference formats 3.1, 3.2).

A folder holds any number of recordings. Each is a video and a table of its frames, told by the first line of the table,
whatever the files are called; from the GUI also a log and a configuration of the same name.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.core.paths import inside
from miniscope_to_nwb_zarr.layouts.contract import About, Discovery, Failure
from miniscope_to_nwb_zarr.layouts.daq_qt.loose_files import resolve_videos
from miniscope_to_nwb_zarr.layouts.open_ephys.recording import read_recording
from miniscope_to_nwb_zarr.layouts.open_ephys.sets import (
    FolderFiles,
    capture_of,
    companions,
    is_log_file,
    is_stamped_video,
    is_table_file,
    sort_files,
)
from miniscope_to_nwb_zarr.layouts.source_files import ignored, kept_files, source_file
from miniscope_to_nwb_zarr.sources import failed_reads
from miniscope_to_nwb_zarr.sources.delimited import head_finding
from miniscope_to_nwb_zarr.sources.open_ephys_columns import EXPECTED, FIRST_BYTES
from miniscope_to_nwb_zarr.sources.small_file import first_bytes
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree

NAME = "Miniscope Open Ephys"
LOOKED_FOR = (
    "videos such as run_0.avi with a CSV table of their frames, whose header names Timestamp and FrameNumber or a "
    "quaternion (Open Ephys Miniscope V4 GUI, Bonsai)"
)
ABOUT = About(
    recordings_of="Open Ephys' Miniscope V4 GUI in all its recording modes, and the example workflows of Bonsai",
    needs="a video and the table of its frames, such as `run_0.avi` and `run_0.csv`, under any names that begin alike",
    gives=(
        "one recording for each video; head orientation, digital inputs, both clocks; from the GUI also log messages "
        "and settings"
    ),
)
OWNS_SUBFOLDERS = False
_UNTIMED = "when they were taken is not known. Put the original table back, or name it with --timestamps_file"


def matches(folder: Folder, tree: Tree) -> bool:  # noqa: ARG001 - the same for all layouts
    """Whether the folder holds the table or the log of a recording."""
    return any(is_table_file(path) or is_log_file(path) for path in folder.files)


def incomplete(folder: Folder, tree: Tree) -> Finding | None:
    """What is missing in a folder with videos that are named as Bonsai names them, and no table."""
    videos = [path for path in folder.files if is_stamped_video(path)]
    if not videos:
        return None
    sentence = (
        f"holds {counted(len(videos), 'video')} named by date and time as Bonsai names them, such as "
        f"{shown(videos[0].name)}, "
        "and no table of their frames: when they were taken is not known. Put the tables back"
    )
    where = shown(folder.path.relative_to(tree.root))
    return Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence, {"videos": len(videos)})


def discover(folders: Sequence[Folder], tree: Tree, request: Request) -> Discovery:
    """Read the recordings in `folders`: one session for each table."""
    found = Discovery()
    for folder in folders:
        files = sort_files(folder.files)
        results = [read_recording(NAME, folder.path, one, request) for one in files.sets]
        sessions = [result for result in results if isinstance(result, Session)]
        failures = [result for result in results if isinstance(result, Failure)]
        where = shown(folder.path.relative_to(tree.root)).removeprefix(".")
        sessions, findings = _with_pictures_and_texts(sessions, files, where)
        found = Discovery(
            (*found.sessions, *sessions),
            (*found.failures, *failures, *_unclear(folder.path, files)),
            (*found.findings, *findings, *_left_over(files, where)),
        )
    return found


def discover_files(request: Request) -> Discovery | None:
    """Read the one recording that `--video_files` names; None if its table is not of this layout.

    Raises
    ------
    InputError
        No such file, or one that cannot be used.
    """
    videos = resolve_videos(request.video_files)
    folder = videos[0].parent
    table = request.timestamps_file or next(
        (path for path in _of_name(folder, {videos[0].stem}) if path not in videos and is_table_file(path)), None
    )
    if table is None or not is_table_file(table):
        return None
    table = table.resolve()
    names = {path.stem for path in (table, *videos)}
    near = dict.fromkeys([*_of_name(folder, names), *_of_name(table.parent, names)])
    files = companions(table, videos, near)
    if request.device_metadata_file is not None:
        files = replace(files, configuration=request.device_metadata_file.resolve())
    result = read_recording(NAME, folder, files, request)
    return Discovery((result,)) if isinstance(result, Session) else Discovery(failures=(result,))


def _of_name(folder: Path, stems: Collection[str]) -> list[Path]:
    """The files of a folder that have one of these names, whatever they end with."""
    try:
        return sorted(path for path in folder.iterdir() if path.stem in stems and path.is_file())
    except OSError as error:
        failed_reads.note(folder, error)
        # files may be named in a folder that may not be listed
        return []


def _unclear(folder: Path, files: FolderFiles) -> list[Failure]:
    """Failures for what was recorded and cannot be put together: pairs that are not clear, videos with a log alone."""
    ambiguous = [
        Failure(
            folder,
            f"{', '.join(shown(path.name) for path in group)}: which video belongs to which table is not clear from "
            "their names. Give both of a recording one name, or name them with --video_files and --timestamps_file",
            label=shown(group[0].stem),
        )
        for group in files.ambiguous
    ]
    logs = {path.stem: path for path in files.lone_logs}
    return ambiguous + [
        Failure(
            folder,
            f"{shown(path.name)}: a recording with its log {shown(logs[path.stem].name)} and without the table of its "
            f"frames{_unread(path, files)}: {_UNTIMED}",
            label=shown(path.stem),
        )
        for path in files.lone_videos
        if path.stem in logs
    ]


def _unread(video: Path, files: FolderFiles) -> str:
    """What is wrong with the file that has the name of a video's table and is none."""
    table = next((path for path in files.others if path.stem == video.stem and path.suffix.casefold() == ".csv"), None)
    if table is None:
        return ""
    name, raw = shown(table.name), first_bytes(table, FIRST_BYTES).removeprefix(BOM_UTF8)
    return f" ({name} {head_finding(raw, name, EXPECTED).sentence})"


def _left_over(files: FolderFiles, where: str) -> list[Finding]:
    """Findings for parts of recordings, and for files of other programs."""
    together = {path.stem for path in files.lone_logs} & {path.stem for path in files.lone_videos}
    parts = [(path, f"is a video without the table of its frames: {_UNTIMED}") for path in files.lone_videos]
    parts += [(path, "is the log of a recording whose video and table are not there") for path in files.lone_logs]
    found = [
        Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, inside(where, shown(path.name)), sentence)
        for path, sentence in parts
        if path.stem not in together
    ]
    names = [shown(path.name) for path in files.foreign_videos]
    what = "videos of other names, in another container than AVI, or with a table that is not of frames,"
    return [*found, *ignored(names, where, what)]


def _with_pictures_and_texts(
    sessions: Sequence[Session], files: FolderFiles, where: str
) -> tuple[list[Session], tuple[Finding, ...]]:
    """The sessions with what lies beside their files, and what is left out.

    A picture that the GUI took goes to the recording of its base name that had begun last, else to the first of that
    name; further pictures and small texts go to all.
    """
    shared, findings = kept_files(files.others, (), where)
    own: dict[int, list[Path]] = {k: [] for k in range(len(sessions))}
    alone = []
    for path in files.captures:
        base, taken = capture_of(path) or ("", None)
        recordings = [(k, s.recordings[0]) for k, s in enumerate(sessions) if s.recordings[0].label.startswith(base)]
        begun = [(r.start, k) for k, r in recordings if taken is None or r.start.replace(tzinfo=None) <= taken]
        if recordings:
            own[max(begun)[1] if begun else min((r.start, k) for k, r in recordings)[1]].append(path)
        else:
            alone.append(shown(path.name))
    changed = []
    for k, session in enumerate(sessions):
        recording = session.recordings[0]
        captures = tuple(source_file(path, shown(path.name)) for path in own[k])
        recording = replace(recording, files=(*recording.files, *captures, *shared))
        changed.append(replace(session, recordings=(recording,)))
    return changed, (*findings, *ignored(alone, where, "pictures of no recording in this folder"))
