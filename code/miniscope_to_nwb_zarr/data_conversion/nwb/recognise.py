"""Whether something is an NWB file, found out without the libraries of NWB, which take a second to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py

from miniscope_to_nwb_zarr.data_conversion.nwb import strict_json
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import open_regular

if TYPE_CHECKING:
    from pathlib import Path


def is_nwb(path: Path) -> bool:
    """Whether a file is HDF5, or a folder a Zarr store that says it is NWB."""
    if path.is_file():
        return bool(h5py.is_hdf5(path))
    try:
        with open_regular(path / ".zattrs") as file:
            said = strict_json.parse(file.read(limits.NWB_METADATA_BYTES.value))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and "nwb_version" in said
