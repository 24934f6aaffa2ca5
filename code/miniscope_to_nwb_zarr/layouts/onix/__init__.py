"""Recordings of a Miniscope V4 on ONIX, the acquisition system of Open Ephys (reference formats 3.3).

A recording is one video, the acquisition clock at each line of its frames, and the start and rate of that clock. All
files of a folder lie side by side, those of several recordings too. Names are chosen in a workflow that labs edit, so
files are told by what they hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.layouts.contract import About, Discovery, Failure
from miniscope_to_nwb_zarr.layouts.daq_qt.loose_files import resolve_videos
from miniscope_to_nwb_zarr.layouts.onix.files import (
    OnixFiles,
    is_image_time_file,
    is_line_clock,
    is_of_scope,
    sort_files,
)
from miniscope_to_nwb_zarr.layouts.onix.recording import read_recording
from miniscope_to_nwb_zarr.layouts.onix.sets import Kind, OnixSet, make_sets
from miniscope_to_nwb_zarr.layouts.source_files import ignored, kept_files
from miniscope_to_nwb_zarr.sources.limits import NAMES_SHOWN
from miniscope_to_nwb_zarr.sources.line_clocks_raw import FRAME_BYTES
from miniscope_to_nwb_zarr.sources.tree import Folder, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import SourceFile
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.sources.tree import Tree

NAME = "Miniscope ONIX"
LOOKED_FOR = (
    "folders with ucla-miniscope-v4-video_0.avi, ucla-miniscope-v4-clock_0.raw and start-time_0.csv (Bonsai on ONIX)"
)
ABOUT = About(
    recordings_of="Bonsai with OpenEphys.Onix1, or the older Bonsai.ONIX: V4 scopes on ONIX",
    needs=(
        "a video, the clock of its lines (`.raw`, 608 values a frame) and `start-time_N.csv` with the clock's rate, "
        "side by side; several recordings may lie in one folder. Older: `image_<time>.avi` and `image-time_<time>.csv`"
    ),
    gives="frames on the acquisition clock; head orientation, angles, acceleration and temperature; the port's status. "
    "Older: frames on the computer's clock",
)
OWNS_SUBFOLDERS = False


def matches(folder: Folder, tree: Tree) -> bool:  # noqa: ARG001 - all is in the folder itself
    """Whether the folder holds videos with clocks of lines, or what is clearly the rest of such a recording."""
    files = sort_files(folder)
    has_times = bool(files.clocks or files.image_times)
    return bool(files.arrows) or (has_times and bool(files.videos)) or _lacks_clocks(files)


def incomplete(folder: Folder, tree: Tree) -> Finding | None:
    """What is missing in a folder with clocks and no video, or with a start and a video of any camera."""
    files = sort_files(folder)
    if times := files.clocks or files.image_times:
        sentence = f"holds {shown(times[0].name)}, which tells when a scope's frames were taken, and no video (.avi)"
    elif files.starts and files.videos:
        sentence = (
            f"holds the start of an ONIX acquisition ({shown(files.starts[0].name)}) and a video, and no clock of a "
            "scope's lines (.raw): the frames of a scope could not be placed in time"
        )
    else:
        return None
    where = shown(folder.path.relative_to(tree.root))
    return Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, f"{sentence}; there is nothing to convert")


def discover(folders: Sequence[Folder], tree: Tree, request: Request) -> Discovery:
    """Read the recordings in `folders`: one session for each clock file."""
    sessions: list[Session] = []
    failures: list[Failure] = []
    findings: list[Finding] = []
    for folder in folders:
        found = _discover_in(folder, shown(folder.path.relative_to(tree.root)), request)
        sessions += found.sessions
        failures += found.failures
        findings += found.findings
    return Discovery(tuple(sessions), tuple(failures), tuple(findings))


def discover_files(request: Request) -> Discovery | None:
    """Read the recording of a named video and a named clock; None if the table that is named is no clock of lines.

    Its start is the file that `--device_metadata_file` names, else the one beside the clock.

    Raises
    ------
    InputError
        A named file is not there, or there are several videos.
    """
    clock = request.timestamps_file
    if clock is None or not clock.is_file():
        return None
    is_raw = clock.suffix.casefold() == ".raw" and is_line_clock(clock)
    if not is_raw and not is_image_time_file(clock):
        return None
    clock = clock.resolve()
    videos = resolve_videos(request.video_files)
    if len(videos) > 1:
        raise InputError(f"--video_files names {len(videos)} files; a recording on ONIX has one video")
    beside = sort_files(
        Folder(clock.parent, tuple(sorted(path for path in clock.parent.iterdir() if path.is_file())), ())
    )
    start = request.device_metadata_file
    if start is not None and not start.is_file():
        raise InputError(f"--device_metadata_file: {start} is not there, or is not a file")
    starts = () if start else beside.starts
    (one,) = make_sets(replace(beside, videos=videos, clocks=(clock,), image_times=(), starts=starts))
    if start is not None:
        one.chosen[Kind.START] = start.resolve()
    return _sorted([read_recording(NAME, one, (), request, "")])


def _discover_in(folder: Folder, where: str, request: Request) -> Discovery:
    files = sort_files(folder)
    sets = make_sets(files)
    found = [one for one in sets if {*one.chosen, *one.rivals} & {Kind.VIDEO}]
    alone = [_without_video(one, where) for one in sets if one not in found]
    used = {path for one in sets for path in (one.clock, *one.chosen.values(), *one.rivals.get(Kind.VIDEO, ()))}
    left = [path for path in folder.files if path not in used]
    untimed = [path for path in left if path in files.videos and is_of_scope(path)]
    failures = [] if files.arrows else [_without_clock(path) for path in untimed]
    if files.arrows:
        failures.append(_in_arrow_files(folder.path, files.arrows))
    left = [path for path in left if path not in {*untimed, *files.arrows}]
    kept: tuple[SourceFile, ...] = ()
    if len(found) == 1 and not failures:
        kept, more = kept_files(left, (), "")
        found[0].findings.extend(more)
    else:
        alone += ignored([shown(path.name) for path in left], where, "files that are of no recording on ONIX")
    labels = [one.chosen.get(Kind.VIDEO, one.clock).stem if len(found) > 1 else "" for one in found]
    read = [read_recording(NAME, one, kept, request, label) for one, label in zip(found, labels, strict=True)]
    return _sorted([*read, *failures], alone)


def _sorted(results: Sequence[Session | Failure], findings: Sequence[Finding] = ()) -> Discovery:
    return Discovery(
        tuple(result for result in results if isinstance(result, Session)),
        tuple(result for result in results if isinstance(result, Failure)),
        tuple(findings),
    )


def _lacks_clocks(files: OnixFiles) -> bool:
    """Whether a scope's video lies with the start of an acquisition, so that only the clock is missing."""
    return bool(files.starts) and not files.clocks and any(map(is_of_scope, files.videos))


def _without_video(one: OnixSet, where: str) -> Finding:
    name = shown(one.clock.name)
    sentence = f"holds {name}, which tells when a scope's frames were taken, and no video that belongs to it"
    return Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence)


def _without_clock(video: Path) -> Failure:
    name = shown(video.name)
    message = (
        f"{name}: there is no clock of its lines with it (.raw, {FRAME_BYTES} bytes a frame): when the frames were "
        "taken is not known. Put the file back, or name it with --timestamps_file"
    )
    return Failure(video.parent, message, label=video.stem)


def _in_arrow_files(folder: Path, arrows: Sequence[Path]) -> Failure:
    names = ", ".join(shown(path.name) for path in arrows[:NAMES_SHOWN])
    message = (
        f"{names}: Arrow files, as newer versions of OpenEphys.Onix1 write them (DataFrameWriter), are not read. "
        "Save the clock of the lines as .raw and the start as .csv in a copy of the recording"
    )
    return Failure(folder, message)
