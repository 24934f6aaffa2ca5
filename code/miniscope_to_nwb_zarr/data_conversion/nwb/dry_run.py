"""What the conversion of an NWB file would write: a row of the table that ``--dry_run True`` shows."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import n_bytes, state_of
from miniscope_to_nwb_zarr.data_conversion.nwb.plan import LARGE_BYTES, plan_array
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.data_conversion.nwb.values import is_ragged, stored_numbers
from miniscope_to_nwb_zarr.run.rows import PlanRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hdmf.build import DatasetBuilder, GroupBuilder

    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob

_DIRECTIONS = {"zarr": "HDF5 to Zarr", "hdf5": "Zarr to HDF5"}


def plan_row(job: NwbJob) -> PlanRow:
    """What would be written of one file.

    Raises
    ------
    InputError
        It is no NWB file.
    """
    raw_bytes = n_objects = 0
    with open_source(job.sources[0], root=job.root, namespaces=job.namespaces) as source:
        for dataset in _datasets(source.builder):
            stored = stored_numbers(dataset)
            if stored is None or stored.n_bytes < LARGE_BYTES:
                n_objects += 1
                continue
            itemsize, is_column = stored.dtype.itemsize, is_ragged(dataset)
            plan = plan_array(stored.shape, itemsize, job.chunk_bytes, stored.chunks, is_ragged=is_column)
            raw_bytes += prod(stored.shape) * stored.dtype.itemsize
            n_objects += plan.n_objects
    return PlanRow(
        session=job.name,
        device=_DIRECTIONS[job.format],
        frames=0,
        minutes=0.0,
        raw_bytes=raw_bytes,
        # both formats pack about as well
        store_bytes_estimate=n_bytes(state_of(job.inputs)),
        objects=n_objects,
        findings="",
    )


def _datasets(group: GroupBuilder) -> Iterator[DatasetBuilder]:
    yield from group.datasets.values()
    for inner in group.groups.values():
        yield from _datasets(inner)
