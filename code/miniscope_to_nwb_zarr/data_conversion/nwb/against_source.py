"""Hold a finished output against its sources again, with what its log says was changed as the only difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import MiniscopeError
from miniscope_to_nwb_zarr.core.output_names import SUFFIXES
from miniscope_to_nwb_zarr.data_conversion.nwb.announced import announced_by
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import source_entries
from miniscope_to_nwb_zarr.data_conversion.nwb.moved import compare_with_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob

_NAMED = 5


def compare_with_sources(make_job: Callable[[], NwbJob], output: Path, receipt: Receipt) -> list[str]:
    """Sentences on all that is not as the sources have it and that no change in the log names.

    Parameters
    ----------
    make_job : callable
        Gives the job that would make the output; its sources are fetched then, if need be.
    output : Path
        Folder of the finished output.
    receipt : Receipt
    """
    try:
        job = make_job()
        problems = _changed_sources(job, receipt)
        stores = [path for suffix in SUFFIXES.values() if (path := output / f"{output.name}{suffix}").exists()]
        if not stores and not receipt.nwb_digest:
            # metadata files alone
            return problems
        if len(stores) != 1:
            return [*problems, f"{output.name}: holds no NWB file, or two of them"]
        said = announced_by(receipt.findings)
        found = compare_with_log(job.sources, stores[0], said)
    except MiniscopeError as error:
        return [f"cannot be compared with its source: {error}"]
    problems += [f"{one.where}: {one.sentence}" for one in found[:_NAMED]]
    if len(found) > _NAMED:
        problems.append(f"and {len(found) - _NAMED} more places differ from the source")
    return problems


def _changed_sources(job: NwbJob, receipt: Receipt) -> list[str]:
    """Sentences on every source that is not the one that the receipt names."""
    known = {entry.path: entry.sha256 for entry in receipt.sources}
    now = {entry.path: entry.sha256 for entry in source_entries(job.inputs, job.source_root, job.workers)}
    gone = [f"{path}: this source file is no longer there" for path in sorted(known.keys() - now.keys())]
    added = [f"{path}: this source file has been added" for path in sorted(now.keys() - known.keys())]
    # of large files no checksum is taken in a run for metadata alone
    changed = [path for path in sorted(known.keys() & now.keys()) if known[path] not in {"", now[path]}]
    return gone + added + [f"{path}: this source file has been changed" for path in changed]
