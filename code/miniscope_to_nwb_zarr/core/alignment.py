"""Which row of a time table belongs to which frame of which file.

Acquisition software writes a row before it writes the frame and starts a new file every `frames_per_file` frames, so row
numbers alone say where a frame must be: row *g* is frame *g mod F* of file *g div F*. A damaged, short, empty or missing
file therefore loses its own frames only, and every later frame keeps its own stamp. Nothing is ever shifted to make
counts agree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Loss, Segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import TimeTable

DEFAULT_FRAMES_PER_FILE = 1000
"""What the acquisition software uses when its configuration does not say."""


@dataclass(frozen=True, slots=True)
class FileFrames:
    """A video file and the number of its complete frames."""

    path: Path
    n_frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """The frames that have a stamp, where they are, and what is missing on either side."""

    rows: NDArray[np.int64]
    segments: tuple[Segment, ...]
    losses: tuple[Loss, ...]
    stale: tuple[int, ...]
    findings: tuple[Finding, ...]


def align(table: TimeTable, files: Mapping[int, FileFrames], frames_per_file: int | None, where: str) -> Alignment:
    """Match the rows of a device's time table with the frames of its numbered files.

    Parameters
    ----------
    table : TimeTable
    files : mapping of file number to FileFrames
        Numbered from 0 as the acquisition software numbers them; gaps are files that are missing.
    frames_per_file : int or None
        As the device's settings say; None when they do not.
    where : str
        The device's folder, for the findings.
    """
    saved, findings = _frame_numbers(table, where)
    total = _total(saved)
    per_file, more = _frames_per_file(files, frames_per_file, total, where)
    findings += more
    n_files = -(-total // per_file)

    file_number, in_file = np.divmod(saved, per_file)
    available = np.zeros(max(n_files, 1), np.int64)
    for number, file in files.items():
        if number < n_files:
            available[number] = file.n_frames
    readable = (saved >= 0) & np.isfinite(table.time_s)
    has_frame = readable.copy()
    has_frame[readable] = in_file[readable] < available[file_number[readable]]

    rows = np.flatnonzero(has_frame)
    stale = tuple(number for number in files if number >= n_files)
    return Alignment(
        rows=rows,
        segments=_segments(file_number[rows], in_file[rows], files),
        losses=_losses(np.flatnonzero(readable & ~has_frame), file_number, files),
        stale=stale,
        findings=(
            *findings,
            *_missing_frames(files, per_file, total, where),
            *_unplaced_frames(files, per_file, total, int(np.sum(~readable)), stale, where),
        ),
    )


def _total(saved: NDArray[np.int64]) -> int:
    """Frames that were handed to the video writer; unreadable rows at the end of the table stand for one each."""
    known = np.flatnonzero(saved >= 0)
    return int(saved[known[-1]]) + len(saved) - int(known[-1]) if len(known) else 0


def _frame_numbers(table: TimeTable, where: str) -> tuple[NDArray[np.int64], list[Finding]]:
    """For each row the number of the saved frame, -1 for unreadable rows; by its place where the column is no use."""
    position = np.arange(table.n_rows)
    known = table.frame_number >= 0
    numbers = table.frame_number[known]
    if np.array_equal(numbers, position[known]):
        return np.where(known, table.frame_number, -1), []
    where_table = f"{where}/{table.path.name}"
    # a number below its place cannot be: the rows before it would have had to share a frame
    if np.all(np.diff(numbers) > 0) and np.all(numbers >= position[known]):
        n_absent = int(numbers[-1]) + 1 - table.n_rows
        return np.where(known, table.frame_number, -1), [
            Finding(
                Code.ROWS_RENUMBERED,
                Severity.WARNING,
                where_table,
                f"{n_absent} row(s) of the table are missing: its frame numbers are not consecutive; "
                "frames are matched by their number, and frames without a row are left out",
                {"rows_missing": n_absent},
            )
        ]
    return np.where(known, position, -1), [
        Finding(
            Code.ROWS_RENUMBERED,
            Severity.WARNING,
            where_table,
            "the column of frame numbers does not count upwards; rows are matched with frames by their order",
        )
    ]


def _frames_per_file(
    files: Mapping[int, FileFrames], stated: int | None, total: int, where: str
) -> tuple[int, list[Finding]]:
    """How many frames each file was meant to hold: as stated, unless another number explains every file exactly."""
    ordered = [files[number].n_frames for number in sorted(files)]
    guess = Counter(ordered[:-1]).most_common(1)[0][0] if len(ordered) > 1 else max(total, *ordered, 1)
    assumed = stated or DEFAULT_FRAMES_PER_FILE
    if guess == assumed or guess == 0 or not ordered or total == 0:
        return assumed, []
    if _explains(files, assumed, total) or not _explains(files, guess, total):
        return assumed, []
    if stated is None and len(ordered) == 1:
        return guess, []
    return guess, [
        Finding(
            Code.FRAMES_PER_FILE,
            Severity.INFO,
            where,
            f"the files hold {guess} frames each, the settings say {stated or 'nothing'}; "
            f"{guess} is used, because it accounts for every file",
            {"found": guess, "stated": stated},
        )
    ]


def _explains(files: Mapping[int, FileFrames], per_file: int, total: int) -> bool:
    expected = {number: min(per_file, total - number * per_file) for number in range(-(-total // per_file))}
    return expected == {number: file.n_frames for number, file in files.items()}


def _segments(
    file_number: NDArray[np.int64], in_file: NDArray[np.int64], files: Mapping[int, FileFrames]
) -> tuple[Segment, ...]:
    if len(file_number) == 0:
        return ()
    breaks = np.flatnonzero((np.diff(file_number) != 0) | (np.diff(in_file) != 1)) + 1
    bounds = [0, *breaks.tolist(), len(file_number)]
    return tuple(
        Segment(files[int(file_number[a])].path, int(in_file[a]), b - a)
        for a, b in zip(bounds, bounds[1:], strict=False)
    )


def _losses(
    rows: NDArray[np.int64], file_number: NDArray[np.int64], files: Mapping[int, FileFrames]
) -> tuple[Loss, ...]:
    if len(rows) == 0:
        return ()
    breaks = np.flatnonzero((np.diff(rows) != 1) | (np.diff(file_number[rows]) != 0)) + 1
    bounds = [0, *breaks.tolist(), len(rows)]
    losses = []
    for a, b in zip(bounds, bounds[1:], strict=False):
        number = int(file_number[rows[a]])
        reason = f"{files[number].path.name} is short" if number in files else f"{number}.avi is missing"
        losses.append(Loss(int(rows[a]), b - a, reason))
    return tuple(losses)


def _missing_frames(files: Mapping[int, FileFrames], per_file: int, total: int, where: str) -> list[Finding]:
    findings = []
    for number in range(-(-total // per_file)):
        expected = min(per_file, total - number * per_file)
        if number not in files:
            code, name, found = Code.FILE_MISSING, f"{number}.avi", 0
            sentence = f"the file is not there; its {expected} frames are lost, all other frames keep their own stamps"
        else:
            code, name, found = Code.FRAMES_MISSING, files[number].path.name, files[number].n_frames
            sentence = (
                f"holds {found} of the {expected} frames that the time table lists for it; "
                f"{expected - found} frames are lost, all other frames keep their own stamps"
            )
        if found < expected:
            numbers = {"expected": expected, "found": found}
            findings.append(Finding(code, Severity.ERROR, f"{where}/{name}", sentence, numbers))
    return findings


def _unplaced_frames(
    files: Mapping[int, FileFrames], per_file: int, total: int, n_unreadable: int, stale: Sequence[int], where: str
) -> list[Finding]:
    findings = []
    for number, file in files.items():
        surplus = file.n_frames - min(per_file, max(total - number * per_file, 0))
        if number not in stale and surplus > 0:
            findings.append(
                Finding(
                    Code.FRAMES_WITHOUT_STAMP,
                    Severity.ERROR,
                    f"{where}/{file.path.name}",
                    f"its last {surplus} frames have no row in the time table and are left out: "
                    "when they were taken is not known",
                    {"frames": surplus},
                )
            )
    if n_unreadable:
        findings.append(
            Finding(
                Code.FRAMES_WITHOUT_STAMP,
                Severity.ERROR,
                where,
                f"{n_unreadable} frames whose row of the time table is unreadable are left out: "
                "when they were taken is not known",
                {"frames": n_unreadable},
            )
        )
    if stale:
        names = ", ".join(files[number].path.name for number in stale[:5])
        findings.append(
            Finding(
                Code.FILE_STALE,
                Severity.WARNING,
                where,
                f"{len(stale)} video file(s) beyond the end of the time table ({names}) are not part of this recording: "
                "the folder was used before, or the end of the table is lost. They are left out; check the start time, "
                "which is that of the first recording made into this folder",
                {"files": len(stale), "frames": sum(files[number].n_frames for number in stale)},
            )
        )
    return findings
