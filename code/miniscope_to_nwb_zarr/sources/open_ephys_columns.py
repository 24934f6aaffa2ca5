"""What the columns of a table of Open Ephys hold, by their names; and which tables are of frames at all.

Names of files are typed by users, so a table is told by its first line: the header of the Miniscope V4 GUI
(`FrameNumber`, `HardwareTime`, `Quaternion_X`, ...), the paths of members that Bonsai's writer prints (`Value.Item1`,
`Value.Item2.W`, ...), or the first row of the older example workflows, whose tables have no header (reference formats
3.1, 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.sources.bonsai_csv import distinct
from miniscope_to_nwb_zarr.sources.delimited import Head, normalised, parse_number, read_head
from miniscope_to_nwb_zarr.sources.iso_stamps import is_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_BYTES = 4096
"""How much of a file `is_frame_table` and `is_log` need to see."""
EXPECTED = (
    "a header that names 'Timestamp' or 'HardwareTime', and 'FrameNumber' or a quaternion, or rows of ISO 8601 stamp, "
    "frame number, True or False and, from a Miniscope V4, the four numbers of a quaternion"
)
_STAMP, _HARDWARE, _FRAME = "timestamp", "hardwaretime", "framenumber"
_FIRST_ITEM = "value.item1"
_LOG = frozenset({_STAMP, _FRAME, "level", "message"})
_KNOWN = (_STAMP, _HARDWARE, _FRAME)
_AXES = "wxyz"
# OpenEphys.Miniscope, example workflows: UclaMiniscopeV4.bonsai, and UclaMiniCam.bonsai without the quaternion
_WITHOUT_HEADER = (
    "Timestamp",
    "FrameNumber",
    "Trigger",
    "Quaternion_W",
    "Quaternion_X",
    "Quaternion_Y",
    "Quaternion_Z",
)
_WIDTHS = frozenset({3, len(_WITHOUT_HEADER)})


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what, by its place; None for what the table does not have."""

    stamp: int | None
    """When the computer received the frame."""
    hardware: int | None
    """The clock of the acquisition board."""
    frame: int | None
    """The frame counter of the acquisition board."""
    quaternion: tuple[int, ...]
    """Places of w, x, y and z; empty where the table has no quaternion."""
    n_axes_alone: int = 0
    """Columns that are named as some of those four, where others of them are missing."""

    @property
    def is_frame_table(self) -> bool:
        """Whether these are the columns of a table of frames, and not of some other table of Bonsai's."""
        has_frames = self.frame is not None or bool(self.quaternion)
        return self.hardware is not None or (self.stamp is not None and has_frames)

    @property
    def places(self) -> frozenset[int | None]:
        """All columns with a role."""
        return frozenset({self.stamp, self.hardware, self.frame, *self.quaternion})


def is_frame_table(first: bytes) -> bool:
    """Whether a file that begins with these bytes is a table of frames."""
    return roles_of(table_head(first)[1]).is_frame_table


def is_log(first: bytes) -> bool:
    """Whether a file that begins with these bytes is the log of a recording."""
    head = read_head(first, _KNOWN)
    return head is not None and _is_log(head)


def table_head(raw: bytes) -> tuple[Head | None, tuple[str, ...]]:
    """How a table of frames begins, and the name of each of its columns; none if it begins as no such table does."""
    head = read_head(raw, _KNOWN)
    if head is None or _is_log(head):
        return None, ()
    return head, distinct(head.names) if head.names else _names_without_header(raw, head)


def roles_of(names: Sequence[str]) -> Roles:
    """Which column is what."""
    paths = {normalised(name): k for k, name in reversed(list(enumerate(names)))}
    leaves = {path.rpartition(".")[2]: k for path, k in paths.items()}
    named = [
        [paths[prefix + axis] for axis in _AXES if prefix + axis in paths]
        for prefix in dict.fromkeys(path[:-1] for path in paths if path[-2:-1] in {".", "_"})
    ]
    quaternion = tuple(next((found for found in named if len(found) == len(_AXES)), ()))
    n_alone = 0 if quaternion else max(map(len, named), default=0)
    # the first member of what Bonsai stamped is the frame number, in the workflow of the tutorials
    frame = leaves.get(_FRAME, paths.get(_FIRST_ITEM) if quaternion else None)
    return Roles(leaves.get(_STAMP), leaves.get(_HARDWARE), frame, quaternion, n_alone if n_alone > 1 else 0)


def _is_log(head: Head) -> bool:
    return {normalised(name) for name in head.names} >= _LOG


def _names_without_header(raw: bytes, head: Head) -> tuple[str, ...]:
    """The names of the older form; none where the first row is not of it."""
    first = raw[head.start : head.start + FIRST_BYTES].lstrip(b" \r\n").split(b"\n", 1)[0].removesuffix(b"\r")
    fields = first.split(head.delimiter)
    if len(fields) not in _WIDTHS:
        return ()
    stamp, count, flag, *quaternion = fields
    is_known = is_stamp(stamp) and count.isdigit() and flag in {b"True", b"False"}
    has_numbers = all(field == b"NaN" or not np.isnan(parse_number(field)) for field in quaternion)
    return _WITHOUT_HEADER[: len(fields)] if is_known and has_numbers else ()
