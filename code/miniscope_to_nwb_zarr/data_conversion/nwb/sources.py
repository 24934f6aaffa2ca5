"""NWB files of either backend, opened for reading: only what lies below a trusted folder, and no code of theirs."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
from hdmf.build import BuildManager
from hdmf.build.errors import ConstructError
from hdmf_zarr.nwb import NWBZarrIO
from pynwb import NWBHDF5IO, get_type_map

from miniscope_to_nwb_zarr.data_conversion.nwb import damage
from miniscope_to_nwb_zarr.data_conversion.nwb.hdf5_admission import admit_hdf5, leads_outside
from miniscope_to_nwb_zarr.data_conversion.nwb.zarr_admission import admit_zarr
from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from hdmf.backends.io import HDMFIO
    from hdmf.build import GroupBuilder, TypeMap
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.findings import Finding

# of chunks that are read, as hdmf has it
_CACHE_BYTES = 1 << 25


@dataclass(eq=False)
class NwbSource:
    """An opened NWB file."""

    path: Path
    io: HDMFIO
    remarks: list[str]
    """What the libraries say against the file while it is read, each sentence once."""
    findings: list[Finding]
    """What was found when it was opened."""

    @property
    def is_zarr(self) -> bool:
        """Whether the file is a Zarr store."""
        return isinstance(self.io, NWBZarrIO)

    @cached_property
    def builder(self) -> GroupBuilder:
        """What the file holds, as it is stored.

        Raises
        ------
        InputError
            The file cannot be read.
        """
        with _said_into(self.remarks, self.path), explaining(self.path):
            return self.io.read_builder()

    @cached_property
    def nwbfile(self) -> NWBFile:
        """What the file holds, as objects.

        Raises
        ------
        InputError
            pynwb cannot make objects of it.
        """
        with _said_into(self.remarks, self.path), explaining(self.path):
            return self.io.read()


@contextmanager
def open_source(
    path: Path,
    *,
    root: Path | None = None,
    manager: BuildManager | None = None,
    namespaces: Iterable[Path] = (),
) -> Iterator[NwbSource]:
    """Open an NWB file, HDF5 or Zarr, with the classes of all extensions that it holds.

    Parameters
    ----------
    path : Path
        A file, or the folder of a store.
    root : Path, optional
        Links are followed below this folder only; the file's own folder where not given.
    manager : BuildManager, optional
        Of another opened file (`io.manager`), so that objects of both can be written together.
    namespaces : iterable of Path
        Namespace files that win over those that the file holds. Without effect where a manager is given.

    Raises
    ------
    InputError
        It is no NWB file, or holds a link that leads outside `root`.
    """
    trusted = (root or path.parent).resolve()
    remarks: list[str] = []
    with _said_into(remarks, path), explaining(path):
        is_zarr = path.is_dir()
        findings = admit_zarr(path, trusted) if is_zarr else admit_hdf5(path, trusted)
        admit_only_references()
        if manager is None:
            manager = BuildManager(_type_map(path, namespaces, is_zarr=is_zarr))
        io = _ContainedZarrIO(path, manager, trusted) if is_zarr else _open_hdf5(path, manager)
    try:
        yield NwbSource(path, io, remarks, findings)
    finally:
        io.close()


def _open_hdf5(path: Path, manager: BuildManager) -> NWBHDF5IO:
    # nothing is written to it: no lock is needed, which some network disks do not have
    file = h5py.File(path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES)
    return NWBHDF5IO(str(path), mode="r", manager=manager, file=file)


class _ContainedZarrIO(NWBZarrIO):  # type: ignore[misc] # hdmf-zarr has no types
    """Reads a store whose links and references may not lead outside a folder."""

    def __init__(self, path: Path, manager: BuildManager, trusted: Path) -> None:
        self._trusted = trusted
        super().__init__(str(path), manager=manager, mode="r")

    def resolve_ref(self, zarr_ref: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as hdmf-zarr has it
        source = str(zarr_ref.get("source") or zarr_ref.get("path"))
        target = Path(self.source, source)
        if zarr_ref.get("source") != "." and not _is_below(target, self._trusted):
            raise leads_outside(Path(self.source), f"{zarr_ref.get('path')} in {source}")
        return super().resolve_ref(zarr_ref)


def _type_map(path: Path, namespaces: Iterable[Path], *, is_zarr: bool) -> TypeMap:
    """The types of the core schema, of `namespaces` and of those that the file holds, each with its class.

    A class that is not made before the file is read is silently replaced by that of the parent type
    (reference allen-datasets, lesson L2).
    """
    types = get_type_map()
    for namespace in namespaces:
        types.load_namespaces(str(namespace))
    backend = NWBZarrIO if is_zarr else NWBHDF5IO
    backend.load_namespaces(types, str(path))
    catalog = types.namespace_catalog
    for name in catalog.namespaces:
        for data_type in catalog.get_namespace(name).get_registered_types():
            types.get_dt_container_cls(data_type, name)
    return types


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)


def explaining(path: Path) -> AbstractContextManager[None]:
    """Within this context whatever a library makes of a damaged NWB file becomes an `InputError` that names it."""
    return damage.explaining(path, also=(ConstructError,))


@contextmanager
def _said_into(remarks: list[str], path: Path) -> Iterator[None]:
    """Within this context warnings of the libraries are noted, not shown; where the file lies is nobody's business."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            here = f"{path.absolute().parent}{os.sep}"
            said = (str(one.message).replace(here, "") for one in caught if one.category is not ResourceWarning)
            remarks += [sentence for sentence in dict.fromkeys(said) if sentence not in remarks]
