"""Where the files of a session lie, seen from the folder that holds all of its recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.text import valid

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session


def source_root(session: Session) -> Path:
    """The folder that holds all recordings of a session."""
    first, *others = (recording.folder for recording in session.recordings)
    root = first
    while not all(folder.is_relative_to(root) for folder in others):
        root = root.parent
    return root


def relative_path(path: Path, root: Path) -> str:
    """A source file's path in the recording's folder; its name alone where it lies elsewhere."""
    return valid(path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name)


def inside(where: str, name: str) -> str:
    """A file's path in the recording, from the path of its folder; the folder of the recording itself is empty."""
    return f"{where}/{name}" if where else name
