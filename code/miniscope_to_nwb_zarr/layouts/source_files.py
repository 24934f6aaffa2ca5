"""Which files of a recording are kept beside its frames, and of which the text is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import SourceFile
from miniscope_to_nwb_zarr.sources import failed_reads, limits
from miniscope_to_nwb_zarr.sources.small_file import read_bytes
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_PICTURE = re.compile(r".*\.(?:png|jpe?g|bmp|tiff?)", re.IGNORECASE)


def source_file(path: Path, where: str, *, is_always_text: bool = False) -> SourceFile:
    """A file with its text, verbatim, if it is text and small.

    Parameters
    ----------
    path : Path
    where : str
        Its path inside the recording.
    is_always_text : bool
        The text is kept up to the size that any file of notes or settings may have.
    """
    size = size_of(path)
    if size > (limits.NOTES_BYTES if is_always_text else limits.KEPT_TEXT_BYTES).value:
        return SourceFile(path, size)
    raw = read_bytes(path, where, limits.NOTES_BYTES)[0]
    return SourceFile(path, size, None if raw is None else _text(raw))


def size_of(path: Path) -> int:
    """Size in bytes; 0 for a file that is gone since it was listed."""
    try:
        return path.stat().st_size
    except OSError as error:
        failed_reads.note(path, error)
        return 0


def kept_files(
    paths: Iterable[Path], known: Collection[str], where: str
) -> tuple[tuple[SourceFile, ...], tuple[Finding, ...]]:
    """Files that belong to a recording, and a finding that names the others.

    Parameters
    ----------
    paths : iterable of Path
        The files of one folder.
    known : collection of str
        Names of files that the acquisition software writes there; pictures and small texts are kept too.
    where : str
        The folder's path inside the recording; empty for the recording itself.
    """
    kept, others = [], []
    for path in paths:
        name = shown(path.name)
        file = source_file(path, f"{where}/{name}".lstrip("/"), is_always_text=path.name in known)
        if path.name in known or file.text is not None or _PICTURE.fullmatch(path.name):
            kept.append(file)
        else:
            others.append(name)
    return tuple(kept), ignored(others, where, "files that acquisition software does not write")


def ignored(names: Collection[str], where: str, what: str) -> tuple[Finding, ...]:
    """The finding for entries of a folder that are not part of the recording; none when there are none."""
    if not names:
        return ()
    first = ", ".join(list(names)[: limits.NAMES_SHOWN])
    more = f" and {len(names) - limits.NAMES_SHOWN} more" if len(names) > limits.NAMES_SHOWN else ""
    sentence = f"{what} were left out: {first}{more}"
    return (Finding(Code.FILE_IGNORED, Severity.INFO, where or ".", sentence, {"count": len(names)}),)


def _text(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # what Windows programs write; any bytes at all would pass as Latin-1
        if re.search(rb"[\0-\x08\x0e-\x1f\x81\x8d\x8f\x90\x9d]", raw):
            return None
        return raw.decode("cp1252")
    return None if "\0" in text else text
