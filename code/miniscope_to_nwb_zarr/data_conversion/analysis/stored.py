"""Finished outputs and NWB files made elsewhere, where they lie below a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ConflictError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import find_files, source_entries
from miniscope_to_nwb_zarr.run.kept_store import store_of
from miniscope_to_nwb_zarr.sources.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Stored:
    """An output or an NWB file, where it was found."""

    name: str
    """Of the output."""
    folder: Path
    store: Path
    is_output: bool
    """Whether it has a receipt of ours."""
    findings: tuple[Finding, ...] = ()
    """What the conversion has said of it."""

    def base(self, results: Path, existing: str) -> Base:
        """What the analysis is added to: what was found, or its version in the results.

        Raises
        ------
        ConflictError
            The results hold another output of that name.
        """
        receipt = commit.read_receipt(self.folder) if self.is_output else None
        found = Base(self.name, self.folder, self.store, receipt, is_final=False)
        final = results / self.name
        if not final.exists():
            return found
        if os.path.realpath(final) == os.path.realpath(self.folder) and receipt is not None:
            return replace(found, is_final=True)
        there = output_in(final)
        if there is not None and _is_version_of(there, found):
            return replace(there, is_final=True)
        if existing == "replace":
            return found
        raise ConflictError(
            f"{self.name}: the output of that name in the results has other frames; nothing was changed. Use "
            "--existing replace (the former is kept), or another --results_dir"
        )


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The outputs and the other NWB files below a folder."""

    stored: tuple[Stored, ...]
    findings: tuple[Finding, ...]


def find_stored(root: Path) -> StoredFiles:
    """Look for finished outputs, and NWB files in none of these, in a folder and below."""
    folders = walk(root).folders
    outputs = [one for path, folder in folders.items() if folder.file(RECEIPT_NAME) for one in outputs_at(path)]
    files = find_files(root)
    inside = [one.folder for one in outputs]
    plain = [
        Stored(file.name, file.path.parent, file.path, is_output=False)
        for file in files.files
        if not is_within(file.path, inside)
    ]
    return StoredFiles((*outputs, *plain), files.findings)


def outputs_in(folder: Path) -> Iterable[Stored]:
    """The finished outputs in a folder of results."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield from outputs_at(path)


def outputs_at(folder: Path) -> Iterable[Stored]:
    """The finished output that a folder is, if it is one."""
    base = output_in(folder)
    if base is not None and base.receipt is not None:
        yield Stored(base.name, folder, base.store, is_output=True, findings=base.receipt.findings)


def output_in(folder: Path) -> Base | None:
    """The finished output in a folder, if its NWB file is there."""
    receipt = commit.read_receipt(folder)
    if receipt is None:
        return None
    name = store_of(receipt)
    store = folder / name
    return Base(receipt.session, folder, store, receipt, is_final=False) if name and store.exists() else None


def is_within(path: Path, folders: Sequence[Path]) -> bool:
    """Whether a path is one of some folders or lies in one, links followed."""
    real = os.path.realpath(path)
    return any(real == os.path.realpath(one) or real.startswith(f"{os.path.realpath(one)}{os.sep}") for one in folders)


def _is_version_of(there: Base, found: Base) -> bool:
    """Whether an output in the results holds the same frames."""
    theirs = there.receipt
    if theirs is None:
        return False
    if found.receipt is not None:
        frames = {(one.name, one.frames_digest) for one in found.receipt.series}
        return bool(frames) and frames == {(one.name, one.frames_digest) for one in theirs.series}
    return theirs.sources == source_entries([found.store], found.folder, 2)
