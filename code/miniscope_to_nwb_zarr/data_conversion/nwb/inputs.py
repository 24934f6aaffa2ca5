"""The files that an NWB conversion reads: found in a data folder, listed, hashed, and watched for changes."""

from __future__ import annotations

import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.receipt import FileEntry, digest_of
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb.recognise import is_nwb
from miniscope_to_nwb_zarr.sources.tree import natural_key, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.sources.tree import Tree

_SUFFIX = re.compile(r"(?i)(\.nwb)?\.zarr$|\.nwb$")
_UNWANTED = re.compile(r"[^\w.+=@ -]+")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An NWB file in the data folder."""

    name: str
    """Of its output, distinct from all others."""
    path: Path
    is_zarr: bool


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The NWB files of a data folder, in natural order of their paths."""

    root: Path
    files: tuple[FoundFile, ...]
    findings: tuple[Finding, ...]


def find_files(root: Path) -> FoundFiles:
    """Look for NWB files, HDF5 (``*.nwb``) and Zarr (a folder ``*.zarr`` that says it is NWB), in a folder and below.

    The folder may be a store itself. Links are followed as `sources.tree` follows them.
    """
    findings: tuple[Finding, ...] = ()
    if is_nwb(root):
        paths, top = [root], root.parent
    else:
        tree = walk(root)
        stores, refused = _stores(tree)
        files = [path for folder in tree.folders.values() for path in folder.files if path.suffix.lower() == ".nwb"]
        inside = [store for store in tree.folders if is_nwb(store)]
        paths = [
            path for path in (*files, *stores, *inside) if not any(path.is_relative_to(one / "x") for one in inside)
        ]
        findings, top = tree.findings + refused, tree.root
    paths.sort(key=lambda path: [natural_key(part) for part in path.relative_to(top).parts])
    names = _names(paths, top)
    return FoundFiles(top, tuple(FoundFile(names[p], p, p.is_dir()) for p in paths), findings)


def source_entries(paths: Sequence[Path], root: Path, workers: int) -> tuple[FileEntry, ...]:
    """Size and checksum of each source; of a store those of all its files together."""
    files = [file for path in paths for file in _files(path)]
    with ThreadPoolExecutor(workers) as threads:
        digests = dict(zip(files, threads.map(disk.hash_file, files), strict=True))
    return tuple(_entry(path, root, digests) for path in paths)


def start_hashing(paths: Sequence[Path], root: Path, pool: Pool) -> Callable[[], tuple[FileEntry, ...]]:
    """Set the workers to do what `source_entries` does; what is given waits for them."""
    reports = pool.run(disk.hash_file, [file for path in paths for file in _files(path)])

    def entries() -> tuple[FileEntry, ...]:
        digests = dict(reports)
        return tuple(_entry(path, root, digests) for path in paths)

    return entries


def state_of(paths: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Size and time of the last change of every file of the sources, to see whether one changes meanwhile."""
    return {str(file): ((stat := file.stat()).st_size, stat.st_mtime_ns) for path in paths for file in _files(path)}


def n_bytes(state: Mapping[str, tuple[int, int]]) -> int:
    """Bytes of all files of a state."""
    return sum(size for size, _ in state.values())


def _stores(tree: Tree) -> tuple[list[Path], tuple[Finding, ...]]:
    """The stores in the folders of a tree, which does not enter them."""
    found, refused = [], []
    trusted = [tree.root, *(Path(os.path.realpath(p)) for p in tree.root.iterdir() if p.is_symlink())]
    for folder in tree.folders.values():
        for path in sorted(folder.path.iterdir()):
            if path.name.startswith(".") or not path.name.lower().endswith(".zarr"):
                continue
            real = Path(os.path.realpath(path))
            if not is_nwb(path):
                if path.name.lower().endswith(".nwb.zarr"):
                    where = path.relative_to(tree.root).as_posix()
                    sentence = "is named as an NWB store, and its .zattrs does not say that it is one; it was left out"
                    refused.append(Finding(Code.FILE_UNREADABLE, Severity.WARNING, where, sentence))
            elif folder.path == tree.root or any(real.is_relative_to(one) for one in trusted):
                found.append(path)
            else:
                where = path.relative_to(tree.root).as_posix()
                sentence = "a link that leads outside the data folder; it was not followed"
                refused.append(Finding(Code.LINK_REFUSED, Severity.WARNING, where, sentence))
    return found, tuple(refused)


def _names(paths: Sequence[Path], root: Path) -> dict[Path, str]:
    """The file's own name; where two have the same, their folders' names before it, and a number if need be."""
    short = {path: _clean(_SUFFIX.sub("", path.name)) for path in paths}
    count = Counter(name.casefold() for name in short.values())
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path, stem in short.items():
        folders = path.relative_to(root).parts[:-1] if count[stem.casefold()] > 1 else ()
        base = "_".join([*(_clean(part) for part in folders), stem])
        tries = (base if k == 1 else f"{base}_{k}" for k in range(1, len(paths) + 2))
        name = next(one for one in tries if one.casefold() not in taken)
        taken.add(name.casefold())
        names[path] = name
    return names


def _clean(name: str) -> str:
    return _UNWANTED.sub("_", name).strip(". ") or "nwb"


def _entry(path: Path, root: Path, digests: Mapping[Path, str]) -> FileEntry:
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    if path.is_file():
        return FileEntry(shown, path.stat().st_size, digests[path])
    listed = [(file.relative_to(path).as_posix(), file.stat().st_size, digests[file]) for file in _files(path)]
    return FileEntry(shown, sum(size for _, size, _ in listed), digest_of(listed))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(Path(base, name) for base, _, names in os.walk(path) for name in names)
