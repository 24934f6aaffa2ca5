"""One NWB file from its sources to a published output: open, change, stage, verify, inspect, commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Transform


@dataclass(frozen=True, slots=True)
class NwbJob:
    """One output, ``results/<name>/<name>.nwb.zarr`` or ``.nwb``, and what it is made from."""

    name: str
    sources: tuple[Path, ...]
    """The base file first; the others are opened with the same manager, for transforms to take from."""
    results: Path
    transforms: tuple[Transform, ...] = ()
    """Run in this order on the base file."""
    tables: Mapping[str, Path] = field(default_factory=dict)
    """Further sources for the transforms, each a file; hashed like the others."""
    transform_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the transforms, as plain JSON values; a part of the plan digest."""
    namespaces: tuple[Path, ...] = ()
    """Namespace files that `open_source` loads before it opens the sources: they win over older ones that these hold."""
    format: Literal["zarr", "hdf5"] = "zarr"
    """Of the output."""
    chunk_bytes: int = 10_000_000
    compression_level: int = 1
    workers: int = 1
    existing: Literal["verify", "error", "replace"] = "verify"
