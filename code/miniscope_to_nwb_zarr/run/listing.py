"""The sessions of a data set, and the files each is made of, as they are before anything is converted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.shards import ShardFile, ShardSession
from miniscope_to_nwb_zarr.data_conversion import disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.run.options import Options

_END_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A source file of a session."""

    path: str
    """Below the data folder, or below the address of a bucket."""
    size_bytes: int
    local: Path | None
    """None where it lies in a bucket."""
    etag: str = ""
    """Of a bucket."""

    def as_it_is(self, *, in_full: bool) -> ShardFile:
        """The file as a shard describes it.

        Parameters
        ----------
        in_full : bool
            Whether all of a local file is hashed; otherwise its first and its last MiB.
        """
        if self.local is None:
            return ShardFile(self.path, self.size_bytes, f"etag:{self.etag}")
        checksum = f"sha256:{disk.hash_file(self.local)}" if in_full else f"ends:{_hash_ends(self.local)}"
        return ShardFile(self.path, self.size_bytes, checksum)


@dataclass(frozen=True, slots=True)
class ListedSession:
    """One output, by its name, and its sources."""

    name: str
    files: tuple[ListedFile, ...]

    def as_it_is(self, *, in_full: bool) -> ShardSession:
        """The session as a shard describes it."""
        files = sorted((file.as_it_is(in_full=in_full) for file in self.files), key=lambda file: file.path)
        return ShardSession(self.name, tuple(files))


@dataclass(frozen=True, slots=True)
class Listing:
    """What a data folder holds."""

    sessions: tuple[ListedSession, ...]
    failures: tuple[str, ...] = ()
    """What cannot be converted, a sentence each."""
    found: Any = None
    """What the data set's own module has found, so that a run need not look again."""


def list_local(paths: Iterable[Path], root: Path) -> tuple[ListedFile, ...]:
    """Local files; those outside `root` are known by their names alone."""
    return tuple(
        ListedFile(
            path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name, path.stat().st_size, path
        )
        for path in sorted(set(paths))
    )


def list_remote(paths: Iterable[Path], files: Mapping[Path, RemoteFile], prefix: str) -> tuple[ListedFile, ...]:
    """Files of a bucket, by the places that they will have here; `prefix` is what all their keys begin with."""
    return tuple(
        ListedFile(file.key.removeprefix(prefix), file.size_bytes, None, file.etag)
        for file in (files[path] for path in sorted(set(paths)))
    )


def listed(paths: Iterable[Path], options: Options, remote: Mapping[Path, RemoteFile]) -> tuple[ListedFile, ...]:
    """Files of the data, which are local or, where `remote` has them, in a bucket."""
    if options.data_store and remote:
        return list_remote(paths, remote, options.data_store.address.prefix)
    return list_local(paths, options.data_dir.resolve())


def read_names(text: str) -> tuple[str, ...]:
    """The names in a list whose parts are separated by commas."""
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def check_names(wanted: Iterable[str], found: Iterable[str], flag: str = "--sessions") -> None:
    """Refuse names that no session has.

    Raises
    ------
    UsageError
        There is one.
    """
    found = set(found)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise UsageError(f"{flag} {', '.join(unknown)}: no session has this name, among {len(found)} found")


def _hash_ends(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_END_BYTES))
        size = path.stat().st_size
        if size > _END_BYTES:
            file.seek(max(_END_BYTES, size - _END_BYTES))
            digest.update(file.read(_END_BYTES))
        return digest.hexdigest()
