"""Files beside an NWB file that it names, such as videos: copied with it, so that their relative paths still hold."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb.values import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hdmf.build import DatasetBuilder, GroupBuilder

FOLDER = "external"
_DATASET = "external_file"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_OURS = ("qc", "receipt.json", FOLDER)


class ExternalFiles:
    """The files that one NWB file names.

    Parameters
    ----------
    source : Path
        The NWB file; what it names is relative to the folder that holds it.
    root : Path
        Files below this folder may be read, and no others.
    staging : Path
        The folder beside which nothing is written.
    store : str
        Name of the NWB file in it.
    """

    def __init__(self, source: Path, root: Path, staging: Path, store: str) -> None:
        self._source, self._root, self._staging = source.absolute().parent, root.resolve(), staging
        self._taken = {store, *_OURS}
        self._copied: dict[Path, str] = {}
        self.findings: list[Finding] = []
        self.known: dict[str, tuple[int, str]] = {}
        """Size and sha256 of each copy, by its path in the output."""
        self.changed: list[str] = []
        """Where in the NWB file a path is another now."""

    def copy_all(self, root: GroupBuilder) -> None:
        """Copy every file that a dataset named ``external_file`` names; one from elsewhere gets a new path there."""
        for where, dataset in _external(root, ""):
            texts = values_of(dataset)
            if texts is None:
                continue
            names = np.array([self._copy(str(name), where) for name in texts.reshape(-1)], object)
            if list(names) != list(texts.reshape(-1)):
                # a builder's data can be set once; it is a dict underneath
                dict.__setitem__(dataset, "data", names.reshape(texts.shape))
                self.changed.append(where)

    def _copy(self, name: str, where: str) -> str:
        """The path of a file in the output, after it was copied; its own where it was not."""
        if not name or _ADDRESS.match(name):
            return name
        real = Path(os.path.realpath(self._source / name))
        if not real.is_relative_to(self._root):
            self._say(Code.LINK_REFUSED, Severity.WARNING, where, f"names {name}, which lies outside the data folder")
            return name
        if not real.is_file():
            self._say(Code.FILE_MISSING, Severity.WARNING, where, f"names {name}, and there is no such file")
            return name
        if real not in self._copied:
            self._copied[real] = self._target(name, real)
            target = self._staging / self._copied[real]
            target.parent.mkdir(parents=True, exist_ok=True)
            self.known[self._copied[real]] = (real.stat().st_size, disk.copy_file(real, target))
        if PurePosixPath(name) == PurePosixPath(self._copied[real]):
            return name
        self.findings.append(
            Finding(
                Code.NWB_CHANGED,
                Severity.INFO,
                where,
                f"named {name}; the file was copied beside this one, and the path says {self._copied[real]} now",
            )
        )
        return self._copied[real]

    def _target(self, name: str, real: Path) -> str:
        """The same relative path where that stays in the output and is free, else one in a folder for such files."""
        path = PurePosixPath(name)
        is_inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
        if is_inside and path.parts[0] not in self._taken and not path.parts[0].startswith("."):
            return path.as_posix()
        taken = set(self._copied.values())
        tries = (f"{FOLDER}/{'' if k == 1 else f'{k}_'}{real.name}" for k in range(1, len(taken) + 2))
        return next(one for one in tries if one not in taken)

    def _say(self, code: Code, severity: Severity, where: str, what: str) -> None:
        sentence = f"{what}; the path was left as it is, and the file is not in the output"
        self.findings.append(Finding(code, severity, where, sentence))


def named_in(root: GroupBuilder) -> list[str]:
    """The paths of all files that an NWB file names, as it has them; addresses are left out."""
    found = []
    for _, dataset in _external(root, ""):
        texts = values_of(dataset)
        found += [] if texts is None else [str(name) for name in texts.reshape(-1)]
    return [name for name in found if name and not _ADDRESS.match(name)]


def _external(group: GroupBuilder, where: str) -> Iterator[tuple[str, DatasetBuilder]]:
    for name, dataset in group.datasets.items():
        if name == _DATASET:
            yield f"{where}/{name}", dataset
    for name, inner in group.groups.items():
        yield from _external(inner, f"{where}/{name}")
