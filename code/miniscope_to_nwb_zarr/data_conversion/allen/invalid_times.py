"""Sort the times that are not to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.common import VectorIndex

from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from hdmf.common import DynamicTable, VectorData
    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

SORT_INVALID_TIMES = "sort_invalid_times"


def sort_invalid_times(nwbfile: NWBFile, _context: Context) -> list[Change]:
    """Put the rows of ``invalid_times`` in the order of their start, then their stop; each row stays as it is."""
    table = nwbfile.invalid_times
    if table is None:
        return []
    starts, stops = (np.asarray(table[name].data[:], np.float64) for name in ("start_time", "stop_time"))
    order = np.lexsort((stops, starts))
    if np.array_equal(order, np.arange(len(order))):
        return []
    reorder(table, order)
    listed = ", ".join(str(one) for one in order[:20]) + (" ..." if len(order) > 20 else "")
    return [Change(SORT_INVALID_TIMES, "/intervals/invalid_times", f"rows sorted by time; before, in order: {listed}")]


def reorder(table: DynamicTable, order: NDArray[np.int64]) -> None:
    """Put the rows of a table into another order, with their ids, ragged columns at every depth included."""
    # read in full before anything changes: a ragged column's values may be lazy
    _take(table.id, order)
    for name in table.colnames:
        _take(table[name], order)
    table.set_modified()


def _take(values: VectorData, order: NDArray[np.int64]) -> None:
    if not isinstance(values, VectorIndex):
        taken = _ordered(values.data[:], order)
        values.transform(lambda _: taken)
        values.set_modified()
        return
    ends = np.asarray(values.data[:], np.int64)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    inner = np.concatenate([np.arange(starts[row], ends[row]) for row in order]).astype(np.int64)
    new_ends = np.cumsum((ends - starts)[order]).astype(values.data.dtype)
    _take(values.target, inner)
    values.transform(lambda _: new_ends)
    values.set_modified()


def _ordered(values: Any, order: NDArray[np.int64]) -> Any:  # noqa: ANN401 - numbers, texts or references
    return (
        values[order] if isinstance(values, np.ndarray) and values.dtype.names is None else [values[k] for k in order]
    )
