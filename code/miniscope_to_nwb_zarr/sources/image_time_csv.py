"""When each frame came, `image-time_<moment>.csv` of the older package Bonsai.ONIX: computer time, clock (formats 3.3).

There is no header. The rate of the clock is written nowhere, so only the computer's time places frames in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.timing import first_sound
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.bonsai_csv import Kind, read_table
from miniscope_to_nwb_zarr.sources.delimited import (
    Head,
    empty_finding,
    head_finding,
    outgrows_file,
    read_raw,
    rows_finding,
    short_rows_finding,
)
from miniscope_to_nwb_zarr.sources.iso_stamps import NO_OFFSET, TICKS_PER_S, is_stamp, moment, ticks_of
from miniscope_to_nwb_zarr.sources.start_time import StartTime

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_COLUMNS = ("Timestamp", "Clock")
_EXPECTED = "rows of a time and a whole number"
_NO_HEADER = Head(b",", (), 0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class ImageTimes:
    """One entry per row of the file.

    Attributes
    ----------
    start : StartTime
        The first readable time that can be right, to the microsecond.
    time_s : float64, shape (n_rows,)
        Seconds from the start; NaN where the row is unreadable.
    clock : uint64, shape (n_rows,)
        Ticks of a clock of unknown rate; 0 where it is unreadable.
    """

    start: StartTime
    time_s: NDArray[np.float64]
    clock: NDArray[np.uint64]


def is_image_time(head: bytes) -> bool:
    """Whether a table begins as this one does, by its first line."""
    fields = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip().split(b",")
    return len(fields) == len(_COLUMNS) and is_stamp(fields[0]) and fields[1].isdigit()


def count_rows(path: Path) -> int:
    """Lines of a table that are not blank; 0 for a file that cannot be read."""
    raw, _ = read_raw(path, "")
    return sum(1 for line in (raw or b"").split(b"\n") if line.strip())


def read_image_times(path: Path, where: str) -> tuple[ImageTimes | None, tuple[Finding, ...]]:
    """Read the table.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    ImageTimes or None
        Every row in its place; None when none can be read.
    tuple of Finding
        What is wrong with the file itself.
    """
    raw, findings = read_raw(path, where)
    if not raw:
        return None, findings if raw is None else (*findings, empty_finding(where))
    if outgrows_file(raw, _NO_HEADER, len(_COLUMNS)):
        return None, (*findings, short_rows_finding(where, len(_COLUMNS)))
    table = read_table(raw, _NO_HEADER, _COLUMNS)
    stamps, clock = table.columns
    if (stamps.kind, clock.kind) != (Kind.STAMP, Kind.NUMBER):
        return None, (*findings, head_finding(raw, where, _EXPECTED))
    # a larger number has no exact value here; a clock counts for years before it gets there
    is_count = (clock.values >= 0) & (clock.values <= limits.WHOLE_NUMBER) & (np.floor(clock.values) == clock.values)
    is_good = table.is_whole & stamps.is_readable & is_count
    if not is_good.any():
        return None, (*findings, head_finding(raw, where, _EXPECTED))
    first = int(np.argmax(is_good))
    has_offset = stamps.offset_min != NO_OFFSET
    is_good &= has_offset == has_offset[first]
    if not is_good.all():
        expected = f"{_EXPECTED}; the rows are kept, without a time"
        findings += (rows_finding(table.lines[~is_good], where, Severity.ERROR, expected),)
    ticks = np.where(is_good, clock.values, 0).astype(np.uint64)
    if table.is_torn:
        ticks[-1] = 0
        line = int(table.lines[-1])
        sentence = f"line {line}, the last one, has no line end; its clock may be cut and was left out"
        findings += (Finding(Code.ROW_TORN, Severity.INFO, where, sentence, {"line": line}),)
    good = np.flatnonzero(is_good)
    place, doubts = first_sound(stamps.values[good] / TICKS_PER_S, where, _COLUMNS[0])
    when = moment(int(stamps.values[good[place]]), int(stamps.offset_min[good[place]]))
    start = StartTime(None, when) if when.tzinfo is None else StartTime(when, when.replace(tzinfo=None))
    time_s = np.where(is_good, (stamps.values - ticks_of(when)) / TICKS_PER_S, np.nan)
    return ImageTimes(start, time_s, ticks), findings + doubts
