"""The acquisition clock at every line of every frame, `ucla-miniscope-v4-clock_N.raw` of ONIX (reference formats 3.3).

The file has no header: little-endian whole numbers of 64 bits, one for each of the sensor's 608 lines. Nothing in it
marks where a frame begins, so a value that is lost moves every later frame. What tells is the clock itself: it rises by
the same small step from line to line, and by a longer one from the last line of a frame to the first of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import failed_reads, limits

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LINES = 608
"""Lines of the sensor, and so values of a frame."""
FRAME_BYTES = LINES * 8
_CLOCK = np.dtype("<u8")
# 10 MB: an hour has 525 MB
_BLOCK_BYTES = 2048 * FRAME_BYTES
# a longer step than this many usual ones is the pause between two frames
_PAUSE_STEPS = 3
_FRAMES_TO_LEARN_FROM = 3


@dataclass(frozen=True, slots=True, eq=False)
class LineClocks:
    """The clock of each frame, in ticks.

    Attributes
    ----------
    first, last : uint64, shape (n_frames,)
        At the first and the last line of each frame, as stored.
    is_placed : bool, shape (n_frames,)
        The frame's values are its own, as far as the steps between them tell; False: `first` is not when it began.
    """

    first: NDArray[np.uint64]
    last: NDArray[np.uint64]
    is_placed: NDArray[np.bool_]

    @property
    def n_frames(self) -> int:
        """Whole frames in the file."""
        return len(self.first)


def count_frames(path: Path) -> int:
    """Whole frames of a file, by its size; 0 for a file that cannot be looked at."""
    try:
        return path.stat().st_size // FRAME_BYTES
    except OSError as error:
        failed_reads.note(path, error)
        return 0


def begins_with_lines(path: Path) -> bool:
    """Whether a file begins with the clocks of two frames: equal steps, and one longer step after 608 of them."""
    try:
        with path.open("rb") as file:
            raw = file.read(2 * FRAME_BYTES)
    except OSError as error:
        failed_reads.note(path, error)
        return False
    if len(raw) < 2 * FRAME_BYTES:
        return False
    clock = np.frombuffer(raw, _CLOCK)
    step = np.diff(clock)
    lines = np.delete(step, LINES - 1)
    is_rising = bool(np.all(clock[1:] > clock[:-1]))
    return is_rising and bool(lines.max() <= _PAUSE_STEPS * np.median(lines) < step[LINES - 1])


def clock_range(path: Path) -> tuple[int, int] | None:
    """The first clock of the first and the last clock of the last whole frame; None if there is none."""
    n_frames = count_frames(path)
    if not n_frames:
        return None
    try:
        with path.open("rb") as file:
            first = file.read(8)
            file.seek(n_frames * FRAME_BYTES - 8)
            return int.from_bytes(first, "little"), int.from_bytes(file.read(8), "little")
    except OSError as error:
        failed_reads.note(path, error)
        return None


def read_line_clocks(path: Path, where: str) -> tuple[LineClocks | None, tuple[Finding, ...]]:
    """Read the clock of each frame, a part of the file at a time.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    LineClocks or None
        Every whole frame; None when there is none.
    tuple of Finding
        A cut file, frames whose clock cannot be told, and frames that are made of two.
    """
    if not path.is_file():
        return None, (Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, "is not there, or is not a regular file"),)
    most = limits.VIDEO_FRAMES
    if count_frames(path) > most.value:
        sentence = f"holds the clocks of more than {most.value:,} frames and was left out; {most.remedy}"
        return None, (Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, sentence),)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            blocks = [block for _ in range(0, size, _BLOCK_BYTES) if (block := _read_block(file)) is not None]
    except OSError as error:
        failed_reads.note(path, error)
        sentence = f"cannot be read: {error.strerror}"
        return None, (Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, sentence),)
    findings = _cut(size, where)
    if not blocks:
        return None, findings
    first, last, longest, is_rising = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    is_placed, doubts = _judge(first, last, longest, is_rising, where, is_cut=bool(size % FRAME_BYTES))
    return LineClocks(first, last, is_placed), findings + doubts


def _read_block(file: BinaryIO) -> tuple[NDArray[Any], ...] | None:
    """Of the next frames the first and last clock, the longest step and whether all steps rise; None for no frame."""
    raw = file.read(_BLOCK_BYTES)
    if len(raw) < FRAME_BYTES:
        return None
    clock = np.frombuffer(raw[: len(raw) // FRAME_BYTES * FRAME_BYTES], _CLOCK).reshape(-1, LINES)
    is_rising: NDArray[np.bool_] = np.all(clock[:, 1:] > clock[:, :-1], axis=1)
    # unsigned: a step down is a very long one, in frames that do not rise
    return clock[:, 0].copy(), clock[:, -1].copy(), np.diff(clock, axis=1).max(axis=1), is_rising


def _judge(
    first: NDArray[np.uint64],
    last: NDArray[np.uint64],
    longest: NDArray[np.uint64],
    is_rising: NDArray[np.bool_],
    where: str,
    *,
    is_cut: bool,
) -> tuple[NDArray[np.bool_], tuple[Finding, ...]]:
    """Which frames hold their own values, by where the longer steps are."""
    lines = (last - first - longest)[is_rising] / (LINES - 2)
    pause = _PAUSE_STEPS * float(np.median(lines)) if len(lines) else 0.0
    has_pause = is_rising & (longest > pause)
    if np.median(has_pause[:_FRAMES_TO_LEARN_FROM]) > 0:
        # so it is in every frame: this is how the scope is read out, and nothing can be told from it
        has_pause[:] = False
    is_after_pause = np.ones(len(first), bool)
    is_after_pause[1:] = (first[1:] > last[:-1]) & (first[1:] - last[:-1] > pause)
    is_shifted = has_pause & ~is_after_pause
    # the frame from which values are lost: its first may be among them
    is_shifted[:-1] |= has_pause[:-1] & is_shifted[1:]
    # of the last frame, the next one would tell, which is not all there
    is_shifted[-1] |= has_pause[-1] & is_cut
    is_torn = has_pause & ~is_shifted
    return is_rising & ~is_shifted, (*_unplaced(is_shifted, is_rising, where), *_torn(is_torn, where))


def _cut(size: int, where: str) -> tuple[Finding, ...]:
    if not size:
        sentence = "the file is empty: nothing was written before the end"
        return (Finding(Code.FILE_EMPTY, Severity.ERROR, where, sentence),)
    n_frames, rest = divmod(size, FRAME_BYTES)
    if not rest:
        return ()
    sentence = (
        f"its size is no multiple of {FRAME_BYTES} bytes (the clocks of {LINES} lines): it was cut while it was "
        f"written or copied. It holds {n_frames} whole frames; the last {rest} bytes were left out"
    )
    numbers = {"frames": n_frames, "cut_bytes": rest}
    return (Finding(Code.FILE_TRUNCATED, Severity.WARNING, where, sentence, numbers),)


def _unplaced(is_shifted: NDArray[np.bool_], is_rising: NDArray[np.bool_], where: str) -> list[Finding]:
    """Findings for frames of which it is not known when they began."""
    kinds = (
        (
            is_shifted,
            "values before them are lost or were added, so that the pause between two frames lies inside them",
        ),
        (~is_rising, "the clocks of their lines do not rise, so the file is damaged there"),
    )
    findings = []
    for chosen, problem in kinds:
        at = np.flatnonzero(chosen)
        if len(at):
            sentence = (
                f"{counted(len(at), 'frame')}, the first of them frame {at[0]}: {problem}; when they began is not known"
            )
            numbers = {"count": len(at), "first_frame": int(at[0])}
            findings.append(Finding(Code.ROW_UNREADABLE, Severity.ERROR, where, sentence, numbers))
    return findings


def _torn(chosen: NDArray[np.bool_], where: str) -> list[Finding]:
    at = np.flatnonzero(chosen)
    if not len(at):
        return []
    sentence = (
        f"{counted(len(at), 'frame')} with lines of two pictures, the first of them frame {at[0]}: lines were lost "
        "between the scope and the computer. The frames are kept; their stamp is that of their first line"
    )
    numbers = {"count": len(at), "first_frame": int(at[0])}
    return [Finding(Code.FRAMES_TORN, Severity.WARNING, where, sentence, numbers)]
