"""Which files of a folder are of one recording: by the number in their names, held against what they contain.

Each of Bonsai's writers counts the files that are there before it, so after files were moved or deleted the numbers of
one recording may differ. Files of other numbers are put together only where their contents leave one choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.layouts.onix.files import have_same_number
from miniscope_to_nwb_zarr.sources import bno055_csv, failed_reads
from miniscope_to_nwb_zarr.sources.avi import NotAnAviError, scan_avi
from miniscope_to_nwb_zarr.sources.image_time_csv import count_rows
from miniscope_to_nwb_zarr.sources.line_clocks_raw import clock_range, count_frames
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.layouts.onix.files import OnixFiles

    Fits = Callable[[Path, Path], bool | None]

_WORD = re.compile(r"[0-9a-z]+")
# frames that were not yet in the video when the recording was stopped
_MOST_UNFLUSHED, _SHARE_UNFLUSHED = 60, 0.02
# at the 250 MHz of ONIX; the sensor is polled, and begins and ends at other moments than the scope
_TICKS_APART = 5 * 250_000_000


class Kind(StrEnum):
    """What a file is to the clock it belongs to."""

    VIDEO = "video"
    START = "start"
    INERTIAL = "inertial"
    PORT = "port"


@dataclass(frozen=True, slots=True)
class OnixSet:
    """The files of one recording."""

    clock: Path
    """The clocks of its lines; in older recordings the table of its image times."""
    chosen: dict[Kind, Path] = field(default_factory=dict)
    rivals: dict[Kind, tuple[Path, ...]] = field(default_factory=dict)
    """Files of a kind of which any may be the one, where none was chosen."""
    findings: list[Finding] = field(default_factory=list)


def make_sets(files: OnixFiles) -> tuple[OnixSet, ...]:
    """The recordings of a folder, one for each file that tells when frames were taken."""
    sets = tuple(OnixSet(clock) for clock in (*files.clocks, *files.image_times))
    _assign(sets, Kind.VIDEO, files.videos, _video_fits, "the clocks are as many as its frames")
    _assign(sets, Kind.START, files.starts, _unknown, "")
    _assign(sets, Kind.INERTIAL, files.inertial, _inertial_fits, "their clocks begin and end together")
    _assign(sets, Kind.PORT, files.ports, _unknown, "")
    _doubt_starts(sets)
    return sets


def _assign(sets: Sequence[OnixSet], kind: Kind, candidates: Sequence[Path], fits: Fits, reason: str) -> None:
    """Give each recording its file of a kind: the surest first, and none that two recordings have a right to."""
    free = list(candidates)
    is_alone = len(sets) == len(candidates) == 1
    # scopes on two ports of one acquisition begin together
    most_owners = len(sets) if kind is Kind.START else 1

    def of_number(one: OnixSet) -> list[Path]:
        return [path for path in free if have_same_number(one.clock, path)]

    def of_number_and_content(one: OnixSet) -> list[Path]:
        same = [path for path in of_number(one) if fits(one.clock, path) is not False]
        return _nearest(one.clock, [path for path in same if fits(one.clock, path)] or same)

    rounds: tuple[tuple[Callable[[OnixSet], list[Path]], str, int], ...] = (
        (of_number_and_content, "", most_owners),
        (lambda one: [path for path in free if fits(one.clock, path)], reason, 1),
        (lambda one: _nearest(one.clock, of_number(one)), "", most_owners),
        (lambda _: free if is_alone else [], "there is no other in the folder", 1),
    )
    for choices, why, n_owners in rounds:
        wanted = [(one, tuple(choices(one))) for one in sets if kind not in one.chosen]
        for one, paths in wanted:
            if len(paths) == 1 and sum(paths[0] in others for _, others in wanted) <= n_owners:
                one.chosen[kind] = paths[0]
                one.findings.extend(_renumbered(one.clock, paths[0], why))
        free = [path for path in free if path not in {one.chosen.get(kind) for one in sets}]
    for one in sets:
        if kind not in one.chosen and free:
            one.rivals[kind] = tuple(free)


def _nearest(clock: Path, paths: Sequence[Path]) -> list[Path]:
    """Those whose names share most words with that of the clock: of two scopes, each has files of its own name."""
    own = _words(clock)
    apart = [len(own ^ _words(path)) for path in paths]
    return [path for path, n_words in zip(paths, apart, strict=True) if n_words == min(apart)]


def _words(path: Path) -> set[str]:
    return set(_WORD.findall(path.stem.casefold()))


def _renumbered(clock: Path, path: Path, why: str) -> list[Finding]:
    if have_same_number(clock, path):
        return []
    sentence = f"its number is not that of {shown(clock.name)}; they were put together, because {why}"
    return [Finding(Code.NAME_DISAGREES, Severity.WARNING, shown(path.name), sentence)]


def _doubt_starts(sets: Sequence[OnixSet]) -> None:
    """Where the start of one recording is not found by its number, the numbers of all may have drifted."""
    if not any(Kind.START in one.rivals for one in sets):
        return
    for one in sets:
        if Kind.START in one.chosen:
            name = shown(one.chosen[Kind.START].name)
            sentence = (
                f"was taken for the start of {shown(one.clock.name)} by its number, but another clock file in the "
                "folder has no start of its number: check that the numbers still belong together"
            )
            one.findings.append(Finding(Code.START_UNCERTAIN, Severity.WARNING, name, sentence))


def is_older(clock: Path) -> bool:
    """Whether a file that tells when frames were taken is a table of the older package."""
    return clock.suffix.casefold() == ".csv"


def _video_fits(clock: Path, video: Path) -> bool | None:
    """Whether a video has the frames of a clock; None for one that was never closed, or cannot be read."""
    try:
        scan = scan_avi(video)
    except (NotAnAviError, OSError) as error:
        failed_reads.note(video, error)
        return None
    if not scan.is_closed or scan.cut_bytes:
        return None
    n_clocks = count_rows(clock) if is_older(clock) else count_frames(clock)
    return 0 <= n_clocks - scan.n_frames <= max(_MOST_UNFLUSHED, _SHARE_UNFLUSHED * n_clocks)


def _inertial_fits(clock: Path, table: Path) -> bool | None:
    """Whether the clocks of a table begin and end as those of the frames do."""
    frames, readings = None if is_older(clock) else clock_range(clock), bno055_csv.clock_range(table)
    if frames is None or readings is None:
        return None
    return all(abs(one - other) <= _TICKS_APART for one, other in zip(frames, readings, strict=True))


def _unknown(_clock: Path, _path: Path) -> bool | None:
    """Nothing in these files tells which clock they belong to."""
    return None
