"""How a recording of Miniscope_DAQ_Software (V3) lies on disk: which files belong together, and what folders tell."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.sources.settings_and_notes_dat import is_settings_and_notes
from miniscope_to_nwb_zarr.sources.timestamp_dat import is_timestamp_dat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TABLE, SETTINGS = "timestamp.dat", "settings_and_notes.dat"
SCOPE, CAMERA = "msCam", "behavCam"
"""What the video files of the scope and of the behaviour camera are called."""

# labs put names of animals in front of all files of a recording; what stands behind is the work of other programs
_VIDEO = re.compile(r"(.*?)(mscam|behavcam)_?([0-9]{1,5})\.avi", re.IGNORECASE)
_TABLE = re.compile(r"(.*?)timestamps?\.dat", re.IGNORECASE)
_SETTINGS = re.compile(r"(.*?)settings_and_notes\.dat", re.IGNORECASE)
_TEXT = re.compile(r".*\.(?:dat|txt|csv|tsv)", re.IGNORECASE)
# `M_D_YYYY` and `Hh_Mm_Ss`, not padded (reference formats 2.2); labs put words before and behind
_DATE = re.compile(r"(?<![0-9])(?<![0-9]_)([0-9]{1,2})_([0-9]{1,2})_([0-9]{4})(?![0-9])")
_TIME = re.compile(r"(?<![A-Za-z0-9])H([0-9]{1,2})_M([0-9]{1,2})_S([0-9]{1,2})(?![0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """The files of one recording."""

    label: str = ""
    """What stands in front of their usual names; mostly nothing."""
    videos: Mapping[str, Mapping[int, Path]] = field(default_factory=dict)
    """By `SCOPE` or `CAMERA` and the number in the name, in order; only those that are there."""
    table: Path | None = None
    settings: Path | None = None
    tables_in_question: tuple[Path, ...] = ()
    """Files of other names that might be the time table, where there is more than one."""

    @property
    def n_videos(self) -> int:
        """Video files of all cameras."""
        return sum(map(len, self.videos.values()))

    @property
    def is_meant(self) -> bool:
        """Whether this was a recording once: videos, and something of what is written beside them."""
        return bool(self.videos) and bool(self.table or self.settings or self.tables_in_question)


def has_videos(files: Iterable[Path]) -> bool:
    """Whether a file has the name of a video of this software."""
    return any(_VIDEO.fullmatch(path.name) for path in files)


def numbered_videos(files: Iterable[Path]) -> dict[str, dict[str, dict[int, Path]]]:
    """Video files by what stands in front of the name, by camera and by number."""
    found: defaultdict[str, dict[str, dict[int, Path]]] = defaultdict(dict)
    # `msCam1.avi` before `msCam01.avi`: the software writes no zeros in front
    for path in sorted(files, key=lambda file: (len(file.name), file.name)):
        if match := _VIDEO.fullmatch(path.name):
            camera = SCOPE if match[2].casefold() == SCOPE.casefold() else CAMERA
            found[match[1]].setdefault(camera, {}).setdefault(int(match[3]), path)
    return {
        label: {camera: dict(sorted(cameras[camera].items())) for camera in (SCOPE, CAMERA) if camera in cameras}
        for label, cameras in sorted(found.items())
    }


def recordings_of(files: Iterable[Path]) -> tuple[tuple[RecordingFiles, ...], tuple[Path, ...]]:
    """The recordings in the files of a folder, also half ones, and the files that belong to none."""
    files = tuple(files)
    videos = numbered_videos(files)
    tables = {match[1]: path for path in files if (match := _TABLE.fullmatch(path.name))}
    settings = {match[1]: path for path in files if (match := _SETTINGS.fullmatch(path.name))}
    named = {*tables.values(), *settings.values()}
    others = [path for path in files if path not in named and _TEXT.fullmatch(path.name)] if videos else []
    in_question = _supply(tables, videos, [path for path in others if is_timestamp_dat(path)])
    _supply(settings, videos, [path for path in others if is_settings_and_notes(path)])
    labels = sorted({*videos, *tables, *settings})
    found = tuple(
        RecordingFiles(
            label.strip(" _-."),
            videos.get(label, {}),
            tables.get(label),
            settings.get(label),
            in_question.get(label, ()),
        )
        for label in labels
    )
    used = {path for one in found for path in (one.table, one.settings, *_paths(one.videos)) if path is not None}
    return found, tuple(path for path in files if path not in used)


def _paths(videos: Mapping[str, Mapping[int, Path]]) -> list[Path]:
    return [path for numbered in videos.values() for path in numbered.values()]


def _supply(
    named: dict[str, Path], videos: Mapping[str, object], candidates: list[Path]
) -> dict[str, tuple[Path, ...]]:
    """Add a file that was renamed, told by what is in it, to the only recording that lacks one.

    Returns
    -------
    mapping of label to tuple of Path
        The candidates, where there are several.
    """
    lacking = [label for label in videos if label not in named]
    if len(lacking) != 1 or not candidates:
        return {}
    if len(candidates) > 1:
        return {lacking[0]: tuple(candidates)}
    named[lacking[0]] = candidates[0]
    return {}


def named_start(folder: Path) -> datetime | None:
    """Wall clock from the innermost folders that are named as a date and as a time."""
    time = next((match for part in reversed(folder.parts) if (match := _TIME.search(part))), None)
    date = next((match for part in reversed(folder.parts) if (match := _DATE.search(part))), None)
    if time is None or date is None:
        return None
    month, day, year = (int(part) for part in date.groups())
    hour, minute, second = (int(part) for part in time.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock has no zone
    except ValueError:
        return None
