"""Where the files of a session lie, seen from the folder that holds all of its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from miniscope_to_nwb_zarr.core.text import valid

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.model import Session

Value = TypeVar("Value")


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


def moved(value: Value, old: Path, new: Path) -> Value:
    """A value of the model with every path in it that lies in `old` as it is in `new`.

    Examples
    --------
    >>> from miniscope_to_nwb_zarr.core.model import SourceFile
    >>> moved((SourceFile(Path("/a/b/0.avi"), 7),), Path("/a"), Path("/c"))
    (SourceFile(path=PosixPath('/c/b/0.avi'), size_bytes=7, text=None),)
    """
    changed: Any = value
    if isinstance(value, Path):
        changed = new / value.relative_to(old) if value.is_relative_to(old) else value
    elif isinstance(value, tuple):
        changed = tuple(moved(each, old, new) for each in value)
    elif isinstance(value, Mapping):
        changed = {key: moved(each, old, new) for key, each in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{each.name: moved(getattr(value, each.name), old, new) for each in fields(value)})
    result: Value = changed
    return result
