"""Fetch files of a bucket into the scratch folder: whole, checked, and from where the last try stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from miniscope_to_nwb_zarr.sources.object_store import ObjectStore, RemoteFile

_BLOCK_BYTES = 16_000_000
_TRIES = 5
_FIRST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of a bucket that lies in the scratch folder."""

    path: Path
    url: str
    size_bytes: int
    etag: str
    is_checked: bool
    """Whether the ETag is made of the content, and of this one; else only the size could be checked."""
    was_there: bool
    """Nothing of it had to be fetched."""


def fetch(
    store: ObjectStore,
    file: RemoteFile,
    scratch: Path,
    advance: Callable[[int], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Have a file in the scratch folder, under ``s3/<bucket>/<key>``.

    A file that is there and whole is used as it is. What an interrupted run has fetched of the same content is kept,
    and the rest is fetched behind it.

    Parameters
    ----------
    store : ObjectStore
    file : RemoteFile
    scratch : Path
    advance : callable
        Told how many bytes have come.
    wait : callable
        Waits for so many seconds.

    Raises
    ------
    InputError
        The file is no longer there, or must not be read.
    TemporaryError
        The server or the connection fails again and again, the disk is full, or what came is not what the server has.
    """
    target = _place(store, file, scratch)
    if target.is_file() and target.stat().st_size == file.size_bytes:
        is_same = _is_same(store, file, target)
        if is_same is not False:
            return Fetched(target, store.url_of(file), file.size_bytes, file.etag, bool(is_same), was_there=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    # another content under the same key has a part of its own
    part = target.with_name(f".{target.name}.{file.etag}.part")
    with _alone(part) as stream:
        have = stream.seek(0, os.SEEK_END)
        if have > file.size_bytes:
            have = stream.truncate(0)
        _check_space(scratch, file, have)
        _fill(store, file, stream, have, advance, wait)
        is_same = _is_same(store, file, part)
        if is_same is False:
            part.unlink()
            raise TemporaryError(
                f"{store.url_of(file)}: what was fetched is not what the server has (its ETag is {file.etag}); it was "
                "removed. Run the same command again"
            )
        part.replace(target)
    return Fetched(target, store.url_of(file), file.size_bytes, file.etag, bool(is_same), was_there=False)


def _place(store: ObjectStore, file: RemoteFile, scratch: Path) -> Path:
    target = scratch.joinpath("s3", store.bucket, *file.key.split("/"))
    if any(part in {"", ".", ".."} for part in file.key.split("/")) or "\\" in file.key or "\0" in file.key:
        raise InputError(f"{store.url_of(file)}: its name cannot be that of a file here; it was not fetched")
    return target


def _check_space(scratch: Path, file: RemoteFile, have: int) -> None:
    free = shutil.disk_usage(scratch).free
    if file.size_bytes - have > free:
        raise TemporaryError(
            f"{file.name}: {file.size_bytes - have:,} bytes are still to be fetched, {free:,} are free in {scratch}. "
            "Make room, or choose another --scratch_dir"
        )


def _fill(
    store: ObjectStore,
    file: RemoteFile,
    stream: BinaryIO,
    have: int,
    advance: Callable[[int], None],
    wait: Callable[[float], None],
) -> None:
    """Fetch what is missing; a block whose connection breaks is asked for again, each time after a longer wait."""
    advance(have)
    stream.seek(have)
    tries = 0
    while have < file.size_bytes:
        stop = min(have + _BLOCK_BYTES, file.size_bytes)
        try:
            block = store.read(file, have, stop)
        except TemporaryError:
            tries += 1
            if tries == _TRIES:
                raise
            wait(_FIRST_WAIT_S * 2 ** (tries - 1))
            continue
        if len(block) != stop - have:
            raise TemporaryError(f"{store.url_of(file)}: the server gave {len(block)} bytes of {stop - have} asked for")
        stream.write(block)
        stream.flush()
        have, tries = stop, 0
        advance(len(block))


def _is_same(store: ObjectStore, file: RemoteFile, path: Path) -> bool | None:
    """Whether a file is what the server has; None where the ETag says nothing of the content.

    The ETag is the MD5 of a file put there in one piece. Of one put there in n parts it is the MD5 of the parts' MD5s,
    and ends in ``-n``. With some kinds of encryption it is neither.
    """
    digest, _, n_parts = file.etag.partition("-")
    if len(digest) != 32 or (n_parts and not n_parts.isdigit()):
        return None
    if not n_parts:
        return _md5_of_parts(path, file.size_bytes)[0].hex() == digest
    size = store.part_bytes(file)
    if size <= 0 or ceil(file.size_bytes / size) != int(n_parts):
        return None
    parts = b"".join(_md5_of_parts(path, size))
    return hashlib.md5(parts, usedforsecurity=False).hexdigest() == digest


def _md5_of_parts(path: Path, part_bytes: int) -> list[bytes]:
    digests: list[bytes] = []
    with path.open("rb") as stream:
        while True:
            digest, left = hashlib.md5(usedforsecurity=False), part_bytes
            while left > 0 and (block := stream.read(min(left, 1 << 20))):
                digest.update(block)
                left -= len(block)
            if digests and left == part_bytes:
                return digests
            digests.append(digest.digest())
            if left:
                return digests


@contextmanager
def _alone(part: Path) -> Iterator[BinaryIO]:
    """The part of a file that was fetched so far, for this run only."""
    with part.open("a+b") as opened, part.open("r+b") as stream:
        if os.name != "nt":
            import fcntl  # noqa: PLC0415 - not on Windows

            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise TemporaryError(f"{part.name}: another run is fetching it. Run again when that is done") from error
        yield stream
