"""The few public verbs of data conversion, and which module converts which data set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.run.existing import clean_staging
from miniscope_to_nwb_zarr.run.shard import (
    base_of,
    check_unchanged,
    find_shard,
    folders_of,
    has_all,
    is_conversion,
    options_of,
)
from miniscope_to_nwb_zarr.run.whole_run import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.errors import ExitCode
    from miniscope_to_nwb_zarr.core.shards import Shard
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.listing import Listing
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.shard import FoundShard
    from miniscope_to_nwb_zarr.sources.tree import Tree


class DatasetModule(Protocol):
    """A module that converts one data set."""

    def run(self, options: Options, console: Console, listing: Listing | None = None) -> ExitCode:
        """Do what the options ask for; with a listing of `list_sessions` the data are not looked at again."""

    def list_sessions(self, options: Options, below: Sequence[str] = ()) -> Listing:
        """The sessions that `run` would convert, and the files of each; nothing is written.

        Where it can, it looks only into the folders `below` of the data folder, if there are any.
        """


@dataclass(frozen=True, slots=True)
class _OnDemand:
    """A module imported when it is used: what others need takes seconds."""

    package: str

    def run(self, options: Options, console: Console, listing: Listing | None = None) -> ExitCode:
        """Do what the options ask for."""
        return self._module.run(options, console, listing)

    def list_sessions(self, options: Options, below: Sequence[str] = ()) -> Listing:
        """The sessions that `run` would convert."""
        return self._module.list_sessions(options, below)

    @property
    def _module(self) -> DatasetModule:
        return cast(
            "DatasetModule", import_module(f"miniscope_to_nwb_zarr.data_conversion.{self.package}.run_conversion")
        )


DATASET_MODULES: dict[str, DatasetModule] = {
    **dict.fromkeys(("auto", "demo", "Miniscope", *LAYOUTS), _OnDemand("miniscope")),
    "NWB": _OnDemand("nwb"),
    "analysis": _OnDemand("analysis"),
    "Visual Behavior Ephys": _OnDemand("visual_behavior_ephys"),
    "Visual Behavior Ophys": _OnDemand("visual_behavior_ophys"),
    "Visual Coding Ephys": _OnDemand("visual_coding_ephys"),
    "Visual Coding Ophys": _OnDemand("visual_coding_ophys"),
}


def run_dataset(options: Options, console: Console) -> ExitCode:
    """Convert the data set that the options name, or the one shard that lies in the data folder."""
    if options.clean_staging:
        is_delete = options.clean_staging == "delete"
        return clean_staging(options.results_dir, options.scratch_dir, console, delete=is_delete)
    if is_conversion(options) and (found := _shard_for(options)):
        shard = found.shard
        console.info(
            f"{found.path.name}: shard {shard.index} of {shard.total}, {counted(len(shard.sessions), 'session')}"
        )
        return run_shard(shard, options, console, found.tree)
    return DATASET_MODULES[options.dataset].run(options, console)


def _shard_for(options: Options) -> FoundShard | None:
    """The shard in the data folder; a run of a pipeline that cannot tell which leaves its summary."""
    began = datetime.now(UTC)
    try:
        return find_shard(options.data_dir)
    except InputError as error:
        if not (options.dry_run or options.verify_only):
            refused(error, options, {}, began)
        raise


def list_sessions(options: Options) -> Listing:
    """The sessions of the data set that the options name.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    return DATASET_MODULES[options.dataset].list_sessions(options)


def run_shard(shard: Shard, options: Options, console: Console, tree: Tree | None = None) -> ExitCode:
    """Convert the sessions of a shard and nothing else, if their sources are what they were.

    Parameters
    ----------
    shard : Shard
    options : Options
        Of the run: machine, folders, messages.
    console : Console
    tree : Tree, optional
        Of the data folder, if it was walked already.

    Raises
    ------
    MiniscopeError
        They are not, or the input or the options are at fault.
    """
    began = datetime.now(UTC)
    try:
        of_shard = options_of(shard, options, base_of(shard, options.data_dir, tree))
        module = DATASET_MODULES[of_shard.dataset]
        listing = module.list_sessions(of_shard, folders_of(shard))
        if not has_all(listing, shard):
            # what a session is called can depend on what lies elsewhere
            listing = module.list_sessions(of_shard)
        check_unchanged(shard, listing)
    except InputError as error:
        refused(error, options, {"shard": shard.index}, began)
        raise
    return module.run(of_shard, console, listing)
