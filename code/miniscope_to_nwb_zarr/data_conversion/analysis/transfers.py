"""Outputs and NWB files that lie in a bucket, or whose next version goes into one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.outputs import OutputStore
from miniscope_to_nwb_zarr.data_conversion.analysis.stored import Stored
from miniscope_to_nwb_zarr.data_conversion.nwb.transfers import places_of, transfer_of
from miniscope_to_nwb_zarr.run.kept_store import store_of
from miniscope_to_nwb_zarr.run.transfer import TransferTask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile, StorePlace
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options


def outputs_there(place: StorePlace, results: Path) -> tuple[Stored, ...]:
    """The finished outputs in a bucket, as they will lie in the local folder of the results."""
    outputs = OutputStore(place)
    return tuple(one for name in outputs.names() for one in output_there(outputs, name, results))


def output_there(outputs: OutputStore, name: str, results: Path) -> tuple[Stored, ...]:
    """The finished output of a name in a bucket; nothing where there is none, or it has no NWB file."""
    receipt = outputs.last_receipt(outputs.look(name))
    store = store_of(receipt) if receipt else ""
    if receipt is None or not store:
        return ()
    return (Stored(name, results / name, results / name / store, is_output=True, findings=receipt.findings),)


def with_transfer(task: Task, stored: Stored, options: Options, remote: Mapping[Path, RemoteFile]) -> Task:
    """A task on an output or an NWB file, with what it needs of buckets.

    Parameters
    ----------
    task : Task
    stored : Stored
        What it is about.
    options : Options
    remote : mapping of Path to RemoteFile
        The files of a bucket, by the places that they have here once they are fetched; empty for local ones.
    """
    if not (options.data_store or options.results_store):
        return task
    files = places_of(stored.folder if stored.is_output else stored.store, remote)
    # an output that is there is followed by its next version; the analysis itself looks whether it has it
    existing = "replace" if options.existing == "replace" else "verify"
    remotes = tuple(remote[path] for path in files)
    transfer = replace(transfer_of(stored.name, None, options, options.data_store, remotes), existing=existing)
    return TransferTask(task, transfer)
