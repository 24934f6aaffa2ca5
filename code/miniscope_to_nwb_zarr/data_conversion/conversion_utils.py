"""The few public verbs of data conversion, and which module converts which data set."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

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


@dataclass(frozen=True, slots=True)
class _OnDemand:
    """A module imported when it is used: the libraries of NWB take seconds, which other data sets do without."""

    package: str

    def run(self, options: Options, console: Console) -> ExitCode:
        """Do what the options ask for."""
        module = import_module(f"miniscope_to_nwb_zarr.data_conversion.{self.package}.run_conversion")
        return cast("DatasetModule", module).run(options, console)


DATASET_MODULES: dict[str, DatasetModule] = {
    "auto": miniscope,
    "demo": miniscope,
    "Miniscope": miniscope,
    **dict.fromkeys(LAYOUTS, miniscope),
    "NWB": _OnDemand("nwb"),
    "Visual Behavior Ephys": _OnDemand("visual_behavior_ephys"),
    "Visual Behavior Ophys": _OnDemand("visual_behavior_ophys"),
    "Visual Coding Ephys": _OnDemand("visual_coding_ephys"),
    "Visual Coding Ophys": _OnDemand("visual_coding_ophys"),
}


def run_dataset(options: Options, console: Console) -> ExitCode:
    """Convert the data set that the options name."""
    return DATASET_MODULES[options.dataset].run(options, console)
