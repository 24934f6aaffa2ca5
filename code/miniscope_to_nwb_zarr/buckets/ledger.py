"""Which checksums files of a bucket have, so that a finished output is known without fetching them again."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import astuple
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.receipt import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FOLDER = ".checksums"


def remember_sources(tag: str, sources: Iterable[FileEntry], scratch: Path) -> None:
    """Keep the checksums of files that the server tells apart by `tag`."""
    folder = scratch / "s3" / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{tag}.{uuid.uuid4().hex}"
    new.write_text(json.dumps([astuple(entry) for entry in sources]), encoding="utf-8")
    new.replace(folder / f"{tag}.json")


def known_sources(tag: str, scratch: Path) -> tuple[FileEntry, ...] | None:
    """What was kept of them; None where nothing was."""
    with suppress(OSError, ValueError, TypeError):
        text = (scratch / "s3" / _FOLDER / f"{tag}.json").read_text(encoding="utf-8")
        return tuple(FileEntry(*entry) for entry in json.loads(text))
    return None
