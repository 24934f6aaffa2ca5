"""Columns in which there is not one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hdmf.common import DynamicTableRegion

from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import all_objects, path_of, rebuilt, set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

DROP_IMPEDANCES = "drop_impedances"


def drop_impedances(nwbfile: NWBFile, _context: Context) -> list[Change]:
    """Leave out the electrodes' impedances where all of them are NaN: nobody measured them."""
    table = nwbfile.electrodes
    if table is None or "imp" not in table.colnames or not np.isnan(np.asarray(table["imp"].data[:], float)).all():
        return []
    regions = [one for one in all_objects(nwbfile) if isinstance(one, DynamicTableRegion) and one.table is table]
    kept = [one for one in table.columns if one.name != "imp"]
    table.reset_parent()
    del nwbfile.fields["electrodes"]
    made = rebuilt(table, columns=kept, colnames=[name for name in table.colnames if name != "imp"])
    nwbfile.electrodes = made
    for region in regions:
        set_field(region, "table", made)
    nwbfile.set_modified()
    sentence = f"column imp (impedance) was left out: it was NaN for all {len(made)} electrodes"
    return [Change(DROP_IMPEDANCES, f"{path_of(made)}/imp", sentence, (f"{path_of(made)}@colnames",))]
