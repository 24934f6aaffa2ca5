"""The few public verbs of data conversion, and which module converts which data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from miniscope_to_nwb_zarr.data_conversion.miniscope import run_conversion as miniscope
from miniscope_to_nwb_zarr.layouts import LAYOUTS

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.errors import ExitCode
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options


class DatasetModule(Protocol):
    """A module that converts one data set."""

    def run(self, options: Options, console: Console) -> ExitCode:
        """Do what the options ask for."""


DATASET_MODULES: dict[str, DatasetModule] = {
    "auto": miniscope,
    "demo": miniscope,
    "Miniscope": miniscope,
    **dict.fromkeys(LAYOUTS, miniscope),
}


def run_dataset(options: Options, console: Console) -> ExitCode:
    """Convert the data set that the options name."""
    return DATASET_MODULES[options.dataset].run(options, console)
