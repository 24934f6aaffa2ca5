"""Fetch files of a bucket into the scratch folder: whole, checked, and from where the last try stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore, RemoteFile
    from miniscope_to_nwb_zarr.core.addresses import BucketAddress

_FOLDER = "s3"
_MARKS = ".fetched"
"""No bucket has a name that begins with a dot."""
_BLOCK_BYTES = 16_000_000
_TRIES = 3
"""When what came is not what the server has: a bit can tip on the way."""


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
    store: ObjectStore, file: RemoteFile, scratch: Path, advance: Callable[[int], None] = lambda _: None
) -> Fetched:
    """Have a file in the scratch folder, at `place_of`.

    A file that is there and whole is used as it is. What an interrupted run has fetched of the same content is kept,
    and the rest is fetched behind it.

    Parameters
    ----------
    store : ObjectStore
    file : RemoteFile
    scratch : Path
    advance : callable
        Told how many bytes have come.

    Raises
    ------
    InputError
        The file is no longer there, or must not be read.
    TemporaryError
        The server or the connection fails again and again, the disk is full, or what came is not what the server has.
    """
    target = place_of(store.place.address, file.key, scratch)
    if target.is_file() and target.stat().st_size == file.size_bytes:
        is_same = _is_same(store, file, target)
        if is_same is not False:
            return Fetched(target, store.url_of(file), file.size_bytes, file.etag, bool(is_same), was_there=True)
    # another content under the same key has a part of its own
    part = target.with_name(f".{target.name}.{file.etag}.part")
    _touch(part)
    with _alone(part) as stream:
        for n_left in reversed(range(_TRIES)):
            is_same = _fill(store, file, stream, part, advance)
            if is_same is not False:
                break
            stream.truncate(0)
            if not n_left:
                part.unlink()
                raise TemporaryError(
                    f"{store.url_of(file)}: what was fetched differs from what the server has (ETag {file.etag}), "
                    f"{_TRIES} times; it was removed. Run the same command again"
                )
        _touch(_mark_of(target, scratch))
        part.replace(target)
    return Fetched(target, store.url_of(file), file.size_bytes, file.etag, bool(is_same), was_there=False)


def fetch_all(store: ObjectStore, files: Iterable[RemoteFile], scratch: Path) -> list[Fetched]:
    """Have several files in the scratch folder, which come at the same time.

    Raises
    ------
    InputError, TemporaryError
        As `fetch`.
    """
    files = list(files)
    scratch.mkdir(parents=True, exist_ok=True)
    places = [(file, place_of(store.place.address, file.key, scratch)) for file in files]
    missing = sum(file.size_bytes for file, place in places if not place.exists())
    if missing > (free := shutil.disk_usage(scratch).free):
        raise TemporaryError(
            f"{store.place}: {missing:,} bytes have to be fetched, {free:,} are free in {scratch}. Make room, or "
            "choose another --scratch_dir"
        )
    return each_at_once(lambda file: fetch(store, file, scratch), files)


def give_back(paths: Iterable[Path], scratch: Path) -> None:
    """Remove what `fetch` has put into the scratch folder, and the folders that are empty then; nothing else."""
    for path in paths:
        mark = _mark_of(path, scratch)
        if not mark.exists():
            continue
        give_back(map(Path, mark.read_text(encoding="utf-8").splitlines()), scratch)
        path.unlink(missing_ok=True)
        # the last to go: a removal that is cut short can be taken up again
        mark.unlink(missing_ok=True)
        for gone in (path, mark):
            for folder in list(gone.relative_to(scratch).parents)[:-1]:
                with suppress(OSError):
                    (scratch / folder).rmdir()


def note_companions(path: Path, companions: Iterable[Path], scratch: Path) -> None:
    """Let what was fetched because a file names it be given back with that file."""
    mark = _mark_of(path, scratch)
    if mark.exists():
        mark.write_text("".join(f"{each}\n" for each in companions), encoding="utf-8")


def place_of(address: BucketAddress, key: str, scratch: Path) -> Path:
    """Where a file of a bucket lies once it is fetched: ``s3/<bucket>/<key>`` in the scratch folder.

    Raises
    ------
    InputError
        Its name cannot be that of a file here.
    """
    parts = key.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\\" in key or "\0" in key:
        raise InputError(f"s3://{address.bucket}/{key}: its name cannot be that of a file here; it was not fetched")
    return scratch.joinpath(_FOLDER, address.bucket, *parts)


def key_of(address: BucketAddress, place: Path, scratch: Path) -> str:
    """The key of the file that lies at a place once it is fetched."""
    return place.relative_to(scratch / _FOLDER / address.bucket).as_posix()


def _mark_of(path: Path, scratch: Path) -> Path:
    """What tells that a file was fetched by this program, and may be removed by it.

    It does not lie beside the file: in a store or a finished output it would be one file too many.
    """
    return scratch / _FOLDER / _MARKS / path.relative_to(scratch / _FOLDER)


def _touch(path: Path) -> None:
    """Have a file, and the folders that it lies in, which `give_back` of another output may remove meanwhile."""
    while not path.exists():
        with suppress(FileNotFoundError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def _check_space(scratch: Path, file: RemoteFile, have: int) -> None:
    free = shutil.disk_usage(scratch).free
    if file.size_bytes - have > free:
        raise TemporaryError(
            f"{file.name}: {file.size_bytes - have:,} bytes still have to be fetched, {free:,} are free in {scratch}. "
            "Make room, or choose another --scratch_dir"
        )


def _fill(
    store: ObjectStore, file: RemoteFile, stream: BinaryIO, part: Path, advance: Callable[[int], None]
) -> bool | None:
    """Fetch what is missing of a file; gives what `_is_same` says of it then."""
    have = stream.seek(0, os.SEEK_END)
    if have > file.size_bytes:
        have = stream.truncate(0)
        stream.seek(0)
    _check_space(part.parent, file, have)
    advance(have)
    while have < file.size_bytes:
        stop = min(have + _BLOCK_BYTES, file.size_bytes)
        stream.write(store.read(file, have, stop))
        stream.flush()
        advance(stop - have)
        have = stop
    return _is_same(store, file, part)


def _is_same(store: ObjectStore, file: RemoteFile, path: Path) -> bool | None:
    """Whether a file is what the server has; None where the ETag says nothing of the content.

    The ETag is the MD5 of a file put there in one piece. Of one put there in n parts it is the MD5 of the parts' MD5s,
    and ends in ``-n``. With some kinds of encryption it is neither.
    """
    digest, _, n_parts = file.etag.partition("-")
    if len(digest) != 32 or (n_parts and not n_parts.isdigit()):
        return None
    size = store.part_bytes(file) if n_parts else file.size_bytes
    if n_parts and (size <= 0 or ceil(file.size_bytes / size) != int(n_parts)):
        return None
    if etag_of(path, size, in_parts=bool(n_parts)) == file.etag:
        return True
    return False if store.tells_content(file) else None


def etag_of(path: Path, part_bytes: int, *, in_parts: bool) -> str:
    """The ETag of a file that is put into a bucket in one piece, or in parts of so many bytes."""
    digests = _md5_of_parts(path, part_bytes)
    if not in_parts:
        return digests[0].hex()
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


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
                raise TemporaryError(
                    f"{part.name}: another run is fetching it. Run the same command again when that is done"
                ) from error
        yield stream
