"""An NWB file in HDF5, read with h5py alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import (
    REFERENCE,
    TEXT,
    Array,
    Attribute,
    Contents,
    Group,
    Link,
    Reference,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Item, ValueType

_SPECIFICATIONS = ".specloc"
# what one value of a text or list takes in memory, when nobody knows
_GUESSED_BYTES = 128
_GONE = "an object that was deleted"
_READING = (OSError, RuntimeError, ValueError, LookupError, TypeError)


class Hdf5Contents(Contents):
    """Opened to read.

    Raises
    ------
    InputError
        The file is not HDF5, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with _explaining(path, "cannot be opened as HDF5", "expected an NWB file"):
            self._file = h5py.File(path, "r", locking=False)
        self._path = path
        self._others: dict[str, Hdf5Contents] = {}
        with _explaining(path, "the group at its root cannot be read"):
            self._hidden = self._specifications()
            self.root = Hdf5Group(self._file, hidden=self._hidden)

    def cached_specifications(self) -> Hdf5Group | None:
        """The group that the file names as such."""
        with _explaining(self._path, "the specifications in it cannot be read"):
            return Hdf5Group(self._file[self._hidden]) if self._hidden else None

    def other(self, file: str) -> Hdf5Contents | None:
        """Another HDF5 file in the same folder or below it."""
        folder = self._path.resolve().parent
        path = (folder / file).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            return None
        if file not in self._others:
            self._others[file] = Hdf5Contents(path)
        return self._others[file]

    def close(self) -> None:
        """Close it, and every other that was opened from it."""
        for other in self._others.values():
            other.close()
        self._file.close()

    def _specifications(self) -> str:
        where = self._file.attrs.get(_SPECIFICATIONS)
        if isinstance(where, h5py.Reference) and where:
            return str(self._file[where].name)
        return "/specifications" if "specifications" in self._file else ""


class Hdf5Group(Group):
    """A group of an opened file."""

    def __init__(self, group: h5py.Group, hidden: str = "") -> None:
        self._group = group
        self._hidden = hidden.lstrip("/")
        self.attributes = _attributes(group)
        self.identity = h5py.h5o.get_info(group.id).addr

    def names(self) -> Collection[str]:
        """Of what lies in it."""
        with _explaining(self._group.file.filename, f"{self._group.name} cannot be read"):
            return [name for name in self._group if name != self._hidden]

    def get(self, name: str) -> Item | None:
        """What lies in it by that name."""
        if name == self._hidden:
            return None
        with _explaining(self._group.file.filename, f"{self._group.name.rstrip('/')}/{name} cannot be read"):
            return self._get(name)

    def _get(self, name: str) -> Item | None:
        if name not in self._group.keys():  # noqa: SIM118 - a link to nowhere is there, too
            return None
        link = self._group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            return Link(link.path, link.filename)
        if isinstance(link, h5py.SoftLink):
            # a path that does not begin at the root begins here
            start = "" if link.path.startswith("/") else self._group.name
            return Link(f"{start}/{link.path}".replace("//", "/"))
        found = self._group[name]
        return Hdf5Group(found) if isinstance(found, h5py.Group) else Hdf5Array(found)


class Hdf5Array(Array):
    """A dataset of an opened file."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset
        self.attributes = _attributes(dataset)
        self.type = _value_type(dataset.dtype)
        self.shape = dataset.shape
        self.chunks = dataset.chunks
        self.value_bytes = _GUESSED_BYTES if dataset.dtype.hasobject else dataset.dtype.itemsize

    def read(self, part: tuple[slice, ...]) -> NDArray[Any]:
        """Values as `Attribute` has them.

        Raises
        ------
        InputError
            The file is damaged here.
        """
        with _explaining(self._dataset.file.filename, f"{self._dataset.name} cannot be read"):
            return _values(self._dataset[part], self._dataset.dtype, self._dataset.file)


@contextmanager
def _explaining(path: Path | str, what: str, then: str = "the file is damaged") -> Iterator[None]:
    """Within this context whatever HDF5 makes of a damaged file becomes an `InputError` that names it."""
    try:
        yield
    except _READING as error:
        raise InputError(f"{path}: {what} ({error}); {then}") from error


def _attributes(found: h5py.Group | h5py.Dataset) -> dict[str, Attribute]:
    return {name: _attribute(found.attrs, name, found.file) for name in found.attrs if name != _SPECIFICATIONS}


def _attribute(attributes: h5py.AttributeManager, name: str, file: h5py.File) -> Attribute:
    dtype = attributes.get_id(name).dtype
    value = attributes[name]
    if isinstance(value, h5py.Empty):
        return Attribute(_value_type(dtype), np.empty((0,), dtype=object if dtype.hasobject else dtype))
    return Attribute(_value_type(dtype), _values(value, dtype, file))


def _value_type(dtype: np.dtype[Any]) -> ValueType:
    if dtype.names is not None:
        return tuple((name, _value_type(dtype[name])) for name in dtype.names)
    if dtype.subdtype is not None:
        return f"{_value_type(dtype.base)}{list(dtype.shape)}"
    if h5py.check_string_dtype(dtype) is not None or dtype.kind in "SU":
        return TEXT
    if h5py.check_ref_dtype(dtype) is not None:
        return REFERENCE
    listed, names = h5py.check_vlen_dtype(dtype), h5py.check_enum_dtype(dtype)
    if listed is not None:
        return f"list of {_value_type(np.dtype(listed))}"
    return dtype.name if names is None or dtype.kind == "b" else f"{dtype.name} named {names}"


def _values(read: Any, dtype: np.dtype[Any], file: h5py.File) -> NDArray[Any]:  # noqa: ANN401 - what h5py reads
    """Plain values of what h5py read: texts and references take the place of bytes and addresses."""
    if dtype.names is not None and dtype.hasobject:
        rows = np.asarray(read)
        plain = np.empty(rows.shape, [(name, "O" if dtype[name].hasobject else dtype[name]) for name in dtype.names])
        for name in dtype.names:
            plain[name] = _values(rows[name], dtype[name], file)
        return plain
    if h5py.check_ref_dtype(dtype) is not None:
        return _each(read, lambda value: _reference(value, file))
    if h5py.check_string_dtype(dtype) is not None:
        return _each(read, _text)
    return np.asarray(read)


def _each(read: Any, plain: Any) -> NDArray[Any]:  # noqa: ANN401 - what h5py reads, and a function
    # a reference alone would be taken apart by numpy
    values = read if isinstance(read, np.ndarray) else _alone(read)
    made = np.empty(values.shape, dtype=object)
    for place in np.ndindex(values.shape):
        made[place] = plain(values[place])
    return made


def _alone(value: Any) -> NDArray[Any]:  # noqa: ANN401 - what h5py reads
    made = np.empty((), dtype=object)
    made[()] = value
    return made


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _reference(value: h5py.Reference | h5py.RegionReference, file: h5py.File) -> Reference:
    if not value:
        return Reference("")
    name = h5py.h5r.get_name(value, file.id)
    if name is None:
        return Reference(_GONE)
    path = name.decode("utf-8", "surrogateescape")
    region = _region(value, file[path]) if isinstance(value, h5py.RegionReference) else ""
    return Reference(path, region=region)


def _region(value: h5py.RegionReference, dataset: h5py.Dataset) -> str:
    space = h5py.h5r.get_region(value, dataset.id)
    if space.get_select_type() == h5py.h5s.SEL_POINTS:
        return str(space.get_select_elem_pointlist().tolist())
    if space.get_select_type() == h5py.h5s.SEL_HYPERSLABS:
        return str(space.get_select_hyper_blocklist().tolist())
    return "all of it" if space.get_select_npoints() else "nothing of it"
