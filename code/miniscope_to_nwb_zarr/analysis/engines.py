"""The engines by their names, each loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from miniscope_to_nwb_zarr.core.errors import UsageError

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.analysis.contract import Engine

_MODULES = {"native": "native", "minian": "foreign.minian", "caiman": "foreign.caiman"}


def engine_named(name: str) -> Engine:
    """An engine that can be used here.

    Raises
    ------
    UsageError
        It cannot be used, with what to do about it.
    """
    engine = cast("Engine", import_module(f"miniscope_to_nwb_zarr.analysis.{_MODULES[name]}"))
    reason = engine.unavailable()
    if reason:
        raise UsageError(f"--analysis_engine {name}: {reason}")
    return engine
