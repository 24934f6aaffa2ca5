"""Which camera number of a time table is which camera: told by how many frames each has (reference formats 2.2).

`camNum` is the number that Windows gave a camera; the scope may be 0, 1 or 2. Where counts do not tell, nothing is
guessed: the stamps of the other camera look right on every frame, and are wrong on every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.alignment import DEFAULT_FRAMES_PER_FILE
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.model import TimeTable

# A match that is not exact must be so much nearer than any other: by a factor, and by some frames. Frames that two
# cameras lost never make the wrong match the nearer one; frames of one alone may, so that must be nearer by a file.
_CLEAR_FACTOR, _CLEAR_FRAMES = 2, 10
_CLEAR_FRAMES_ALONE = DEFAULT_FRAMES_PER_FILE


@dataclass(frozen=True, slots=True)
class FramesSeen:
    """What the video files of a camera tell of how many frames it recorded."""

    end: int
    """Frames up to the end of the last file that holds some, those in lost files before it included."""
    is_whole: bool = True
    """That file was closed by its writer and nothing of it is cut off."""
    may_go_on: bool = False
    """That file is cut, or it is full, so that files after it may be lost."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Which camera number has the rows of which camera."""

    numbers: Mapping[str, int]
    is_certain: bool
    """False where the nearest count was taken because none agrees, or rows that tell no frame may make one agree."""


def match_cameras(seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable], table_name: str) -> Matching:
    """Match the cameras, by the names of their videos, with the camera numbers of the time table.

    Parameters
    ----------
    seen : mapping of camera to FramesSeen
    tables : mapping of camera number to TimeTable
    table_name : str
        For the message.

    Raises
    ------
    InputError
        The counts fit more than one way.
    """
    with_frames = {camera: frames for camera, frames in seen.items() if frames.end}
    ways = [_Way.of(pairs, with_frames, tables) for pairs in _ways(with_frames, tables)]
    best = _certain(ways)
    is_certain = best is not None and not _may_agree_by_damage(with_frames, tables)
    best = best or _nearest(ways)
    if best is None:
        raise InputError(_ambiguous(with_frames, tables, table_name))
    numbers = dict(best.pairs)
    # a camera of whose videos no frame is left takes the number that is left
    left, idle = set(tables) - set(numbers.values()), set(seen) - set(numbers)
    if len(left) == len(idle) == 1 and not idle & set(with_frames):
        numbers[idle.pop()] = left.pop()
    return Matching(numbers, is_certain)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of matching, and how well its counts agree."""

    pairs: Mapping[str, int]
    n_exact: int
    """Cameras whose whole videos hold just what the table lists."""
    is_possible: bool
    """Either frames are lost or rows are, not frames of one camera and rows of the other."""
    n_apart: int

    @classmethod
    def of(cls, pairs: Mapping[str, int], seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable]) -> _Way:
        surplus = {camera: _surplus(seen[camera], tables[number]) for camera, number in pairs.items()}
        return cls(
            pairs,
            n_exact=sum(n == 0 and seen[camera].is_whole for camera, n in surplus.items()),
            is_possible=all(n == 0 or (n < 0 and seen[camera].may_go_on) for camera, n in surplus.items())
            or all(n >= 0 for n in surplus.values()),
            n_apart=sum(map(abs, surplus.values())),
        )


def _certain(ways: Sequence[_Way]) -> _Way | None:
    """The only way in which all counts agree; else the only possible one, if one count agrees; None if there is none.

    A count that agrees is not enough: that of a table which ends early may agree with the other camera by chance.
    """
    exact = [way for way in ways if way.n_exact == len(way.pairs)]
    possible = [way for way in ways if way.is_possible]
    if len(exact) == 1 or len(ways) == 1:
        return (exact or list(ways))[0]
    return possible[0] if len(possible) == 1 and possible[0].n_exact else None


def _nearest(ways: Sequence[_Way]) -> _Way | None:
    """The way in which counts are nearest; None if another is not clearly farther."""
    best, *others = sorted(ways, key=lambda way: way.n_apart)
    clear = _CLEAR_FACTOR * best.n_apart + (_CLEAR_FRAMES if len(best.pairs) > 1 else _CLEAR_FRAMES_ALONE)
    return best if all(other.n_apart >= clear for other in others) else None


def _may_agree_by_damage(seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable]) -> bool:
    """Whether so many rows tell no frame that the counts of two cameras could have become each other's."""
    ends = sorted(frames.end for frames in seen.values())
    n_lost = sum(int((table.frame_number < 0).sum()) for table in tables.values())
    return len(ends) > 1 and n_lost > 0 and 2 * n_lost >= ends[-1] - ends[0]


def _ways(seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable]) -> Iterator[dict[str, int]]:
    if len(seen) <= len(tables):
        for numbers in permutations(tables, len(seen)):
            yield dict(zip(seen, numbers, strict=True))
    else:
        for cameras in permutations(seen, len(tables)):
            yield dict(zip(cameras, tables, strict=True))


def frames_listed(table: TimeTable) -> int:
    """Frames of a camera by the highest number of a frame, so that rows that are lost count too."""
    return int(table.frame_number.max(initial=-1)) + 1


def _surplus(seen: FramesSeen, table: TimeTable) -> int:
    """How many more frames the videos hold than the table lists, by its last number or, if that is nearer, its rows."""
    return min(seen.end - frames_listed(table), seen.end - table.n_rows, key=abs)


def _ambiguous(seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable], table_name: str) -> str:
    listed = ", ".join(f"{frames_listed(table)} frames of camera {number}" for number, table in tables.items())
    held = ", ".join(f"{frames.end} ({camera})" for camera, frames in seen.items())
    return (
        f"{table_name} lists {listed}; the videos hold {held}: the numbers of frames do not show which camera is "
        "which, and with the stamps of the other camera every frame would have a wrong time. Other recordings of the "
        "same rig tell which number the scope has (camNum in the settings of msCam). Save the header and the rows of "
        "that number as a file of its own, and name it with --timestamps_file and the videos of the scope with "
        "--video_files"
    )
