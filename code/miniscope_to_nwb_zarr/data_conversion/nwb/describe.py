"""What is written beside the store of an NWB file: metadata files, by what knows the data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import FileEntry
    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
    from miniscope_to_nwb_zarr.run.outcome import Outcome
    from miniscope_to_nwb_zarr.run.phases import Phases


@dataclass(frozen=True, slots=True)
class Staged:
    """An output that is about to be published."""

    folder: Path
    """Where it lies as yet."""
    options: Mapping[str, Any]
    """Those that change the output."""
    sources: tuple[FileEntry, ...]
    findings: tuple[Finding, ...]
    """What was found in the sources and in the store."""
    started: datetime
    now: Callable[[], datetime]
    store: str | None = None
    """Name of the store that was just made and verified; None where none was."""
    former: Mapping[str, str] | None = None
    """Texts of the metadata files of the version whose store is kept, by their names."""


class Describe(Protocol):
    """Makes metadata files; can be sent to another process."""

    def read(self, nwbfile: NWBFile, tables: Mapping[str, Path]) -> Any:  # noqa: ANN401 - known to `write` alone
        """What is known of the session, from its file as it will be written; a contradiction is said now."""

    def write(self, known: Any, staged: Staged) -> tuple[Finding, ...]:  # noqa: ANN401 - of `read`
        """Write the files into the staging folder; gives what there is to say of them."""

    def alone(self, job: NwbJob, now: Callable[[], datetime], phases: Phases) -> Outcome:
        """Make the files without a store, or beside the one that is there."""

    def missing(self, job: NwbJob) -> tuple[Finding, ...]:
        """What the files would lack, by the sources alone; nothing is written."""
