"""The files of a data set by their names, which are distinct: in a local folder, or in a bucket that they come from.

Arrays alone are named with their folder, ``<experiment>/eye_tracking.npy``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from miniscope_to_nwb_zarr.buckets.fetch import fetch, give_back, place_of
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.run.listing import ListedFile, list_local
from miniscope_to_nwb_zarr.sources.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore, RemoteFile, StorePlace
    from miniscope_to_nwb_zarr.core.findings import Finding


class Library(Protocol):
    """Where the files of a data set come from."""

    @property
    def names(self) -> frozenset[str]:
        """Names of all files that are there."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found of the place itself."""

    @property
    def root(self) -> Path:
        """The folder in which all files lie when they are here; links are followed below it only."""

    @property
    def is_local(self) -> bool:
        """Whether nothing has to be fetched."""

    @property
    def place(self) -> StorePlace | None:
        """The bucket that they come from; None for local files."""

    def path(self, name: str) -> Path:
        """Where the file of that name lies, or will lie once it is fetched."""

    def here(self, name: str) -> Path:
        """The same, fetched if need be."""

    def remote(self, name: str) -> RemoteFile:
        """The file as its server lists it; of a bucket only."""

    def give_back(self) -> None:
        """Remove what `here` has fetched."""

    def listed(self, name: str) -> ListedFile:
        """The file as it is where it lies."""

    def folder(self, name: str) -> str:
        """The name of the folder that it lies in, by which files of one session are known; empty at the top."""


class LocalLibrary:
    """The files below a folder; links are followed as `sources.tree` follows them.

    Raises
    ------
    InputError
        Two files have the same name: which one is meant cannot be known.
    """

    is_local = True
    place = None

    def __init__(self, folder: Path) -> None:
        tree = walk(folder)
        self.root = tree.root
        self.findings = tree.findings
        self._paths: dict[str, Path] = {}
        for listed in tree.folders.values():
            for path in listed.files:
                if path.suffix not in {".nwb", ".csv", ".json", ".npy"}:
                    continue
                name = _name_of(path.as_posix())
                if name in self._paths:
                    first = self._paths[name].relative_to(tree.root).as_posix()
                    raise InputError(
                        f"{path.relative_to(tree.root).as_posix()}: {first} has the same name. In a data set names are "
                        "distinct: leave one of the two out of the data folder"
                    )
                self._paths[name] = path

    @property
    def names(self) -> frozenset[str]:
        """Names of all files of the data set's kinds."""
        return frozenset(self._paths)

    def path(self, name: str) -> Path:
        """Where it lies."""
        return self._paths[name]

    here = path

    def remote(self, name: str) -> RemoteFile:
        """There is none."""
        raise KeyError(name)

    def give_back(self) -> None:
        """Nothing was fetched."""

    def listed(self, name: str) -> ListedFile:
        """The file below the folder."""
        (found,) = list_local([self._paths[name]], self.root)
        return found

    def folder(self, name: str) -> str:
        """The name of its folder."""
        path = self._paths[name]
        return path.parent.name if path.parent != self.root else ""


class BucketLibrary:
    """The files of a bucket; each is fetched into the scratch folder when it is asked for.

    Parameters
    ----------
    store : ObjectStore
    scratch : Path
    say : callable
        Told in a sentence what is fetched.

    Raises
    ------
    InputError, TemporaryError
        As `ObjectStore.files`.
    """

    is_local = False
    findings: tuple[Finding, ...] = ()

    def __init__(self, store: ObjectStore, scratch: Path, say: Callable[[str], None]) -> None:
        self.place = store.place
        self.root = scratch.resolve() / "s3" / store.bucket
        self._store = store
        self._scratch = scratch.resolve()
        self._say = say
        self._files: dict[str, RemoteFile] = {_name_of(file.key): file for file in store.files()}
        self._fetched: set[Path] = set()

    @property
    def names(self) -> frozenset[str]:
        """Names of all files below the store's folder."""
        return frozenset(self._files)

    def path(self, name: str) -> Path:
        """Where it will lie.

        Raises
        ------
        InputError
            Its name cannot be that of a file here.
        """
        return place_of(self._store.place.address, self._files[name].key, self._scratch)

    def here(self, name: str) -> Path:
        """Where it lies, once it is fetched.

        Raises
        ------
        InputError, TemporaryError
            As `fetch`.
        """
        if (path := self.path(name)) in self._fetched:
            return path
        file = self._files[name]
        self._scratch.mkdir(parents=True, exist_ok=True)
        fetched = fetch(self._store, file, self._scratch)
        how = "was there already" if fetched.was_there else "was fetched"
        checked = (
            "and is what the server has" if fetched.is_checked else "its size is right; the server has no checksum"
        )
        self._say(f"{fetched.url}: {file.size_bytes:,} bytes, {how}, {checked}")
        self._fetched.add(path)
        return path

    def remote(self, name: str) -> RemoteFile:
        """The file as the server lists it."""
        return self._files[name]

    def give_back(self) -> None:
        """Remove what was fetched by `here`."""
        give_back(self._fetched, self._scratch)
        self._fetched.clear()

    def listed(self, name: str) -> ListedFile:
        """The file as the server lists it."""
        file = self._files[name]
        return ListedFile(file.key.removeprefix(self._store.prefix), file.size_bytes, None, file.etag)

    def folder(self, name: str) -> str:
        """The name of its folder in the bucket."""
        return self._files[name].key.rpartition("/")[0].rpartition("/")[2]


def _name_of(path: str) -> str:
    """The last part of a path; the last two of an array's."""
    parts = path.split("/")
    return "/".join(parts[-2:]) if path.endswith(".npy") else parts[-1]
