"""The listing of a data folder, taken once. Layouts match on it without touching the disk again.

The data folder may be a symbolic link, and so may its direct children: Code Ocean mounts data assets that way. Those
are trusted. Further links are followed only to what lies inside the trusted folders. A folder is listed once, its own
place before a link to it, which also cuts every loop.
"""

# Paths are text while walking: making Path objects takes longer than listing the folders.
# ruff: noqa: PTH110, PTH112, PTH113, PTH118, PTH119, PTH206

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import failed_reads, limits

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGITS = re.compile("([0-9]+)")
# what the copies and leftovers that a recording may hide under a dot look like
_RECORDING_FILE = re.compile(r"(?i).*\.avi|metaData\.json|timeStamps\.csv|headOrientation\.csv|timestamp\.dat")

_OUTSIDE = (Code.LINK_REFUSED, Severity.WARNING, "links that lead outside the data folder; they were not followed")
_BROKEN = (Code.LINK_REFUSED, Severity.WARNING, "links that lead nowhere")
_REPEATED = (Code.LINK_REFUSED, Severity.INFO, "links to folders that are listed elsewhere; they were not followed")
_LINKS_DEEP = (
    *(Code.LINK_REFUSED, Severity.WARNING),
    f"links reached through too many other links; they were not followed ({limits.LINK_DEPTH.remedy})",
)
_SPECIAL = (Code.FILE_IGNORED, Severity.WARNING, "entries that are neither files nor folders; they were not opened")
_HIDDEN = (Code.FILE_IGNORED, Severity.INFO, "hidden entries that look like parts of a recording; they were ignored")
_DEEP = (
    *(Code.FILE_UNREADABLE, Severity.ERROR),
    f"folders too deep inside other folders; they were left out ({limits.TREE_DEPTH.remedy})",
)
_KINDS = (_OUTSIDE, _BROKEN, _REPEATED, _LINKS_DEEP, _SPECIAL, _HIDDEN, _DEEP)


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as listed, its entries in natural order (0, 1, 2, 10)."""

    path: Path
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    """Folders in it that are listed too."""

    def file(self, name: str) -> Path | None:
        """The file of that name in this folder, None if there is none."""
        return next((path for path in self.files if path.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A data folder with all its folders."""

    root: Path
    """Resolved; every listed path begins with it."""
    folders: Mapping[Path, Folder]
    """By path, in natural order of their paths, the root first."""
    findings: tuple[Finding, ...]
    answers: dict[tuple[str, Path], bool] = field(default_factory=dict)
    """What layouts have found in the files of a folder, by the question: they ask it several times, of one listing."""

    def inside(self, folder: Folder) -> tuple[Folder, ...]:
        """The folders directly inside a folder."""
        return tuple(self.folders[path] for path in folder.folders)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder to list: where it is seen, where it really is, and how many links and folders lead to it."""

    path: str
    real: str
    depth: int = 0
    links: int = 0


@dataclass(frozen=True, slots=True)
class _Entries:
    files: list[str]
    folders: list[str]
    links: list[str]
    refused: dict[tuple[Code, Severity, str], list[str]]


def natural_key(name: str) -> tuple[tuple[tuple[bool, int, str], ...], str]:
    """Sort key that orders numbers in names by value: ``0.avi``, ``2.avi``, ``10.avi``."""
    parts = _DIGITS.split(name.casefold())
    return tuple((k % 2 == 0, int(part) if k % 2 else 0, part) for k, part in enumerate(parts) if part), name


def shown(path: str | Path) -> str:
    """A path as text that can be printed and stored, also when its bytes are not valid text."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def walk(root: Path) -> Tree:
    """List a data folder and every folder in it.

    Parameters
    ----------
    root : Path
        The data folder or a symbolic link to it.

    Returns
    -------
    Tree
        Folders named ``*.zarr`` and hidden folders are not entered. What was refused, ignored or could not be read is a
        finding, one for each folder and reason.
    """
    top = os.path.realpath(root)
    walker = _Walker(top)
    walker.run()
    ordered = sorted(walker.listed, key=lambda path: [natural_key(part) for part in path.split(os.sep)])
    folders = {Path(path): walker.folder(path) for path in ordered}
    return Tree(Path(top), folders, tuple(walker.findings))


class _Walker:
    """Lists folders in two rounds: all real folders of the trusted roots, then what only links lead to."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.listed: dict[str, _Entries] = {}
        self.findings: list[Finding] = []
        self._trusted = [top]
        self._seen = {top}
        self._links: deque[tuple[_Place, str]] = deque()

    def run(self) -> None:
        self._list_all(_Place(self.top, self.top))
        for place, name in list(self._links):
            if place.path == self.top:
                self._trust(os.path.realpath(os.path.join(self.top, name)))
        while self._links:
            self._follow(*self._links.popleft())
        for path, entries in self.listed.items():
            self.findings += [
                self._finding(path, kind, entries.refused[kind]) for kind in _KINDS if kind in entries.refused
            ]

    def folder(self, path: str) -> Folder:
        """The folder's listing in natural order."""
        entries, here = self.listed[path], Path(path)
        readable = [name for name in entries.folders if os.path.join(path, name) in self.listed]
        return Folder(
            here,
            tuple(here / name for name in sorted(entries.files, key=natural_key)),
            tuple(here / name for name in sorted(readable, key=natural_key)),
        )

    def _list_all(self, start: _Place) -> None:
        waiting = [start]
        while waiting:
            place = waiting.pop()
            entries = self._scan(place)
            if entries is None:
                continue
            self.listed[place.path] = entries
            self._links.extend((place, name) for name in sorted(entries.links, key=natural_key))
            inner = [
                _Place(os.path.join(place.path, name), os.path.join(place.real, name), place.depth + 1, place.links)
                for name in entries.folders
            ]
            entries.folders.clear()
            waiting += [child for child in inner if self._may_enter(place, child)]

    def _may_enter(self, parent: _Place, child: _Place) -> bool:
        """Whether the child is listed; if so it is noted with its parent."""
        name = os.path.basename(child.path)
        entries = self.listed[parent.path]
        if child.depth > limits.TREE_DEPTH.value:
            entries.refused.setdefault(_DEEP, []).append(name)
        elif child.real in self._seen and child.links:
            entries.refused.setdefault(_REPEATED, []).append(name)
        elif len(self._seen) >= limits.FOLDERS.value:
            most = limits.FOLDERS
            self._report_once(
                f"has more than {most.value:,} folders; the rest was left out: convert a part of them, or {most.remedy}"
            )
        else:
            self._seen.add(child.real)
            entries.folders.append(name)
            return True
        return False

    def _follow(self, place: _Place, name: str) -> None:
        """List what a link leads to, if it may be followed."""
        path = os.path.join(place.path, name)
        entries = self.listed[place.path]
        real = os.path.realpath(path)
        child = _Place(path, real, place.depth + 1, place.links + 1)
        if not os.path.exists(real):
            entries.refused.setdefault(_BROKEN, []).append(name)
        elif place.path != self.top and not any(_is_inside(real, trusted) for trusted in self._trusted):
            entries.refused.setdefault(_OUTSIDE, []).append(name)
        elif os.path.isfile(real):
            entries.files.append(name)
        elif not os.path.isdir(real):
            entries.refused.setdefault(_SPECIAL, []).append(name)
        elif child.links > limits.LINK_DEPTH.value:
            entries.refused.setdefault(_LINKS_DEEP, []).append(name)
        elif _is_inside(self.top, real):
            entries.refused.setdefault(_REPEATED, []).append(name)
        elif not _is_store(name) and not _is_store(real) and self._may_enter(place, child):
            self._list_all(child)

    def _trust(self, real: str) -> None:
        """Add the target of a link directly below the root, unless that would trust what the root itself lies in."""
        if not _is_inside(self.top, real):
            self._trusted.append(real)

    def _scan(self, place: _Place) -> _Entries | None:
        entries = _Entries([], [], [], {})
        try:
            with os.scandir(place.path) as found:
                for count, entry in enumerate(found):
                    if count >= limits.FILES_PER_FOLDER.value:
                        most = limits.FILES_PER_FOLDER
                        sentence = f"holds more than {most.value:,} entries and was left out; {most.remedy}"
                        self._report(place.path, sentence)
                        return None
                    _sort_in(entry, entries)
        except OSError as error:
            failed_reads.note(Path(place.path), error)
            self._report(place.path, f"cannot be listed: {error.strerror}. Check that you have permission to read it")
            return None
        return entries

    def _report(self, path: str, sentence: str) -> None:
        self.findings.append(Finding(Code.FILE_UNREADABLE, Severity.ERROR, self._where(path), f"the folder {sentence}"))

    def _report_once(self, sentence: str) -> None:
        if not any(sentence in finding.sentence for finding in self.findings):
            self._report(self.top, sentence)

    def _where(self, path: str) -> str:
        return shown(os.path.relpath(path, self.top))

    def _finding(self, path: str, kind: tuple[Code, Severity, str], names: list[str]) -> Finding:
        names.sort(key=natural_key)
        more = f" and {len(names) - limits.NAMES_SHOWN} more" if len(names) > limits.NAMES_SHOWN else ""
        listed = ", ".join(shown(name) for name in names[: limits.NAMES_SHOWN]) + more
        code, severity, what = kind
        return Finding(code, severity, self._where(path), f"holds {what}: {listed}", {"count": len(names)})


def _sort_in(entry: os.DirEntry[str], entries: _Entries) -> None:
    """Put one entry of a folder where it belongs."""
    if entry.name.startswith("."):
        if _looks_recorded(entry):
            entries.refused.setdefault(_HIDDEN, []).append(entry.name)
    elif entry.is_symlink():
        entries.links.append(entry.name)
    elif entry.is_dir(follow_symlinks=False):
        if not _is_store(entry.name):
            entries.folders.append(entry.name)
    elif entry.is_file(follow_symlinks=False):
        entries.files.append(entry.name)
    else:
        entries.refused.setdefault(_SPECIAL, []).append(entry.name)


def _looks_recorded(entry: os.DirEntry[str]) -> bool:
    """Whether a hidden file is named like a file of a recording, or a hidden folder holds one directly."""
    if not entry.is_dir(follow_symlinks=False):
        return _RECORDING_FILE.fullmatch(entry.name.lstrip("._")) is not None
    try:
        with os.scandir(entry.path) as found:
            names = (inner.name for inner, _ in zip(found, range(limits.FILES_PER_FOLDER.value), strict=False))
            return any(_RECORDING_FILE.fullmatch(name) for name in names)
    except OSError as error:
        failed_reads.note(Path(entry.path), error)
        return False


def _is_store(name: str) -> bool:
    """Zarr stores hold thousands of folders and no recording."""
    return name.casefold().endswith(".zarr")


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
