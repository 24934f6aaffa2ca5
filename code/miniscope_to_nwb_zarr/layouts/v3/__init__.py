"""Recordings of Miniscope_DAQ_Software, 2016 to 2019, the software of V3 scopes (reference formats 2.2).

A recording is a folder with `msCam1.avi`, `msCam2.avi`, ..., perhaps `behavCam1.avi`, ..., and one `timestamp.dat` for
both cameras. Labs rename and re-encode: names are compared whatever their case, with anything in front of them, and the
table is known by its header too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.layouts.contract import About, Discovery, Failure
from miniscope_to_nwb_zarr.layouts.daq_qt.loose_files import resolve_videos
from miniscope_to_nwb_zarr.layouts.source_files import ignored, kept_files
from miniscope_to_nwb_zarr.layouts.v3 import folders as on_disk
from miniscope_to_nwb_zarr.layouts.v3.folders import RecordingFiles, numbered_videos, recordings_of
from miniscope_to_nwb_zarr.layouts.v3.recording import read_recording
from miniscope_to_nwb_zarr.sources.settings_and_notes_dat import is_settings_and_notes
from miniscope_to_nwb_zarr.sources.timestamp_dat import is_timestamp_dat
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import SourceFile
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree

NAME = "Miniscope V3"
LOOKED_FOR = "folders with msCam1.avi, msCam2.avi, ... and timestamp.dat (Miniscope_DAQ_Software, V3)"
ABOUT = About(
    recordings_of="Miniscope_DAQ_Software, 2016 to 2019, with V3 scopes",
    needs=(
        "`msCam1.avi`, `msCam2.avi`, ... and `timestamp.dat` in one folder, and `--timezone`. Folders named as the "
        "software does (`10_7_2021/H15_M3_S28`) tell the start, else `--start_time`"
    ),
    gives=(
        "frames of the scope and of `behavCam`, stamps of each with a mended first one, the buffer count, animal, "
        "settings and remarks of `settings_and_notes.dat`"
    ),
)
OWNS_SUBFOLDERS = False


def matches(folder: Folder, tree: Tree) -> bool:  # noqa: ARG001 - a recording is one folder
    """Whether the folder has videos of this software, and its time table or settings."""
    return on_disk.has_videos(folder.files) and any(one.is_meant for one in recordings_of(folder.files)[0])


def incomplete(folder: Folder, tree: Tree) -> Finding | None:
    """What is missing in a folder with videos and no time table, or with a time table and no videos."""
    halves = (_half(one, shown(folder.path.relative_to(tree.root))) for one in recordings_of(folder.files)[0])
    return next((finding for finding in halves if finding is not None), None)


def _half(files: RecordingFiles, where: str) -> Finding | None:
    """The finding for videos alone, or for a time table alone."""
    before = f" of {files.label!r}" if files.label else ""
    if files.videos:
        sentence = (
            f"holds {counted(files.n_videos, 'video file')}{before} named as {on_disk.SCOPE}1.avi, and no "
            f"{on_disk.TABLE}: when the frames were taken is not known. Put it back, or name the files with "
            "--video_files and --timestamps_file"
        )
        return Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence, {"videos": files.n_videos})
    if files.table is None or not is_timestamp_dat(files.table):
        return None
    sentence = (
        f"holds {shown(files.table.name)} and no video{before} named as {on_disk.SCOPE}1.avi: put the videos back"
    )
    return Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence, {"videos": 0})


def discover(folders: Sequence[Folder], tree: Tree, request: Request) -> Discovery:
    """Read the recordings in `folders`: one session each."""
    sessions: list[Session] = []
    failures: list[Failure] = []
    findings: list[Finding] = []
    for folder in folders:
        where = shown(folder.path.relative_to(tree.root))
        found, rest = recordings_of(folder.files)
        meant = [files for files in found if files.is_meant]
        halves = (_half(files, where) for files in found if not files.is_meant)
        findings += [finding for finding in halves if finding is not None]
        if len(meant) == 1:
            others, more = kept_files(rest, (), "")
        else:
            # whose they are is not known
            others, more = (), ()
            findings += ignored([shown(path.name) for path in rest], where, "files that belong to no recording")
        for files in meant:
            result = _read(folder.path, files, others, request, [*more])
            if isinstance(result, Session):
                sessions.append(result)
            else:
                failures.append(result)
    return Discovery(tuple(sessions), tuple(failures), tuple(findings))


def _read(
    folder: Path, files: RecordingFiles, others: tuple[SourceFile, ...], request: Request, findings: list[Finding]
) -> Session | Failure:
    try:
        return read_recording(NAME, folder, files, others, request, findings)
    except InputError as error:
        return Failure(folder, str(error), tuple(findings), files.label)


def discover_files(request: Request) -> Discovery | None:
    """Read the one recording that `--video_files` names; None if its time table is not of this software.

    Files that are all named as the software names them keep their numbers; any others are those of a scope, in the
    order given.

    Raises
    ------
    InputError
        A file that the request names is not there, or is not what it has to be.
    """
    videos = resolve_videos(request.video_files)
    table = request.timestamps_file or videos[0].parent / on_disk.TABLE
    if not is_timestamp_dat(table):
        return None
    table = table.resolve()
    files = RecordingFiles(videos=_cameras(videos), table=table, settings=_settings_file(request, table.parent))
    result = _read(table.parent, files, (), request, [])
    return Discovery((result,)) if isinstance(result, Session) else Discovery(failures=(result,))


def _settings_file(request: Request, folder: Path) -> Path | None:
    given = request.device_metadata_file
    path = given or folder / on_disk.SETTINGS
    if is_settings_and_notes(path):
        return path.resolve()
    if given is not None:
        raise InputError(f"--device_metadata_file: {given} is not there, or is not a {on_disk.SETTINGS}")
    return None


def _cameras(videos: Sequence[Path]) -> Mapping[str, Mapping[int, Path]]:
    """Named videos by camera and number."""
    (cameras,) = found.values() if len(found := numbered_videos(videos)) == 1 else ({},)
    n_named = sum(map(len, cameras.values()))
    return cameras if n_named == len(videos) else {on_disk.SCOPE: dict(enumerate(videos, start=1))}
