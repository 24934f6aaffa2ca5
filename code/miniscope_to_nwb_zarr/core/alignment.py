"""Which row of a time table belongs to which frame of which file.

Acquisition software writes a row before it writes the frame and starts a new file every `frames_per_file` frames, so
row numbers alone say where a frame must be: row *g* is frame *g mod F* of file *g div F*. A damaged, short, empty or
missing file therefore loses its own frames only, and every later frame keeps its own stamp. Nothing is ever shifted to
make counts agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.file_numbers import FileFrames, explains, from_zero
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Loss, Segment
from miniscope_to_nwb_zarr.core.paths import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import TimeTable

DEFAULT_FRAMES_PER_FILE = 1000
"""What the acquisition software uses when its configuration does not say."""
# more than tables usually have rows: a number that is larger than this and than the table is a damaged one
_MAX_FRAMES = 10_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """The frames that have a stamp, where they are, and what is missing on either side."""

    rows: NDArray[np.int64]
    segments: tuple[Segment, ...]
    losses: tuple[Loss, ...]
    stale: tuple[int, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Which frames of the recording each file was meant to hold."""

    total: int
    per_file: int
    lengths: tuple[int, ...] = ()
    """The length of each file, where they are of no common length and follow each other without a gap."""

    @property
    def n_files(self) -> int:
        return len(self.lengths) or -(-self.total // self.per_file)

    def first(self, number: int) -> int:
        """The first frame of a file."""
        return sum(self.lengths[:number]) if self.lengths else min(number * self.per_file, self.total)

    def expected(self, number: int) -> int:
        """The frames that a file was meant to hold."""
        return self.first(number + 1) - self.first(number)

    def locate(self, place: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """File and place in it of each frame; file -1 for frames of number -1."""
        if not self.lengths:
            file_number, in_file = np.divmod(place, self.per_file)
            return file_number, in_file
        starts = np.cumsum([0, *self.lengths[:-1]])
        file_number = np.searchsorted(starts, place, side="right") - 1
        return file_number, place - starts[file_number]


def numbered_avi(number: int) -> str:
    """The name of a video file as Miniscope-DAQ-QT gives it."""
    return f"{number}.avi"


def align(
    table: TimeTable,
    files: Mapping[int, FileFrames],
    frames_per_file: int | None,
    where: str,
    file_name: Callable[[int], str] = numbered_avi,
) -> Alignment:
    """Match the rows of a device's time table with the frames of its numbered files.

    Parameters
    ----------
    table : TimeTable
    files : mapping of file number to FileFrames
        Numbered from 0 as the acquisition software numbers them; gaps are files that are missing.
    frames_per_file : int or None
        As the device's settings say; None when they do not.
    where : str
        The device's folder, for the findings; empty where the recording has no folders.
    file_name : callable
        What a file of a number is called, for those that are missing.
    """
    place, findings = _places(table, where)
    total = int(place.max(initial=-1)) + 1
    files, more = from_zero(files, frames_per_file, total, where)
    findings += more
    plan, more = _plan(files, frames_per_file, total, where)
    findings += more

    file_number, in_file = plan.locate(place)
    is_stored = in_file < _stored(files, file_number)
    is_readable = (table.frame_number >= 0) & np.isfinite(table.time_s)
    rows = np.flatnonzero(is_stored & is_readable)
    stale = tuple(number for number in files if plan.first(number) >= total)
    return Alignment(
        rows=rows,
        segments=_segments(file_number[rows], in_file[rows], files),
        losses=_losses(np.flatnonzero(is_readable & ~is_stored), file_number, files, file_name),
        stale=stale,
        findings=(
            *findings,
            *_missing_frames(files, plan, where, file_name),
            *_unplaced_frames(files, plan, int(np.sum(is_stored & ~is_readable)), stale, where),
        ),
    )


def _stored(files: Mapping[int, FileFrames], file_number: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many frames the file of each row holds."""
    numbers, at = np.unique(file_number, return_inverse=True)
    return np.array([files[k].n_frames if k in files else 0 for k in numbers.tolist()], np.int64)[at]


def _places(table: TimeTable, where: str) -> tuple[NDArray[np.int64], list[Finding]]:
    """For each row the number of the frame it stands for: as written, else by its place in the table.

    An unreadable row stands for the frame after that of the row before it; it is no row at all, -1, where the next
    number leaves no room for it.
    """
    position = np.arange(table.n_rows)
    known = table.frame_number >= 0
    numbers = table.frame_number[known]
    if np.array_equal(numbers, position[known]):
        return position, []
    where_table = inside(where, table.path.name)
    is_sound = bool(np.all(np.diff(numbers) > 0)) and int(numbers[-1]) < max(_MAX_FRAMES, 2 * table.n_rows)
    if not is_sound:
        return position, [_out_of_order(numbers, position[known], where_table)]
    before = np.maximum.accumulate(np.where(known, position, -1))
    after = np.where(known, table.frame_number, np.iinfo(np.int64).max)
    after = np.minimum.accumulate(after[::-1])[::-1]
    place = np.where(before >= 0, table.frame_number[before] + position - before, position)
    place[~known & (place >= after)] = -1
    n_absent = int(place.max()) + 1 - int(np.sum(place >= 0))
    sentence = (
        f"{counted(n_absent, 'row')} of the table missing: its frame numbers are not consecutive; "
        "frames are matched by their number, and frames without a row are left out"
    )
    missing = Finding(Code.ROWS_RENUMBERED, Severity.ERROR, where_table, sentence, {"rows_missing": n_absent})
    return place, [missing] if n_absent else []


def _out_of_order(numbers: NDArray[np.int64], position: NDArray[np.int64], where_table: str) -> Finding:
    """The finding for frame numbers that are no guide: damaged ones, or a table that was sorted."""
    sentence = "the column of frame numbers does not count upwards; rows are matched with frames by their order"
    n_moved = int(np.sum(numbers != position))
    # each number once, and in another order: no damage does that
    if len(np.unique(numbers)) < len(numbers) or numbers.max() > position[-1]:
        return Finding(Code.ROWS_RENUMBERED, Severity.WARNING, where_table, sentence)
    sentence += (
        f". {n_moved} rows are not where their number says, as after the table was sorted in another program: their "
        "frames have the stamps of other frames. Put the original table back"
    )
    return Finding(Code.ROWS_RENUMBERED, Severity.ERROR, where_table, sentence, {"rows_moved": n_moved})


def _plan(files: Mapping[int, FileFrames], stated: int | None, total: int, where: str) -> tuple[_Plan, list[Finding]]:
    """How many frames each file was meant to hold: as stated, unless another number explains every file exactly.

    Where nothing is stated, a whole file that others follow shows it.
    """
    ordered = [files[number] for number in sorted(files)]
    if not ordered or total == 0 or (stated and explains(files, stated, total)):
        return _Plan(total, stated or DEFAULT_FRAMES_PER_FILE), []
    fullest = max((file.n_frames for file in ordered[:-1] if file.is_whole), default=0)
    is_whole = all(file.is_whole for file in ordered)
    for guess in (fullest, total):
        if guess > 0 and is_whole and explains(files, guess, total):
            return _Plan(total, guess), [_per_file_finding(guess, stated, where)] if stated or len(ordered) > 1 else []
    closed = [file.n_frames for file in ordered[:-1] if file.is_whole]
    if stated:
        # files that were closed and followed by others cannot all be short by the same number
        is_other = len(closed) > 1 and set(closed) == {fullest} and 0 < fullest < stated
        return _Plan(total, fullest if is_other else stated), [_per_file_finding(fullest, stated, where)] * is_other
    lengths = tuple(file.n_frames for file in ordered)
    if is_whole and sum(lengths) == total and max(files) == len(files) - 1:
        return _Plan(total, total, lengths), []
    if fullest:
        return _Plan(total, fullest), [_per_file_finding(fullest, stated, where)]
    assumed = max(DEFAULT_FRAMES_PER_FILE, *lengths)
    sentence = (
        f"how many frames each file should hold is not known: the settings are lost and no file shows it; {assumed} "
        "is assumed, so stamps of frames beyond the first file may belong to others"
    )
    doubt = Finding(Code.FRAMES_PER_FILE, Severity.WARNING, where or ".", sentence, {"found": assumed, "stated": None})
    return _Plan(total, assumed), [doubt] if len(ordered) > 1 or 0 not in files else []


def _per_file_finding(found: int, stated: int | None, where: str) -> Finding:
    sentence = f"the files hold {found} frames each, the settings say {stated or 'nothing'}; {found} is used"
    return Finding(Code.FRAMES_PER_FILE, Severity.INFO, where or ".", sentence, {"found": found, "stated": stated})


def _segments(
    file_number: NDArray[np.int64], in_file: NDArray[np.int64], files: Mapping[int, FileFrames]
) -> tuple[Segment, ...]:
    if len(file_number) == 0:
        return ()
    breaks = np.flatnonzero((np.diff(file_number) != 0) | (np.diff(in_file) != 1)) + 1
    bounds = [0, *breaks.tolist(), len(file_number)]
    return tuple(Segment(files[int(file_number[a])].path, int(in_file[a]), b - a) for a, b in pairwise(bounds))


def _losses(
    rows: NDArray[np.int64],
    file_number: NDArray[np.int64],
    files: Mapping[int, FileFrames],
    file_name: Callable[[int], str],
) -> tuple[Loss, ...]:
    if len(rows) == 0:
        return ()
    breaks = np.flatnonzero((np.diff(rows) != 1) | (np.diff(file_number[rows]) != 0)) + 1
    bounds = [0, *breaks.tolist(), len(rows)]
    losses = []
    for a, b in pairwise(bounds):
        number = int(file_number[rows[a]])
        file = files.get(number)
        reason = f"{file.path.name} {file.problem or 'is short'}" if file else f"{file_name(number)} is missing"
        losses.append(Loss(int(rows[a]), b - a, reason))
    return tuple(losses)


def _missing_frames(
    files: Mapping[int, FileFrames], plan: _Plan, where: str, file_name: Callable[[int], str]
) -> list[Finding]:
    findings = []
    present = sorted(number for number in files if number < plan.n_files)
    for before, number in pairwise([-1, *present, plan.n_files]):
        if number > before + 1:
            n_lost = plan.first(number) - plan.first(before + 1)
            findings.append(_missing_files(before + 1, number - before - 1, n_lost, where, file_name))
        if number == plan.n_files:
            break
        file, expected = files[number], plan.expected(number)
        if file.n_frames < expected:
            n_lost = expected - file.n_frames
            # of a file that was closed nothing shows where frames are missing
            is_unclear = file.is_whole and file.n_frames > 0
            lost = "lost, all other frames keep their own stamps"
            if is_unclear:
                lost = (
                    "lost, taken to be at its end. The file is closed as if it were whole, so frames may have been "
                    "lost before, and then frames of this file have the stamps of others"
                )
            sentence = (
                f"{file.problem + '; ' if file.problem else ''}{file.n_frames} of the {expected} frames that the time "
                f"table lists for it are there; {counted(n_lost, 'frame is', 'frames are')} {lost}"
            )
            numbers = {"expected": expected, "found": file.n_frames}
            name = inside(where, file.path.name)
            findings.append(Finding(Code.FRAMES_MISSING, Severity.ERROR, name, sentence, numbers))
    return findings


def _missing_files(first: int, n_files: int, n_lost: int, where: str, file_name: Callable[[int], str]) -> Finding:
    what = "the file is" if n_files == 1 else f"the {n_files} files up to {file_name(first + n_files - 1)} are"
    sentence = (
        f"{what} not there; {counted(n_lost, 'frame is', 'frames are')} lost, all other frames keep their own stamps"
    )
    numbers = {"expected": n_lost, "found": 0, "files": n_files}
    return Finding(Code.FILE_MISSING, Severity.ERROR, inside(where, file_name(first)), sentence, numbers)


def _unplaced_frames(
    files: Mapping[int, FileFrames], plan: _Plan, n_blind: int, stale: Sequence[int], where: str
) -> list[Finding]:
    findings = []
    for number, file in files.items():
        surplus = file.n_frames - plan.expected(number)
        if number not in stale and surplus > 0:
            findings.append(
                Finding(
                    Code.FRAMES_WITHOUT_STAMP,
                    Severity.ERROR,
                    inside(where, file.path.name),
                    f"{counted(surplus, 'frame at its end has', 'frames at its end have')} no row in the time table: "
                    "frames whose time is not known are left out",
                    {"frames": surplus},
                )
            )
    if n_blind:
        findings.append(
            Finding(
                Code.FRAMES_WITHOUT_STAMP,
                Severity.ERROR,
                where or ".",
                f"{counted(n_blind, 'frame')} left out, because the row of the time table is unreadable: "
                "when they were taken is not known",
                {"frames": n_blind},
            )
        )
    if stale:
        names = ", ".join(files[number].path.name for number in stale[:5])
        findings.append(
            Finding(
                Code.FILE_STALE,
                Severity.WARNING,
                where or ".",
                f"{counted(len(stale), 'video file')} beyond the end of the time table ({names}): left out, because "
                "they are not part of this recording. The folder was used before, or the end of the table is lost. "
                "Check the start time: it is that of the first recording made into this folder",
                {"files": len(stale), "frames": sum(files[number].n_frames for number in stale)},
            )
        )
    return findings
