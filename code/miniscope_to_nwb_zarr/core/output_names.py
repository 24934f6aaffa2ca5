"""Where in an output the NWB file lies, and the videos that it refers to: under the session's name, or as DANDI has it.

DANDI wants ``sub-<subject>/sub-<subject>_ses-<session>_<modality>.nwb`` or ``.nwb.zarr`` below the root of a data set.
The output of a session is such a root of its own: outputs are published one by one, whole, also those of one animal.
Any number of them become one data set when their ``sub-`` folders are put together: no two files have the same name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniscope_to_nwb_zarr.core.model import Session

DANDI = "dandi"
NAMINGS = ("session", DANDI)
SUFFIXES = {"zarr": ".nwb.zarr", "hdf5": ".nwb"}
"""Endings of NWB files, by how they are kept."""
_START = re.compile(r"(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)")


@dataclass(frozen=True, slots=True)
class OutputNames:
    """Names within an output, with ``/`` as separator."""

    folder: str
    """The folder of the NWB file, with a ``/`` at its end; empty for the output itself."""
    stem: str
    """The NWB file's name without its ending."""
    videos: str
    """The folder of the behaviour videos, seen from the NWB file's."""

    def store(self, suffix: str) -> str:
        """The NWB file."""
        return f"{self.folder}{self.stem}{suffix}"


def output_names(session: Session, naming: str) -> OutputNames:
    """The names within the output of a session.

    Raises
    ------
    InputError
        DANDI's names begin with that of the animal, which is not known.
    """
    if naming != DANDI:
        return OutputNames("", session.name, "behavior-videos")
    if session.subject_id is None:
        raise InputError(
            f"{session.name}: DANDI's names begin with that of the animal, which this recording does not have: give it "
            "with --subject_id, or leave out --naming dandi"
        )
    label = session_label(session.name.removeprefix(f"{session.subject_id}_"))
    stem = f"sub-{session.subject_id}_ses-{label}_ophys"
    return OutputNames(f"sub-{session.subject_id}/", stem, stem)


def session_label(start: str) -> str:
    """What tells the sessions of an animal apart, in characters that DANDI has in labels.

    Examples
    --------
    >>> session_label("2026-03-14_09-26-53-2")
    '20260314T092653-2'
    """
    return _START.sub(r"\1\2\3T\4\5\6", start).replace("_", "-")


def find_store(paths: Iterable[str]) -> str:
    """The NWB file among the files of an output, a folder or a file; empty where there is none.

    Examples
    --------
    >>> find_store(["receipt.json", "m1_2026.nwb.zarr/.zgroup"]), find_store(["sub-m1/sub-m1_ses-1_ophys.nwb"])
    ('m1_2026.nwb.zarr', 'sub-m1/sub-m1_ses-1_ophys.nwb')
    """
    for path in paths:
        parts = path.split("/")
        for depth, part in enumerate(parts[:2], start=1):
            if part.endswith(tuple(SUFFIXES.values())):
                return "/".join(parts[:depth])
    return ""
