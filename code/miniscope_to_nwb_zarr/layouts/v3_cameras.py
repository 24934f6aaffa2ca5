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
    from collections.abc import Iterator, Mapping

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
    is_final: bool
    """That file was closed by its writer, so that no frame came after."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Which camera number has the rows of which camera."""

    numbers: Mapping[str, int]
    is_certain: bool
    """False where the nearest count was taken because none agrees."""


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
    ranked = sorted((_Fit.of(pairs, with_frames, tables) for pairs in _ways(with_frames, tables)), key=_Fit.rank)
    best, others = ranked[0], ranked[1:]
    is_exact = all(best.n_exact > other.n_exact for other in others)
    clear = _CLEAR_FACTOR * best.n_apart + (_CLEAR_FRAMES if len(best.pairs) > 1 else _CLEAR_FRAMES_ALONE)
    if not is_exact and any(other.n_apart < clear for other in others):
        raise InputError(_ambiguous(with_frames, tables, table_name))
    numbers = dict(best.pairs)
    # a camera of whose videos no frame is left takes the number that is left
    left, idle = set(tables) - set(numbers.values()), set(seen) - set(numbers)
    if len(left) == len(idle) == 1 and not idle & set(with_frames):
        numbers[idle.pop()] = left.pop()
    return Matching(numbers, is_certain=is_exact)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well the counts agree in one way of matching."""

    pairs: Mapping[str, int]
    n_exact: int
    n_apart: int

    @classmethod
    def of(cls, pairs: Mapping[str, int], seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable]) -> _Fit:
        apart = {camera: _apart(seen[camera], tables[number]) for camera, number in pairs.items()}
        n_exact = sum(n == 0 and seen[camera].is_final for camera, n in apart.items())
        return cls(pairs, n_exact, sum(apart.values()))

    def rank(self) -> tuple[int, int]:
        return -self.n_exact, self.n_apart


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


def _apart(seen: FramesSeen, table: TimeTable) -> int:
    """By how many frames videos and table disagree, by its last number or, should that be damaged, by its rows."""
    return min(abs(seen.end - frames_listed(table)), abs(seen.end - table.n_rows))


def _ambiguous(seen: Mapping[str, FramesSeen], tables: Mapping[int, TimeTable], table_name: str) -> str:
    listed = ", ".join(f"{frames_listed(table)} frames of camera {number}" for number, table in tables.items())
    held = ", ".join(f"{frames.end} ({camera})" for camera, frames in seen.items())
    return (
        f"{table_name} lists {listed}; the videos hold {held}: the counts do not tell which camera is which, and the "
        "stamps of the other one would be wrong on every frame. Other recordings of the same rig tell which number the "
        "scope has (camNum in the settings of msCam). Save the header and the rows of that number as a file of its "
        "own, and name it with --timestamps_file and the videos of the scope with --video_files"
    )
