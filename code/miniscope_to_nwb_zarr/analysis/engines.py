"""The engines by their names, each loaded when it is asked for."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, cast

from miniscope_to_nwb_zarr.core.errors import UsageError

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.analysis.contract import Engine

_PLACES = {"native": "native", "minian": "foreign.programs:MINIAN", "caiman": "foreign.programs:CAIMAN"}


def engine_named(name: str) -> Engine:
    """An engine that can be used here.

    Raises
    ------
    UsageError
        It cannot be used, with what to do about it.
    """
    engine = cast("Engine", resolve_name(f"miniscope_to_nwb_zarr.analysis.{_PLACES[name]}"))
    reason = engine.unavailable()
    if reason:
        raise UsageError(f"--analysis_engine {name}: {reason}")
    return engine
