"""What discovery asks of every layout, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.sources.tree import Folder, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options that matter to discovery, each as in the option table."""

    subject_id: str | None = None
    """Takes the place of the name in the recording."""
    lab_subject_id: str | None = None
    """The animal that the session metadata file names: used where the recording names none."""
    timezone: str | None = None
    start_time: datetime | None = None
    """Without offset from UTC it is local time in the zone of the recording."""
    combine: Literal["none", "day", "all"] = "none"
    video_files: tuple[Path, ...] = ()
    """As given: names with ``*`` and ``?`` are resolved by the layout."""
    timestamps_file: Path | None = None
    device_metadata_file: Path | None = None
    user_config: Path | None = None
    layout: str | None = None
    """Only this layout; None: every one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that cannot be converted as it is."""

    folder: Path
    message: str
    """What is wrong and what to do, in plain sentences."""
    findings: tuple[Finding, ...] = ()
    """What had been found of it by then."""
    label: str = ""
    """What its files are called, where a folder holds several recordings."""
    is_temporary: bool = False
    """The disk or the network failed while it was read: it may be there the next time."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything found in a data folder."""

    sessions: tuple[Session, ...] = ()
    failures: tuple[Failure, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What belongs to no session: folders that are almost recordings, links that were not followed."""


class About(NamedTuple):
    """A layout's line in the README's table; Markdown."""

    recordings_of: str
    needs: str
    gives: str


class Layout(Protocol):
    """An acquisition layout: a module with these names.

    A layout looks at listings and small files when it matches, and reads everything but frames when it discovers. It
    writes nothing, raises for no defect of a recording, and names what it leaves out.
    """

    NAME: str
    """As people know it; it is also a value of ``--dataset``."""
    LOOKED_FOR: str
    """What a recording of this layout consists of, for the sentence that says that none was found."""
    ABOUT: About
    OWNS_SUBFOLDERS: bool
    """A recording is a folder with all that is in it, not the files of one folder."""

    def matches(self, folder: Folder, tree: Tree) -> bool:
        """Whether the folder holds a recording of this layout, judged by what is in it."""

    def incomplete(self, folder: Folder, tree: Tree) -> Finding | None:
        """What is missing in a folder that is almost a recording, or a part of one; None if it has nothing of one."""

    def discover(self, folders: Sequence[Folder], tree: Tree, request: Request) -> Discovery:
        """Read the recordings in the folders that match, one session each, in their order.

        A folder may hold several; what it holds beside them that is almost a recording is a finding of the discovery.

        Raises
        ------
        InputError
            A file that the request names cannot be used.
        """

    def discover_files(self, request: Request) -> Discovery | None:
        """Read the one recording that `Request.video_files` names; None if its time table is not of this layout.

        Raises
        ------
        InputError
            A file that the request names cannot be used.
        """
