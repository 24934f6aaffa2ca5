"""Write an analysis into the staged copy of an NWB file, and hold what is there against what was to be there."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import zarr
from hdmf.build import BuildManager
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO
from pynwb.ophys import OnePhotonSeries, PlaneSegmentation

from miniscope_to_nwb_zarr.analysis.nwb_arrays import RoundedMovie
from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb.new_ids import fix_new_ids
from miniscope_to_nwb_zarr.data_conversion.nwb_digest import digest_containers
from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references
from miniscope_to_nwb_zarr.data_conversion.verify_series import check_containers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from hdmf.backends.io import HDMFIO
    from hdmf.build import TypeMap
    from hdmf.container import AbstractContainer
    from pynwb import NWBFile

_CONSOLIDATED = ".zmetadata"
_EVENTS = "events"


def remove(store: Path, paths: Sequence[str]) -> None:
    """Take groups out of a staged file; what they held stays in the version that is kept."""
    if store.is_dir():
        for path in paths:
            shutil.rmtree(store / path)
        return
    with h5py.File(store, mode="r+") as file:
        for path in paths:
            del file[path]


def append(store: Path, add: Callable[[NWBFile], object], types: TypeMap) -> tuple[str, tuple[AbstractContainer, ...]]:
    """Add objects to a staged file.

    Parameters
    ----------
    store : Path
    add : callable
        Given the file in memory.
    types : TypeMap
        Of the file, as it was opened to be read.

    Returns
    -------
    digest : str
        Of what the new objects say.
    containers : tuple of containers
        The new objects, as they were in memory.
    """
    with _open_to_add(store, types) as io:
        nwbfile = io.read()
        known = {container.object_id for container in nwbfile.all_children()}
        add(nwbfile)
        fix_new_ids(nwbfile, known)
        new = tuple(container for container in nwbfile.all_children() if container.object_id not in known)
        digest = digest_containers(new)
        options: dict[str, Any] = {"cache_spec": not _has_current_schema(store)}
        if store.is_dir():
            options["consolidate_metadata"] = False
        io.write(nwbfile, **options)
        # while the file is open: what is not in memory is read from it
        if store.is_dir():
            zarr.consolidate_metadata(zarr.DirectoryStore(str(store)))
        return digest, new


def check_added(read: NWBFile, meant: Sequence[AbstractContainer]) -> None:
    """Hold new objects, as they were read back, against those in memory.

    Raises
    ------
    VerificationError
        Naming what differs.
    """
    check_containers(read, meant)
    for container in meant:
        found = read.objects[container.object_id]
        if isinstance(container, OnePhotonSeries) and isinstance(container.data.data, RoundedMovie):
            _check_movie(container.data.data, found)
        elif isinstance(container, PlaneSegmentation):
            masks, expected = found["pixel_mask"].target.data[:], container["pixel_mask"].target.data
            if any(not np.array_equal(masks[name], expected[name]) for name in expected.dtype.names):
                raise _not_as_meant(f"{container.name}: pixel_mask is not what was to be written")


def check_kept(
    former: Path,
    store: Path,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    link: bool,
    meant: Collection[str] = (),
) -> list[str]:
    """Hold what was in a staged Zarr store before against the store it was taken from.

    Metadata that a library has written anew, and that says the same, is put back as it was.

    Parameters
    ----------
    former, store : Path
        The store that is analysed, and the staged one.
    before, after : mapping
        The state of the staged files (`state_of`) before and after objects were added.
    link : bool
        Put back by a link; else by a copy.
    meant : collection of str
        Arrays that were changed on purpose.

    Returns
    -------
    list of str
        Files that are not as they were: the consolidated metadata, where it has grown, and those changed on purpose.

    Raises
    ------
    VerificationError
        Something that was there is gone or says something else.
    """
    changed = []
    for name, state in before.items():
        if name not in after:
            raise _not_as_meant(f"{name}: was in the NWB file and is no longer there")
        if after[name] == state:
            continue
        was, now = (former / name).read_bytes(), (store / name).read_bytes()
        if name == _CONSOLIDATED:
            _check_consolidated(was, now, before)
            changed.append(name)
            continue
        if was != now and name.rpartition("/")[0] in meant:
            changed.append(name)
            continue
        is_metadata = name.rpartition("/")[2].startswith(".z")
        if was != now and not (is_metadata and json.loads(was) == json.loads(now)):
            raise _not_as_meant(f"{name}: was changed while results were added")
        (store / name).unlink()
        if link:
            (store / name).hardlink_to(former / name)
        else:
            disk.copy_file(former / name, store / name)
    return changed


def check_kept_hdf5(former: Path, store: Path, changed: Collection[str]) -> None:
    """Hold every value of a staged HDF5 file against the file it was copied from, but for the paths in `changed`.

    Raises
    ------
    VerificationError
        Naming what differs.
    """
    with h5py.File(former, mode="r") as file:
        groups = [] if _EVENTS in file else [_EVENTS]
    found = compare_files(former, store, announced=[f"/{path}" for path in (*changed, *groups)]).differences
    if found:
        listed = "; ".join(f"{one.where}: {one.sentence}" for one in found[:3])
        raise _not_as_meant(f"what was in the NWB file was changed while results were added: {listed}")


@contextmanager
def _open_to_add(store: Path, types: TypeMap) -> Iterator[HDMFIO]:
    admit_only_references()
    writer = NWBZarrIO if store.is_dir() else NWBHDF5IO
    with writer(str(store), mode="r+", manager=BuildManager(types)) as io:
        yield io


def _has_current_schema(store: Path) -> bool:
    from pynwb import get_type_map  # noqa: PLC0415 - as below

    version = str(get_type_map().namespace_catalog.get_namespace("core").version)
    if store.is_dir():
        return (store / "specifications" / "core" / version).is_dir()
    with h5py.File(store) as file:
        return f"specifications/core/{version}" in file


def _check_movie(meant: RoundedMovie, found: OnePhotonSeries) -> None:
    if found.data.shape != meant.shape:
        raise _not_as_meant(f"the corrected movie has the shape {found.data.shape}, not {meant.shape}")
    for first, stop in meant.slabs():
        if not np.array_equal(found.data[first:stop], meant.frames(first, stop)):
            raise _not_as_meant(f"frames {first} to {stop - 1} of the corrected movie are not what was to be written")


def _check_consolidated(was: bytes, now: bytes, before: Collection[str]) -> None:
    former, current = (json.loads(text)["metadata"] for text in (was, now))
    for name, value in former.items():
        if name in before and current.get(name) != value:
            raise _not_as_meant(f"{_CONSOLIDATED}: says something else of {name}")


def _not_as_meant(what: str) -> VerificationError:
    return VerificationError(
        f"{what}; no output was made. A faulty disk or memory can do this: run again, and if it happens again, check "
        "the machine"
    )
