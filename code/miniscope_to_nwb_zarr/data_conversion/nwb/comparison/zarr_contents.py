"""An NWB file in Zarr, read with zarr alone; references are read by our own codec, which runs nothing."""

from __future__ import annotations

import os
import pickle
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import (
    INTEGER,
    NOTHING,
    REAL,
    REFERENCE,
    TEXT,
    Array,
    Attribute,
    Contents,
    Group,
    Link,
    Reference,
)
from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Item, ValueType

# what hdmf-zarr writes for itself (hdmf_zarr 0.13, ZarrIO)
_TYPE, _LINKS, _SPECIFICATIONS = "zarr_dtype", "zarr_link", ".specloc"
_OWN = {_TYPE, _LINKS, _SPECIFICATIONS}
_SCALAR, _OBJECT = "scalar", "object"
_GUESSED_BYTES = 128
_READING = (
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    pickle.UnpicklingError,
    zarr.errors.MetadataError,
    zarr.errors.GroupNotFoundError,
)


class ZarrContents(Contents):
    """Opened to read, with the consolidated metadata that readers use, where there are any.

    Raises
    ------
    InputError
        The folder is no store, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        admit_only_references()
        self._path = path
        with _explaining(path, "cannot be opened as Zarr", "expected an NWB file"):
            opener = zarr.open_consolidated if (path / ".zmetadata").is_file() else zarr.open_group
            self._group = opener(str(path), mode="r")
        with _explaining(path, "the group at its root cannot be read"):
            self._hidden = str(self._group.attrs.get(_SPECIFICATIONS, ""))
            self.root = ZarrGroup(self._group, path, hidden=self._hidden)
        self._others: dict[str, ZarrContents] = {}

    def cached_specifications(self) -> ZarrGroup | None:
        """The group that the store names as such."""
        is_there = bool(self._hidden) and self._hidden in self._group
        return ZarrGroup(self._group[self._hidden], self._path) if is_there else None

    def other(self, file: str) -> ZarrContents | None:
        """Another store in the same folder or below it."""
        folder = self._path.resolve().parent
        path = (self._path.resolve() / file).resolve()
        if not path.is_relative_to(folder) or not path.is_dir():
            return None
        if file not in self._others:
            self._others[file] = ZarrContents(path)
        return self._others[file]

    def close(self) -> None:
        """Nothing is held open."""


class ZarrGroup(Group):
    """A group of an opened store."""

    def __init__(self, group: zarr.Group, store: Path, hidden: str = "") -> None:
        self._group = group
        self._store = store
        self._hidden = hidden
        self.attributes = _attributes(group, store)
        self.identity = group.path
        self._links = {str(link["name"]): link for link in _links(group, store)}

    def names(self) -> Collection[str]:
        """Of what lies in it."""
        inside = [name for name in (*self._group.group_keys(), *self._group.array_keys()) if name != self._hidden]
        return [*inside, *self._links]

    def get(self, name: str) -> Item | None:
        """What lies in it by that name."""
        if name in self._links:
            return Link(self._links[name]["path"], _file(self._links[name], self._store))
        if name == self._hidden:
            return None
        with _explaining(self._store, f"{self._group.name.rstrip('/')}/{name} cannot be read"):
            found = self._group.get(name)
            if isinstance(found, zarr.Group):
                return ZarrGroup(found, self._store)
            return None if found is None else ZarrArray(found, self._store)


class ZarrArray(Array):
    """An array of an opened store."""

    def __init__(self, array: zarr.Array, store: Path) -> None:
        self._array = array
        self._store = store
        self._said = array.attrs.get(_TYPE)
        self.attributes = _attributes(array, store)
        self.type = _value_type(_row_type(array.dtype, self._said), self._said)
        # one value is kept as a list of one
        self.shape = () if self._said == _SCALAR else array.shape
        self.chunks = None if self._said == _SCALAR else array.chunks
        self.value_bytes = _GUESSED_BYTES if array.dtype.hasobject else array.dtype.itemsize

    def read(self, part: tuple[slice, ...]) -> NDArray[Any]:
        """Values as `Attribute` has them.

        Raises
        ------
        InputError
            The store is damaged here.
        """
        with _explaining(self._store, f"{self._array.name} cannot be read"):
            values = self._array[0] if self._said == _SCALAR else self._array[part]
        if self._said == _SCALAR and self.type in {TEXT, REFERENCE}:
            alone = np.empty((), dtype=object)
            alone[()] = values
            values = alone
        values = np.asarray(values)
        row = _row_type(self._array.dtype, self._said)
        if row.names and not values.dtype.names:
            values = np.array([tuple(one) for one in values.ravel()], row).reshape(values.shape)
        return _values(values, self.type, self._store)


@contextmanager
def _explaining(store: Path, what: str, then: str = "the store is damaged") -> Iterator[None]:
    """Within this context whatever zarr makes of a damaged store becomes an `InputError` that names it."""
    try:
        yield
    except _READING as error:
        raise InputError(f"{store}: {what} ({error}); {then}") from error


def _links(group: zarr.Group, store: Path) -> list[dict[str, Any]]:
    links = group.attrs.get(_LINKS, [])
    if isinstance(links, list) and all(isinstance(link, dict) and {"name", "path"} <= link.keys() for link in links):
        return links
    raise InputError(f"{store}: {group.name} has links {str(links)[:80]}; expected a name and a path of each")


def _attributes(found: zarr.Group | zarr.Array, store: Path) -> dict[str, Attribute]:
    return {name: _attribute(value, store) for name, value in found.attrs.items() if name not in _OWN}


def _attribute(value: Any, store: Path) -> Attribute:  # noqa: ANN401 - what JSON may hold
    if isinstance(value, dict) and value.get(_TYPE) == _OBJECT:
        alone = np.empty((), dtype=object)
        alone[()] = _reference(value["value"], store)
        return Attribute(REFERENCE, alone)
    if isinstance(value, (dict, type(None))):
        raise InputError(f"{store}: an attribute is {value!r}; expected texts, numbers and references")
    kinds = {_kind(part) for part in _flat(value)}
    if not kinds:
        return Attribute(NOTHING, np.empty(np.shape(value), dtype=object))
    kind = kinds.pop() if len(kinds) == 1 else REAL if kinds == {INTEGER, REAL} else "mixed"
    return Attribute(kind, np.array(value, dtype=object))


def _flat(value: Any) -> list[Any]:  # noqa: ANN401 - what JSON may hold
    return [one for part in value for one in _flat(part)] if isinstance(value, list) else [value]


def _kind(value: Any) -> str:  # noqa: ANN401 - what JSON may hold
    if isinstance(value, bool):
        return "bool"
    return TEXT if isinstance(value, str) else INTEGER if isinstance(value, int) else REAL


def _row_type(dtype: np.dtype[Any], said: Any) -> np.dtype[Any]:  # noqa: ANN401 - what the store says
    """The type of rows that hdmf-zarr wrote as objects, which it does to rows with text; else the array's own."""
    if dtype.kind != "O" or not isinstance(said, list):
        return dtype
    texts = {"str", "str_", "bytes", "bytes_", "object"}
    return np.dtype([(one["name"], "O" if one["dtype"] in texts else one["dtype"]) for one in said])


def _value_type(dtype: np.dtype[Any], said: Any) -> ValueType:  # noqa: ANN401 - what the store says
    if dtype.names is not None:
        texts = {one["name"]: one["dtype"] for one in said} if isinstance(said, list) else {}
        return tuple((name, _value_type(dtype[name], texts.get(name))) for name in dtype.names)
    if dtype.subdtype is not None:
        return f"{_value_type(dtype.base, said)}{list(dtype.shape)}"
    if dtype.kind == "O":
        return REFERENCE if said == _OBJECT else TEXT
    return TEXT if dtype.kind in "SU" else dtype.name


def _values(read: NDArray[Any], kind: ValueType, store: Path) -> NDArray[Any]:
    if isinstance(kind, tuple) and read.dtype.hasobject:
        fields = [(name, "O" if one in {TEXT, REFERENCE} else read.dtype[name]) for name, one in kind]
        plain = np.empty(read.shape, fields)
        for name, one in kind:
            plain[name] = _values(read[name], one, store)
        return plain
    if kind in {TEXT, REFERENCE}:
        made = np.empty(read.shape, dtype=object)
        for place in np.ndindex(read.shape):
            made[place] = _reference(read[place], store) if kind == REFERENCE else _text(read[place])
        return made
    return read


def _text(value: Any) -> str:  # noqa: ANN401 - what a store may hold
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _reference(value: Any, store: Path) -> Reference:  # noqa: ANN401 - what a store may hold
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return Reference("") if value is None else Reference(f"no reference: {value!r}")
    return Reference(value["path"], _file(value, store))


def _file(pointer: Mapping[str, Any], store: Path) -> str:
    """The other store that is meant; hdmf-zarr writes this one in several ways."""
    source = str(pointer.get("source") or ".")
    same = source == "." or os.path.normpath(store.resolve() / source) == str(store.resolve())
    return "" if same else source
