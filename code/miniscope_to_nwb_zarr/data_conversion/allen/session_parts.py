"""What belongs to a session with probes: files of its folder, and tables of the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library


def probe_files(
    library: Library, base: str, bases: Sequence[str], pattern: re.Pattern[str]
) -> tuple[list[str], list[Finding]]:
    """The probe files that lie in the folder of a base file, by number.

    Where base files of several sessions lie in one folder, which probe is of which is not known: none is taken, and
    that is a finding.
    """
    folder = library.folder(base)
    found = (each for each in library.names if pattern.fullmatch(each) and library.folder(each) == folder)
    probes = sorted(found, key=natural_key)
    if not probes or sum(library.folder(each) == folder for each in bases) == 1:
        return probes, []
    sentence = (
        f"{counted(len(probes), 'probe file lies', 'probe files lie')} in one folder with several sessions: which of "
        "them belong to this session is not known, and none was taken. Put each session's files into a folder of its "
        "own"
    )
    return [], [Finding(Code.PART_MISSING, Severity.ERROR, base, sentence)]


def tables_at_hand(library: Library, base: str, tables: Mapping[str, str]) -> tuple[dict[str, str], list[Finding]]:
    """Those of the tables that are there; a finding for each that is not."""
    missing = sorted(file for file in tables.values() if file not in library.names)
    sentence = "is not there: what it knows of the session is not in the output"
    findings = [Finding(Code.PART_MISSING, Severity.WARNING, base, f"{file} {sentence}") for file in missing]
    return {key: file for key, file in tables.items() if file in library.names}, findings
