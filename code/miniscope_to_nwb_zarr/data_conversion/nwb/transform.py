"""What may be done to an NWB file between reading and writing, and the log of what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pynwb import NWBFile

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Move:
    """An object that has got another place, or came from another file; all that lies below it came with it.

    It is compared with what it came from but for what changes name below it, at either path.
    """

    source: str
    """Name of the file that it was in."""
    before: str
    """Its path there."""
    now: str
    """Its path in the output."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a transform changed; it stands in the change log of the output.

    Examples
    --------
    >>> Change("keywords", "/general/keywords", "3 keywords from the session's stimuli were added").name
    'keywords'
    """

    name: str
    """Of the kind of change: the name of the option that turns it off, where there is one."""
    where: str
    """Path of what was changed in the NWB file."""
    sentence: str
    """What was done, and from what."""
    also: tuple[str, ...] = ()
    """Other paths that changed with it: not logged, but no difference when the output is compared with the source."""
    moved: tuple[Move, ...] = ()
    made: tuple[str, ...] = ()
    """Paths of groups that were made to hold what was moved, and hold nothing else."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """Another NWB file of the session, read with the same manager: its objects may be moved into the base file."""

    path: Path
    nwbfile: NWBFile


@dataclass(frozen=True, slots=True)
class Context:
    """What a transform may look at besides the file that it changes."""

    path: Path
    """The base file."""
    others: tuple[OpenedFile, ...] = ()
    """The other files of the session, in the order of the job."""
    tables: Mapping[str, Path] = field(default_factory=dict)
    """Local files with facts of the data set, by a name that the data set's module gives them."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the data set: plain JSON values."""
    findings: list[Finding] = field(default_factory=list)
    """A transform adds what it found to be wrong; it stands in the receipt, the summary and the console."""


Transform = Callable[[NWBFile, Context], Sequence[Change]]
"""Changes an NWB file in memory before it is written, and says what it changed.

A function of a module, so that it can be sent to another process. Large arrays are never loaded: an array of a source
(``h5py.Dataset``, ``zarr.Array``) may be attached elsewhere as it is and is copied in blocks by worker processes.
"""
