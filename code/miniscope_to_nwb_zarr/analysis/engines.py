"""The engines by their names, each loaded when it is asked for: their libraries take seconds to import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import UsageError

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.analysis.contract import Engine

_PLACES = {
    "native": ("miniscope_to_nwb_zarr.analysis.native.engine", "NativeEngine"),
    "minian": ("miniscope_to_nwb_zarr.analysis.minian", "MinianEngine"),
    "caiman": ("miniscope_to_nwb_zarr.analysis.caiman", "CaimanEngine"),
}


def engine_named(name: str) -> Engine:
    """An engine that can be used here.

    Raises
    ------
    UsageError
        It cannot be used, with what to do about it.
    """
    module, kind = _PLACES[name]
    engine: Engine = getattr(import_module(module), kind)()
    reason = engine.unavailable()
    if reason:
        raise UsageError(f"--analysis_engine {name}: {reason}")
    return engine
