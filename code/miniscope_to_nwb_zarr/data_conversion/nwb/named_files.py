"""The files that an NWB file names or links to: where the data lie in a bucket they have to be fetched, too."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from miniscope_to_nwb_zarr.core.errors import ExitCode, MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.nwb.apart import run_apart
from miniscope_to_nwb_zarr.data_conversion.nwb.external_files import named_in
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Iterator


def files_named_by(source: Path, root: Path, name: str, results: Path) -> tuple[Path, ...]:
    """Where the files lie that an NWB file names, and that are not here; those outside `root` are left out.

    Parameters
    ----------
    source : Path
        The NWB file. It is read in a process of its own, in which damage to it ends.
    root : Path
    name : str
        Of the output.
    results : Path
    """
    said = run_apart(partial(_name_files, source, name), name, results)
    if said.exit_code is not ExitCode.DONE:
        # what is wrong with it is said when it is converted
        return ()
    found = (Path(os.path.realpath(source.parent / path)) for path in json.loads(said.message))
    return tuple(sorted({path for path in found if path.is_relative_to(root) and not path.exists()}))


def _name_files(source: Path, name: str) -> SessionResult:
    paths = list(_linked(source)) if source.is_file() else []
    try:
        with open_source(source, root=source.parent) as opened:
            paths += named_in(opened.builder)
    except MiniscopeError as error:
        if not paths:
            return SessionResult(name, error.exit_code, "failed", str(error))
    return SessionResult(name, ExitCode.DONE, "read", json.dumps(paths))


def _linked(source: Path) -> Iterator[str]:
    """The files that links of an HDF5 file lead to."""
    found: list[str] = []

    def look(group: h5py.Group) -> None:
        for key in group:
            link: Any = group.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                found.append(link.filename)
            elif isinstance(link, h5py.HardLink) and isinstance(inner := group.get(key), h5py.Group):
                look(inner)

    try:
        with h5py.File(source, "r", locking=False) as file:
            look(file)
    except (OSError, RuntimeError, RecursionError):
        return
    yield from found
