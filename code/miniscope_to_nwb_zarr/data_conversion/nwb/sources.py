"""NWB files of either backend, opened for reading: only what lies below a trusted folder, and no code of theirs."""

from __future__ import annotations

import json
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

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hdmf.backends.io import HDMFIO
    from hdmf.build import GroupBuilder, TypeMap
    from pynwb import NWBFile

_READABLE = (ConstructError, OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)


@dataclass(eq=False)
class NwbSource:
    """An opened NWB file."""

    path: Path
    io: HDMFIO
    remarks: list[str]
    """What the libraries say against the file while it is read, each sentence once."""

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
        with _said_into(self.remarks, self.path), _explaining(self.path):
            return self.io.read_builder()

    @cached_property
    def nwbfile(self) -> NWBFile:
        """What the file holds, as objects.

        Raises
        ------
        InputError
            pynwb cannot make objects of it.
        """
        with _said_into(self.remarks, self.path), _explaining(self.path):
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
    with _said_into(remarks, path), _explaining(path):
        is_zarr = path.is_dir()
        if not is_zarr:
            _check_links(path, trusted)
        admit_only_references()
        if manager is None:
            manager = BuildManager(_type_map(path, namespaces, is_zarr=is_zarr))
        io = _ContainedZarrIO(path, manager, trusted) if is_zarr else NWBHDF5IO(str(path), mode="r", manager=manager)
    try:
        yield NwbSource(path, io, remarks)
    finally:
        io.close()


def is_nwb(path: Path) -> bool:
    """Whether a file is HDF5, or a folder a Zarr store that says it is NWB."""
    if path.is_file():
        return bool(h5py.is_hdf5(path))
    try:
        return "nwb_version" in json.loads((path / ".zattrs").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


class _ContainedZarrIO(NWBZarrIO):  # type: ignore[misc] # hdmf-zarr has no types
    """Reads a store whose links and references may not lead outside a folder."""

    def __init__(self, path: Path, manager: BuildManager, trusted: Path) -> None:
        self._trusted = trusted
        super().__init__(str(path), manager=manager, mode="r")

    def resolve_ref(self, zarr_ref: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as hdmf-zarr has it
        source = str(zarr_ref.get("source") or zarr_ref.get("path"))
        target = Path(self.source, source)
        if zarr_ref.get("source") != "." and not _is_below(target, self._trusted):
            raise _leads_outside(Path(self.source), f"{zarr_ref.get('path')} in {source}")
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


def _check_links(path: Path, trusted: Path) -> None:
    """Refuse an HDF5 file that leads outside: the library would follow the link without asking."""
    found: set[str] = set()

    def note_link(_name: str, link: object) -> None:
        if isinstance(link, h5py.ExternalLink):
            found.add(link.filename)

    def note_storage(_name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.update(name for name, _, _ in item.external or ())
            if item.is_virtual:
                found.update(source.file_name for source in item.virtual_sources() if source.file_name != ".")

    with h5py.File(path, "r") as file:
        file.visititems_links(note_link)
        for name in sorted(found):
            if not _is_below(path.parent / name, trusted):
                raise _leads_outside(path, name)
        file.visititems(note_storage)
    for name in sorted(found):
        if not _is_below(path.parent / name, trusted):
            raise _leads_outside(path, name)


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)


def _leads_outside(path: Path, target: str) -> InputError:
    return InputError(
        f"{path.name}: links to {target}, which lies outside the data folder and was not opened. Put that file into "
        "the data folder too, or remove the link"
    )


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Within this context whatever a library makes of a damaged file becomes an `InputError` that names the file."""
    try:
        yield
    except _READABLE as error:
        # that of hdmf holds the whole file before its sentence
        reason = str(error.args[-1] if error.args else "").strip() or type(error).__name__
        raise InputError(
            f"{path.name}: cannot be read as an NWB file ({reason}). Check that it was copied whole, and open it with "
            "pynwb"
        ) from error


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
