"""Publish an output whole or not at all.

Everything is written into a staging folder beside the final place, checked there, listed in the receipt, forced onto
the disk and then renamed. The rename is the only mark of completeness. Nothing that is not ours is ever deleted or
changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ConflictError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, FileEntry, Receipt
from miniscope_to_nwb_zarr.data_conversion import disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

STAGING_PREFIX = ".staging-"
REPLACED_FOLDER = ".replaced"
_OWNER_NAME = ".owner.json"
_BEGINNING_S = 60


@dataclass(frozen=True, slots=True)
class Leftover:
    """A staging folder that a run left behind, or is still filling."""

    path: Path
    is_alive: bool
    is_ours: bool
    n_bytes: int


@contextmanager
def staging_folder(results: Path, session: str) -> Iterator[Path]:
    """A folder of its own beside the final place; removed on leaving unless it was published.

    While it exists a lock on its marker shows that this process is alive, also to other machines on most shared disks;
    one on the folder itself does when the marker is gone, until the folder has its final name.
    """
    results.mkdir(parents=True, exist_ok=True)
    folder = results / f"{STAGING_PREFIX}{session}-{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        with _locked(folder), (folder / _OWNER_NAME).open("w", encoding="utf-8") as marker:
            json.dump({"program": "miniscope-to-nwb-zarr", "pid": os.getpid(), "host": socket.gethostname()}, marker)
            marker.flush()
            _lock(marker.fileno())
            yield folder
    finally:
        # the folder bears another name once it is published
        _remove(folder)


def list_files(folder: Path, known: Mapping[str, tuple[int, str]]) -> tuple[FileEntry, ...]:
    """Every file of a staged output with its size and sha256.

    Parameters
    ----------
    folder : Path
    known : mapping of path to (size, sha256)
        Files that were hashed as they were written; the others, and those of another size now, are read.
    """
    entries = []
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)  # noqa: PTH118 - many small files: keep it cheap
            relative = os.path.relpath(path, folder).replace(os.sep, "/")
            size = os.stat(path).st_size  # noqa: PTH116
            if relative in {_OWNER_NAME, RECEIPT_NAME}:
                continue
            sha256 = (
                known[relative][1] if known.get(relative, (-1, ""))[0] == size else disk.hash_file(folder / relative)
            )
            entries.append(FileEntry(relative, size, sha256))
    return tuple(sorted(entries, key=lambda entry: entry.path))


def publish(
    staging: Path, final: Path, receipt: Receipt, *, replace: bool, now: datetime, after: str | None = None
) -> Receipt:
    """Make a staged output the finished one.

    Parameters
    ----------
    staging, final : Path
        On the same disk.
    receipt : Receipt
    replace : bool
        Take the place of an output that is there; it is kept under ``.replaced``.
    now : datetime
        Names the folder of a replaced output.
    after : str, optional
        Digest of the receipt of the output whose place may be taken: another one stays, as it does without `replace`.

    Returns
    -------
    Receipt
        Of the output that is there now: `receipt`, or that of another run which did the same and was first.

    Raises
    ------
    ConflictError
        Another output is there and is not the same.
    """
    (staging / RECEIPT_NAME).write_text(receipt.as_text(), encoding="utf-8")
    disk.sync_tree(staging)
    (staging / _OWNER_NAME).unlink()
    disk.sync_folder(staging)
    try:
        disk.rename_new(staging, final)
    except FileExistsError:
        if not (replace and _take_place(staging, final, now, after)):
            found = read_receipt(final)
            if found is None or found.plan_digest != receipt.plan_digest:
                raise ConflictError(
                    f"{final.name}: another run has put a different output there in the meantime; nothing was "
                    "changed. Move it away, or use --existing replace"
                ) from None
            _remove(staging)
            receipt = found
    disk.sync_folder(final.parent)
    return receipt


def read_receipt(output: Path) -> Receipt | None:
    """The receipt of a finished output; None where there is none that can be read."""
    try:
        return Receipt.from_text((output / RECEIPT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _take_place(staging: Path, final: Path, now: datetime, after: str | None) -> bool:
    """Exchange the staged output with the finished one, which is kept; False where that is not the one to be followed.

    The new one is moved to the place of the former before they are exchanged: so the former never lies in a folder that
    is removed when the run is stopped just then.
    """
    replaced = final.parent / REPLACED_FOLDER
    try:
        replaced.mkdir(exist_ok=True)
    except FileExistsError:
        raise ConflictError(
            f"{REPLACED_FOLDER}: is in the results and is not a folder, so that the former {final.name} cannot be "
            "kept there; nothing was changed. Move it away"
        ) from None
    place = replaced / f"{final.name}.{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    disk.rename_new(staging, place)
    disk.exchange(place, final)
    if after is not None and disk.hash_file(place / RECEIPT_NAME) != after:
        # another run was faster
        disk.exchange(place, final)
        disk.rename_new(place, staging)
        return False
    disk.sync_folder(replaced)
    return True


def leftovers(results: Path) -> tuple[Leftover, ...]:
    """Staging folders in a results folder; ours where they hold our marker, alive where its lock is held."""
    found = []
    for folder in sorted(results.glob(f"{STAGING_PREFIX}*")):
        if folder.is_dir() and not folder.is_symlink():
            # it may be published or removed while it is looked at
            with suppress(FileNotFoundError):
                found.append(_look_at(folder))
    return tuple(found)


def _look_at(folder: Path) -> Leftover:
    marker = folder / _OWNER_NAME
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    # a run that was killed at its first step has left nothing but a name; one that is at it has just made that
    is_empty = _holds_nothing(folder)
    is_beginning = is_empty and time.time() - folder.stat().st_mtime < _BEGINNING_S
    # a run that was killed on the point of publishing has left the receipt and no marker
    is_ours = is_empty or _is_ours(marker) or read_receipt(folder) is not None
    return Leftover(folder, is_beginning or _is_locked(marker) or _is_locked(folder), is_ours, n_bytes)


def remove_leftover(leftover: Leftover) -> bool:
    """Remove a staging folder if it is ours and no process is filling it."""
    if leftover.is_ours and not leftover.is_alive:
        _remove(leftover.path)
        return not leftover.path.exists()
    return False


def _remove(folder: Path) -> None:
    """Remove a staging folder, what tells whose it is last: a removal that is cut short can be taken up again."""
    with suppress(OSError):
        for entry in list(folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name not in {_OWNER_NAME, RECEIPT_NAME}:
                entry.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _holds_nothing(folder: Path) -> bool:
    """Whether a folder bears a name as ours do, and a run has not come to say whose it is."""
    is_named = re.search(r"-[0-9a-f]{32}$", folder.name) is not None
    return is_named and all(path.name == _OWNER_NAME and path.stat().st_size == 0 for path in folder.iterdir())


def _is_ours(marker: Path) -> bool:
    try:
        return bool(json.loads(marker.read_text(encoding="utf-8")).get("program") == "miniscope-to-nwb-zarr")
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        _lock(fd)
        yield
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    # a disk without locks: the marker still tells whose folder it is
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_locked(path: Path) -> bool:
    if sys.platform == "win32" or not path.exists():
        return False
    import fcntl  # noqa: PLC0415 - not on Windows

    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # a disk that knows no locks of a folder
        return path.is_file()
    finally:
        os.close(fd)
    return False
