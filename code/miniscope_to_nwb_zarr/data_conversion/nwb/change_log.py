"""The log of what transforms changed, as a table in the file itself and as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hdmf.common import DynamicTable, VectorData

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

MODULE = "source"
TABLE = "changes"
_LOG = "change_log"
_ADDED = "the table of all changes was added"
_COLUMNS = {
    "change": "kind of change; the name of the option that turns it off, where there is one",
    "where": "path of what was changed",
    "sentence": "what was done, and from what",
}


def add_change_log(nwbfile: NWBFile, changes: Sequence[Change]) -> tuple[Change, ...]:
    """Write what was changed into ``processing/source/changes``; nothing where nothing was.

    Returns
    -------
    tuple of Change
        The log itself, which is a change of the file too.
    """
    if not changes:
        return ()
    rows = [(change.name, change.where, change.sentence) for change in changes]
    columns = [
        VectorData(name=name, description=meaning, data=list(texts))
        for (name, meaning), texts in zip(_COLUMNS.items(), zip(*rows, strict=True), strict=True)
    ]
    table = DynamicTable(
        name=TABLE,
        description="what was changed between the source files and this one; all else is as it was",
        columns=columns,
    )
    module = nwbfile.processing.get(MODULE)
    if module is not None:
        module.add(table)
        return (Change(_LOG, f"/processing/{MODULE}/{TABLE}", _ADDED),)
    about = "how this file came about: what was changed between its source files and it"
    nwbfile.create_processing_module(MODULE, about).add(table)
    return (Change(_LOG, f"/processing/{MODULE}", _ADDED),)


def findings_of(changes: Sequence[Change]) -> tuple[Finding, ...]:
    """The changes as findings, for the receipt and the summary."""
    return tuple(
        Finding(Code.NWB_CHANGED, Severity.INFO, change.where, change.sentence, _numbers(change)) for change in changes
    )


def _numbers(change: Change) -> dict[str, Any]:
    """What the comparison with the sources needs to know of a change; see `announced`."""
    said = {
        "also": list(change.also),
        "moved": [[move.source, move.before, move.now] for move in change.moved],
        "made": list(change.made),
    }
    return {"change": change.name} | {key: paths for key, paths in said.items() if paths}
