"""The output or the NWB file that an analysis is added to, and how its next version begins as the same files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.output_names import SUFFIXES
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, FileEntry
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.verify import check_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.receipt import Receipt

_MADE_ANEW = frozenset({RECEIPT_NAME, "processing.json", "quality_control.json"})


@dataclass(frozen=True, slots=True)
class Base:
    """What is analysed.

    Attributes
    ----------
    name : str
        Of the output.
    folder : Path
        Of a finished output; else the one that holds the NWB file.
    store : Path
        The NWB file.
    receipt : Receipt or None
        None for an NWB file that this program did not make.
    is_final : bool
        Whether it lies where the next version will, so that its files are ours and may be linked.
    """

    name: str
    folder: Path
    store: Path
    receipt: Receipt | None
    is_final: bool

    @property
    def backend(self) -> str:
        """``zarr`` or ``hdf5``."""
        return "zarr" if self.store.is_dir() else "hdf5"

    @property
    def store_name(self) -> str:
        """Path of the NWB file in the output."""
        if self.receipt is not None:
            return self.store.relative_to(self.folder).as_posix()
        return f"{self.name}{SUFFIXES[self.backend]}"

    @property
    def files(self) -> Mapping[str, Path]:
        """Every file that the next version begins with, by its path there."""
        if self.receipt is not None:
            return {
                entry.path: self.folder / entry.path for entry in self.receipt.files if entry.path not in _MADE_ANEW
            }
        if self.store.is_file():
            return {self.store_name: self.store}
        return {f"{self.store_name}/{path.relative_to(self.store).as_posix()}": path for path in _walk(self.store)}

    @property
    def n_bytes(self) -> int:
        """Of all files."""
        return sum(path.stat().st_size for path in self.files.values())

    def text(self, name: str) -> str:
        """A metadata file of the output; empty where there is none."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if self.receipt is not None and path.is_file() else ""


def check_base(base: Base, workers: int) -> None:
    """Refuse an output that has changed since it was finished: what would be analysed is not what was recorded.

    Raises
    ------
    VerificationError
        Naming the first files.
    """
    problems = check_files(base.folder, base.receipt, workers) if base.receipt is not None else []
    if problems:
        raise VerificationError(
            f"{base.name}: {counted(len(problems), 'file')} of the output changed after the output was written, so "
            f"that it is not analysed: {'; '.join(problems[:3])}. Convert it again with --existing replace; the "
            "former is kept"
        )


def take_over(base: Base, staging: Path, left_out: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Put the files of a base into a staging folder: links where they are ours and never change, else copies.

    Parameters
    ----------
    base : Base
    staging : Path
    left_out : sequence of str
        Paths in the output at and below which nothing is taken over.

    Returns
    -------
    mapping of path to (size, sha256)
        Of every file of which it is known.

    Raises
    ------
    VerificationError
        A file that was copied is not what the receipt says.
    """
    receipt = {entry.path: entry for entry in base.receipt.files} if base.receipt else {}
    known = {}
    made: set[Path] = set()
    for name, path in base.files.items():
        if any(name == out or name.startswith(f"{out}/") for out in left_out):
            continue
        target = staging / name
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        # an HDF5 file is written into, and a link to it would be the former version itself
        if base.is_final and path != base.store:
            target.hardlink_to(path)
            known[name] = (receipt[name].size_bytes, receipt[name].sha256)
            continue
        entry = FileEntry(name, path.stat().st_size, disk.copy_file(path, target))
        if receipt.get(name, entry) != entry:
            raise VerificationError(f"{base.name}: {name} is not as it was written; the output is not analysed")
        known[name] = (entry.size_bytes, entry.sha256)
    return known


def replace_file(path: Path, content: bytes) -> None:
    """Write a file into a staging folder in place of one that was taken over, which may be a link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def state_of(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What tells whether a file has been written anew: number, size and time of change, by its path in the folder."""
    return {
        path.relative_to(folder).as_posix(): ((stat := path.stat()).st_ino, stat.st_size, stat.st_mtime_ns)
        for path in _walk(folder)
    }


def _walk(folder: Path) -> Iterator[Path]:
    for base, _, names in os.walk(folder):
        for name in sorted(names):
            yield Path(base, name)
