"""Recordings of other acquisition software, known by their files, so that they are refused by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.sources.tree import Folder

# reference formats 0: the files that mark each family
_FAMILIES = (
    ("Miniscope_DAQ_Software for V3 scopes (until 2019)", (r"timestamp\.dat", r"msCam[0-9]+\.avi")),
    ("ONIX (Bonsai)", (r"start-time_.*\.csv", r".*-clock_.*\.raw")),
    ("Bonsai with a Miniscope V4", (r".*-image_.*\.avi", r".*-quat_.*\.csv")),
)


def foreign_recording(folder: Folder, where: str) -> Finding | None:
    """The finding for a folder with a recording of software whose layout is not supported; None if it is none."""
    for software, marks in _FAMILIES:
        if all(any(re.fullmatch(mark, path.name) for path in folder.files) for mark in marks):
            sentence = f"holds a recording of {software}, which this program does not convert"
            return Finding(Code.FILE_IGNORED, Severity.ERROR, where, sentence)
    return None
