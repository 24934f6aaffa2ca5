"""UCLA Miniscope recordings to NWB on Zarr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_VERBS = (
    "build_nwbfile",
    "combine",
    "compare",
    "convert",
    "devices_table",
    "discover",
    "findings_table",
    "frames",
    "write_nwbfile",
)

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.api import (
        build_nwbfile,
        combine,
        compare,
        convert,
        devices_table,
        discover,
        findings_table,
        frames,
        write_nwbfile,
    )

__all__ = [
    "__version__",
    "build_nwbfile",
    "combine",
    "compare",
    "convert",
    "devices_table",
    "discover",
    "findings_table",
    "frames",
    "write_nwbfile",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a function of `api`
    """Import the verbs when they are used: the libraries behind them take seconds, which workers must not spend."""
    if name not in _VERBS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from miniscope_to_nwb_zarr import api  # noqa: PLC0415 - see above

    return getattr(api, name)
