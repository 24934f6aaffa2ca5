"""Where the electrodes were: the files hold one coordinate twice and another one not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import path_of, set_field
from miniscope_to_nwb_zarr.data_conversion.allen.tables import column, read_rows, without_sentinel
from miniscope_to_nwb_zarr.data_conversion.allen.unit_columns import add_columns, check_found
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.unit_metrics import CHANNELS_TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hdmf.common import DynamicTable
    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.allen.tables import Row
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

ELECTRODE_PLACES = "electrode_places"
_Z_TEXT = "place in the Allen CCF from left to right, in micrometres; NaN where it is not known"
_STRUCTURE_TEXT = "Number of the brain structure in the Allen CCF; NaN where it is not known"


def mend_electrode_places(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Take the coordinate from left to right and the structures' numbers from the table of channels.

    The files hold the coordinate from top to bottom in both `y` and `z`; where `z` is another one it is kept. The
    number that stands for "not found" becomes NaN in all coordinates (reference allen-datasets 2.7).
    """
    table = nwbfile.electrodes
    if table is None:
        return []
    changes = _without_sentinels(table)
    source = context.tables.get(CHANNELS_TABLE)
    if source is None:
        return changes
    ids = [int(one) for one in table.id[:]]
    rows = read_rows(source, "id", set(ids))
    check_found(rows, ids, source, context)
    changes += _mend_z(table, rows, source.name)
    structures = np.asarray(column(rows, ids, "ecephys_structure_id"))
    columns = {"ecephys_structure_id": (_STRUCTURE_TEXT, structures)}
    return changes + add_columns(table, columns, ELECTRODE_PLACES, source, context)


def _mend_z(table: DynamicTable, rows: Mapping[int, Row], source: str) -> list[Change]:
    if not {"y", "z"} <= set(table.colnames):
        return []
    y, z = (np.asarray(table[axis].data[:], np.float64) for axis in "yz")
    if len(z) == 0 or not np.array_equal(y, z, equal_nan=True):
        return []
    values = np.asarray(column(rows, [int(one) for one in table.id[:]], "left_right_ccf_coordinate"), np.float64)
    _set_values(table, "z", without_sentinel(values))
    set_field(table["z"], "description", _Z_TEXT)
    n_known = int(np.isfinite(table["z"].data).sum())
    sentence = (
        f"z held the values of y; it now is left_right_ccf_coordinate of {source}, known for {n_known} electrodes"
    )
    return [Change(ELECTRODE_PLACES, path_of(table["z"]), sentence)]


def _without_sentinels(table: DynamicTable) -> list[Change]:
    changes = []
    for axis in "xyz":
        if axis not in table.colnames:
            continue
        values = np.asarray(table[axis].data[:], np.float64)
        mended = without_sentinel(values)
        n_mended = int((np.isnan(mended) & ~np.isnan(values)).sum())
        if n_mended:
            _set_values(table, axis, mended)
            sentence = f"{counted(n_mended, 'value that stands', 'values that stand')} for 'not found': NaN now"
            changes.append(Change(ELECTRODE_PLACES, path_of(table[axis]), sentence))
    return changes


def _set_values(table: DynamicTable, name: str, values: NDArray[np.float64]) -> None:
    table[name].transform(lambda _: values)
    table[name].set_modified()
