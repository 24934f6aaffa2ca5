"""The numbers of a device's video files, and whether they explain its time table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileFrames:
    """A video file and the number of its complete frames."""

    path: Path
    n_frames: int
    problem: str | None = None
    """Why frames of the file cannot be used, as the end of a sentence that begins with its name: ``is empty``."""
    is_whole: bool = True
    """The file was closed by its writer and nothing of it is cut off."""


def from_zero(
    files: Mapping[int, FileFrames], per_file: int | None, total: int, where: str
) -> tuple[Mapping[int, FileFrames], list[Finding]]:
    """The files as they were numbered before somebody renamed them, where their lengths leave no doubt.

    Taken for `0.avi`, the first of them and all that follow then hold exactly what the time table lists: no frame is
    missing, so that there was no other first file. Only where the last one is not full: full ones may be left over from
    a longer recording into the same folder.
    """
    first = min(files, default=0)
    moved = {number - first: file for number, file in files.items()}
    is_whole = all(file.is_whole for file in files.values())
    fullest = max((file.n_frames for file in files.values()), default=0)
    guesses = [guess for guess in (per_file, fullest) if guess and total % guess]
    if not first or not is_whole or not any(explains(moved, guess, total) for guess in guesses):
        return files, []
    sentence = (
        f"the video files begin with {files[first].path.name} and hold exactly the {counted(total, 'frame')} of the "
        "time table: they were renamed, and are taken for those that were numbered from 0. If 0.avi is lost instead, "
        "and the end of the table as well, the stamps are those of other frames"
    )
    finding = Finding(
        Code.FILES_RENUMBERED, Severity.WARNING, where or ".", sentence, {"first": first, "frames": total}
    )
    return moved, [finding]


def explains(files: Mapping[int, FileFrames], per_file: int, total: int) -> bool:
    """Whether the files hold exactly what the table lists, at so many frames a file."""
    return len(files) == -(-total // per_file) and all(
        file.n_frames == min(per_file, total - number * per_file) for number, file in files.items()
    )
