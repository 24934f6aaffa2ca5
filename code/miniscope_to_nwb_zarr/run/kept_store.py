"""The store of a finished output, taken over by a version that adds metadata to it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ConflictError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.output_names import find_store
from miniscope_to_nwb_zarr.data_conversion import commit, disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt
    from miniscope_to_nwb_zarr.data_conversion.backend import Backend

# of the lab's facts, which may be others now
_OF_FACTS = frozenset({Code.FACT_MISSING, Code.FACT_UNKNOWN})


@dataclass(frozen=True, slots=True)
class KeptStore:
    """A store, and what is known of how it was made."""

    folder: Path
    """The finished output."""
    receipt: Receipt

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in the recording and the store when it was made, with an eye on every frame."""
        return tuple(finding for finding in self.receipt.findings if finding.code not in _OF_FACTS)

    @property
    def notes(self) -> str | None:
        """How the store was made, where only the receipt tells: version 0.1.0 wrote no ``processing.json``."""
        receipt = self.receipt
        if receipt.options.get("metadata") or self.text("processing.json"):
            return None
        return (
            f"The NWB file was made by version {receipt.program_version} of the program, begun at {receipt.created}; "
            "no more is known of it here."
        )

    @contextmanager
    def opened(self) -> Iterator[NWBFile]:
        """The NWB file, as any reader would open it."""
        # only here, and it takes seconds to import
        from miniscope_to_nwb_zarr.data_conversion import hdf5_stage, zarr_stage  # noqa: PLC0415

        name = store_of(self.receipt)
        backend: Backend = zarr_stage if name.endswith(zarr_stage.SUFFIX) else hdf5_stage
        with backend.open_store(self.folder / name) as io:
            yield io.read()

    def text(self, name: str) -> str:
        """A file of the output as it was written; empty where there is none, or it has changed."""
        path = self.folder / name
        listed = any(entry.path == name and entry.sha256 == disk.hash_file(path) for entry in self.receipt.files)
        return path.read_text(encoding="utf-8") if listed else ""

    def link_into(self, staging: Path) -> None:
        """Take over the files of the output as links: they are ours and never change."""
        for entry in self.receipt.files:
            # the metadata files lie at the top, and are made anew
            if not ("/" not in entry.path and entry.path.endswith(".json")):
                target = staging / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.hardlink_to(self.folder / entry.path)

    def with_known(self, sources: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
        """The sources, with the checksums that were taken of the files not hashed this time."""
        known = {entry.path: entry.sha256 for entry in self.receipt.sources}
        return tuple(replace(entry, sha256=entry.sha256 or known.get(entry.path, "")) for entry in sources)


def find_kept_store(final: Path, sources: Sequence[FileEntry]) -> KeptStore | None:
    """The store of a finished output; None where there is no output, or one of metadata files only.

    Raises
    ------
    ConflictError
        The store was made from other files: metadata of these would not be of that store.
    """
    receipt = commit.read_receipt(final)
    if receipt is None or not store_of(receipt):
        return None
    known = {entry.path: entry for entry in receipt.sources}
    changed = known.keys() ^ {entry.path for entry in sources}
    changed |= {entry.path for entry in sources if entry.path in known and not _is_same(entry, known[entry.path])}
    if changed:
        raise ConflictError(
            f"{final.name}: the NWB file that is there was made from other files ({len(changed)} changed, "
            f"{min(changed)} first), so metadata made from these files would be wrong for it; nothing was changed. "
            "Convert again without --metadata True (with --existing replace; the former is kept)"
        )
    return KeptStore(final, receipt)


def _is_same(entry: FileEntry, known: FileEntry) -> bool:
    # no checksum is taken of video files in a run for metadata alone
    return entry.size_bytes == known.size_bytes and (not entry.sha256 or not known.sha256 or entry == known)


def store_of(receipt: Receipt) -> str:
    """The NWB file beside the metadata files, by its path in the output; empty where there is none."""
    return find_store(entry.path for entry in receipt.files)
