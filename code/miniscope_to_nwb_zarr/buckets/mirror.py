"""A folder of a bucket as discovery may look at it: every name and size, small files whole, and of videos what is read.

So a data set is listed without fetching its videos: of each, the head with the first packet and the tail with the index
come first, several at once, and what else is asked for when it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.buckets.fetch import place_of
from miniscope_to_nwb_zarr.buckets.partial_file import BLOCK_BYTES, PartialFile
from miniscope_to_nwb_zarr.buckets.passing_folder import passing_folder
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.sources.opened import reading_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore, RemoteFile, StorePlace
    from miniscope_to_nwb_zarr.sources.opened import OpenedFile

_VIDEO = ".avi"
# tables, settings, notes and clocks, which are read whole whatever their size
_READ_WHOLE = frozenset({"", ".csv", ".dat", ".json", ".log", ".raw", ".toml", ".txt", ".yaml", ".yml"})
_SMALL_BYTES = 1 << 20
"""Of other files, up to here: none that is larger is looked into."""
_PIECE_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """What discovery looks at."""

    is_listed: Callable[[str], bool]
    """Whether a file is of any interest, by its path."""
    is_laid_out: Callable[[str], bool]
    """Whether discovery sees it at all."""
    is_read: Callable[[RemoteFile], bool]
    """Whether it may be read whole."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A folder that stands for one of a bucket, as long as discovery takes."""

    root: Path
    """Stands for the folder that the store's address names."""
    files: Mapping[Path, RemoteFile]
    """All that are listed, by their places in it."""


@contextmanager
def mirrored(place: StorePlace, below: str, scratch: Path, look: Look) -> Iterator[Mirror]:
    """A mirror of a folder of a bucket, removed on leaving.

    Parameters
    ----------
    place : StorePlace
    below : str
        The part of it that is looked at; empty: all.
    scratch : Path
    look : Look

    Raises
    ------
    InputError
        The bucket is not there or must not be read, or has names that cannot be those of files here.
    TemporaryError
        The server does not answer, or the disk is full.
    """
    store = place.open()
    with passing_folder(scratch.resolve()) as top:
        root = place_of(place.address, f"{place.address.prefix}x", top).parent
        files, laid_out = {}, {}
        for file in store.files(f"{below}/" if below else ""):
            path = file.key.removeprefix(place.address.prefix)
            if look.is_listed(path):
                files[place_of(place.address, file.key, top)] = file
                if look.is_laid_out(path):
                    laid_out[place_of(place.address, file.key, top)] = file
        root.joinpath(below).mkdir(parents=True, exist_ok=True)
        partial = _lay_out(store, laid_out, look)

        def opener(path: Path) -> OpenedFile:
            return partial[path]

        with reading_with(opener):
            yield Mirror(root, files)


def _lay_out(store: ObjectStore, files: Mapping[Path, RemoteFile], look: Look) -> dict[Path, PartialFile]:
    for folder in {path.parent for path in files}:
        folder.mkdir(parents=True, exist_ok=True)
    videos = {path: PartialFile(store, file, path) for path, file in files.items() if _is_video(path)}

    def have(path: Path) -> None:
        file = files[path]
        with path.open("wb") as stream:
            if path in videos or not look.is_read(file):
                # takes no room on the disk
                stream.truncate(file.size_bytes)
            else:
                for first in range(0, file.size_bytes, _PIECE_BYTES):
                    stream.write(store.read(file, first, min(first + _PIECE_BYTES, file.size_bytes)))
        if path in videos:
            videos[path].read_at(1, 0)
            videos[path].read_at(BLOCK_BYTES, file.size_bytes - BLOCK_BYTES)

    each_at_once(have, files)
    return videos


def _is_video(path: Path) -> bool:
    return path.suffix.casefold() == _VIDEO


def _is_read(file: RemoteFile) -> bool:
    suffix = file.name[file.name.rfind(".") :].casefold() if "." in file.name[1:] else ""
    return suffix in _READ_WHOLE or file.size_bytes <= _SMALL_BYTES


def _is_in_store(path: str) -> bool:
    """Whether a file lies in a folder that discovery does not enter."""
    return any(part.casefold().endswith(".zarr") for part in path.split("/")[:-1])


def _tells_of_store(path: str) -> bool:
    """Whether a file is the one that says what a store is, right in its folder."""
    *folders, name = path.split("/")
    return name == ".zattrs" and not _is_in_store("/".join(folders))


RECORDINGS = Look(lambda path: not _is_in_store(path), lambda _path: True, _is_read)
NWB_FILES = Look(
    lambda _path: True,
    lambda path: (path.casefold().endswith(".nwb") and not _is_in_store(path)) or _tells_of_store(path),
    lambda file: file.name == ".zattrs",
)
OUTPUTS = Look(
    lambda _path: True,
    lambda path: NWB_FILES.is_laid_out(path) or (path.split("/")[-1] == RECEIPT_NAME and not _is_in_store(path)),
    lambda file: file.name in {".zattrs", RECEIPT_NAME},
)
