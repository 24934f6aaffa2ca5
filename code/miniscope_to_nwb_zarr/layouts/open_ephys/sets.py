"""Which files of a folder belong to one recording of Open Ephys' software, and what is left over.

Names are typed by users, so tables and logs are told by their first line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.layouts.open_ephys.pairs import pair, suffix_of
from miniscope_to_nwb_zarr.sources.open_ephys_columns import FIRST_BYTES, is_frame_table, is_log
from miniscope_to_nwb_zarr.sources.small_file import first_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_TEXT = frozenset({".csv", ".txt", ".log"})
_CONFIGURATION = frozenset({".yml", ".yaml"})
_OTHER_VIDEO = frozenset({".mkv", ".mp4", ".mov", ".m4v", ".wmv"})
# videos of Miniscope-DAQ: thousands in a folder, and never tables
_NUMBERED = re.compile(r"[A-Za-z]*[0-9]+\.avi", re.IGNORECASE)
# GUI: <base name>frame_<frame number>_<yyyyMMdd_HHmmss_fff>.png
_CAPTURE = re.compile(r"(.*)frame_[0-9]+_([0-9]{8}_[0-9]{6})_[0-9]{3}\.png", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """The files of one recording."""

    table: Path
    videos: tuple[Path, ...]
    """In the order of their frames; one, unless the user names several."""
    log: Path | None = None
    configuration: Path | None = None
    others: tuple[Path, ...] = ()
    """Further files of its name."""

    @property
    def label(self) -> str:
        """What its files are called."""
        return self.videos[0].stem if self.videos else self.table.stem


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of a folder, by what they are."""

    sets: tuple[RecordingFiles, ...]
    """In natural order of their tables. Tables without a video are among them, with no video."""
    ambiguous: tuple[tuple[Path, ...], ...]
    """Tables and videos that could belong together in more than one way."""
    lone_videos: tuple[Path, ...]
    lone_logs: tuple[Path, ...]
    captures: tuple[Path, ...]
    """Pictures that the GUI took; they belong to no recording by name."""
    foreign_videos: tuple[Path, ...]
    """Videos of other programs: of other names, in another container, or with a table that is not of frames."""
    others: tuple[Path, ...]


def is_table_file(path: Path) -> bool:
    """Whether a file is a table of frames. One tutorial's workflow calls it ``.avi``."""
    may_be = _kind(path) in _TEXT or (_kind(path) == ".avi" and not _NUMBERED.fullmatch(path.name))
    return may_be and is_frame_table(first_bytes(path, FIRST_BYTES))


def is_log_file(path: Path) -> bool:
    """Whether a file is the log of a recording."""
    return _kind(path) in _TEXT and is_log(first_bytes(path, FIRST_BYTES))


def is_stamped_video(path: Path) -> bool:
    """Whether a file is named as Bonsai names a video by the second in which it began."""
    return _kind(path) == ".avi" and isinstance(suffix_of(path)[1], datetime)


def capture_of(path: Path) -> tuple[str, datetime] | None:
    """Base name and wall clock of a picture that the GUI took, None for other files."""
    match = _CAPTURE.fullmatch(path.name)
    if match is None:
        return None
    try:
        return match[1], datetime.strptime(match[2], "%Y%m%d_%H%M%S")  # noqa: DTZ007 - a wall clock has no zone
    except ValueError:
        return None


def companions(table: Path, videos: Sequence[Path], near: Iterable[Path]) -> RecordingFiles:
    """The recording of a table and its videos, with the files that have their names, which may be among `near`."""
    others = [path for path in near if path != table and path not in videos]
    log = next((path for path in others if is_log_file(path)), None)
    configuration = next((path for path in others if _kind(path) in _CONFIGURATION), None)
    further = (path for path in others if path not in {log, configuration} and not _is_video(path))
    return RecordingFiles(table, tuple(videos), log, configuration, tuple(further))


def sort_files(files: Sequence[Path]) -> FolderFiles:
    """Find the recordings among the files of a folder, which are in natural order."""
    tables = dict.fromkeys(path for path in files if is_table_file(path))
    videos = [path for path in files if _kind(path) == ".avi" and path not in tables]
    pairs, ambiguous = pair(list(tables), videos)
    unclear = {path for group in ambiguous for path in group}
    by_stem: defaultdict[str, list[Path]] = defaultdict(list)
    for path in files:
        by_stem[path.stem].append(path)
    sets = []
    for table in (path for path in tables if path not in unclear):
        own = [pairs[table]] if table in pairs else []
        names = dict.fromkeys(path.stem for path in (table, *own))
        sets.append(companions(table, own, [path for name in names for path in by_stem[name] if path not in tables]))
    used = {path for one in sets for path in (one.table, *one.videos, one.log, one.configuration, *one.others)}
    left = [path for path in files if path not in used and path not in unclear]
    # what is named as the recordings here, or as Bonsai names them; other videos are of other programs
    logs = [path for path in left if is_log_file(path)]
    bases = {suffix_of(path)[0] for path in (*tables, *logs, *pairs.values())}
    # a log tells that a table which cannot be read is one of frames
    has_table = {path.stem for path in left if _kind(path) == ".csv"} - {path.stem for path in logs}
    own_videos = [path for path in left if _kind(path) == ".avi" and path.stem not in has_table]
    lone = [path for path in own_videos if is_stamped_video(path) or suffix_of(path)[0] in bases]
    captures = [path for path in left if capture_of(path)]
    foreign = [path for path in left if _is_video(path) and path not in lone]
    known = {*logs, *lone, *captures, *foreign}
    return FolderFiles(
        sets=tuple(sets),
        ambiguous=ambiguous,
        lone_videos=tuple(lone),
        lone_logs=tuple(logs),
        captures=tuple(captures),
        foreign_videos=tuple(foreign),
        others=tuple(path for path in left if path not in known),
    )


def _kind(path: Path) -> str:
    return path.suffix.casefold()


def _is_video(path: Path) -> bool:
    return _kind(path) == ".avi" or _kind(path) in _OTHER_VIDEO
