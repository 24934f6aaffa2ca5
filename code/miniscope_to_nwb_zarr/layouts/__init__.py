"""One module per acquisition layout. A new layout is a module that keeps `contract.Layout`, and a line in `LAYOUTS`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.layouts.contract import Layout

LAYOUTS: dict[str, str] = {
    "Miniscope DAQ": "daq_qt",
    "Miniscope V3": "v3",
    "Miniscope Open Ephys": "open_ephys",
    "Miniscope Wireless": "mio",
    "Miniscope ONIX": "onix",
}
"""Its name, which is also a value of ``--dataset``, and its module in this folder. They are loaded when they are used:
the command line knows the names before anything is imported.
"""


def load(name: str) -> Layout:
    """The module of a layout."""
    return cast("Layout", import_module(f"{__name__}.{LAYOUTS[name]}"))
