"""One module per acquisition layout; `LAYOUTS` names them. A new layout is a module that keeps `contract.Layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import miniscope_to_nwb_zarr.layouts.daq_qt as _daq_qt

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.layouts.contract import Layout

LAYOUTS: dict[str, Layout] = {
    _daq_qt.NAME: _daq_qt,
}
"""In the order in which a folder is offered to them."""
