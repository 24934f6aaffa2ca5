"""Which attributes and arrays of HDF5 can be said in Zarr, and in NWB at all; what is said of those that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from h5py import HLObject

_SHOWN_CHARS = 120
_TEXTS_AT_ONCE = 10_000
_SPECIFICATIONS = ".specloc"
_CLASSES = {
    h5py.h5t.BITFIELD: "bits",
    h5py.h5t.OPAQUE: "bytes of no type",
    h5py.h5t.TIME: "times of HDF5",
    h5py.h5t.ARRAY: "arrays in an array",
    h5py.h5t.VLEN: "lists",
}


def cut(text: str) -> str:
    """A text of a file as it is shown in a message."""
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 3]}..."


def check_attribute(item: HLObject, name: object) -> str | None:
    """Why an attribute cannot be kept; None where it can."""
    if not isinstance(name, str):
        return "has a name that is not text"
    found = item.attrs.get_id(name)
    if name == _SPECIFICATIONS:
        return _specifications_problem(item, found.dtype)
    kind = found.get_type()
    if (what := _type_problem(kind)) or (what := _of_attributes(kind, found.shape)):
        return what
    value = item.attrs[name]
    if isinstance(value, h5py.Reference):
        return reference_problem(value, item.file)
    return text_problem(value) if kind.get_class() == h5py.h5t.STRING else None


def check_type(dataset: h5py.Dataset) -> str | None:
    """Why an array cannot be kept whatever its values are; None where it can."""
    kind = dataset.id.get_type()
    if what := _type_problem(kind):
        return what
    if dataset.shape is None:
        return "has a type and neither shape nor value: NWB has no such arrays"
    if _has_references(kind) and len(dataset.shape) != 1:
        return f"holds references in shape {dataset.shape}; NWB has lists of them only"
    return None


def check_values(dataset: h5py.Dataset) -> str | None:
    """Why the values of an array cannot be kept; None where they can. Lists of text are left to who reads them."""
    kind = dataset.id.get_type()
    if _has_references(kind):
        return _references_problem(dataset, _reference_fields(kind))
    return text_problem(dataset[()]) if kind.get_class() == h5py.h5t.STRING and dataset.shape == () else None


def read_texts(dataset: h5py.Dataset, go_on: Callable[[], object]) -> None:
    """Read a list of texts for nothing: from a damaged place some are never read to the end.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of any kind.
    go_on : callable
        Called before each part.
    """
    kind = h5py.check_string_dtype(dataset.dtype)
    if kind is not None and kind.length is None and dataset.shape:
        for first in range(0, len(dataset), _TEXTS_AT_ONCE):
            go_on()
            dataset[first : first + _TEXTS_AT_ONCE]


def text_problem(value: Any) -> str | None:  # noqa: ANN401 - what h5py reads
    """Why one or several texts cannot be kept; None where they can."""
    texts = np.asarray(value, dtype=object).ravel() if not isinstance(value, h5py.Empty) else ()
    for text in texts:
        try:
            decoded = text.decode("utf-8") if isinstance(text, bytes) else str(text)
            decoded.encode("utf-8")
        except UnicodeError:
            return f"holds the text {cut(repr(text))}, which is not UTF-8"
        if "\0" in decoded:
            return f"holds the text {cut(repr(text))}, which has zeros inside"
    return None


def reference_problem(value: h5py.Reference, file: h5py.File) -> str | None:
    """Why a reference cannot be kept; None where it can."""
    if isinstance(value, h5py.RegionReference):
        return "holds references to parts of arrays, which Zarr does not have"
    if not value:
        return "holds a reference to nothing"
    try:
        name = h5py.h5r.get_name(value, file.id)
        target = file[value].name if name else None
    except (KeyError, ValueError, OSError, RuntimeError):
        target = None
    if target is None:
        return "holds a reference to an object that was deleted"
    if target == "/" or f"{target}/".startswith("/specifications/"):
        return f"holds a reference to {cut(target)}, which is not an object of NWB"
    return None


def _references_problem(dataset: h5py.Dataset, names: list[str]) -> str | None:
    rows = dataset[()]
    columns = [rows[name] for name in names] if names else [rows]
    for column in columns:
        for index, value in enumerate(column):
            if what := reference_problem(value, dataset.file):
                return f"{what} (row {index})"
    return None


def _specifications_problem(item: HLObject, dtype: np.dtype[Any]) -> str | None:
    """Where the cached schemas lie; hdmf reads what it says without a look."""
    value = item.attrs[_SPECIFICATIONS]
    if h5py.check_ref_dtype(dtype) is not None:
        if not isinstance(value, h5py.Reference) or not value:
            return "names no group of schemas"
        value = item.file[value].name
    if not isinstance(value, str) or not isinstance(item.file.get(value), h5py.Group):
        return "names no group of schemas"
    for versions in item.file[value].values():
        if not isinstance(versions, h5py.Group) or not all(isinstance(one, h5py.Group) for one in versions.values()):
            return f"names {value}, which does not hold schemas by name and version"
    return None


def _type_problem(kind: h5py.h5t.TypeID, depth: int = 0) -> str | None:
    """Why no value of a type can be kept; None where some can."""
    found = kind.get_class()
    if found == h5py.h5t.COMPOUND:
        if depth:
            return "holds rows in rows"
        parts = (_type_problem(kind.get_member_type(k), 1) for k in range(kind.get_nmembers()))
        return next((part for part in parts if part), None)
    if found == h5py.h5t.ENUM and (depth or kind.dtype.kind != "b"):
        return "holds numbers that stand for names (an enumeration), which NWB does not have"
    if found == h5py.h5t.REFERENCE and kind.equal(h5py.h5t.STD_REF_DSETREG):
        return "holds references to parts of arrays, which Zarr does not have"
    if found in _CLASSES:
        return f"holds {_CLASSES[found]}, which NWB does not have"
    return None


def _of_attributes(kind: h5py.h5t.TypeID, shape: tuple[int, ...] | None) -> str | None:
    """Why an attribute of a type that arrays may have cannot be kept."""
    if kind.get_class() == h5py.h5t.COMPOUND:
        return "is a row of several values, which Zarr does not have as an attribute"
    if kind.get_class() == h5py.h5t.REFERENCE and shape != ():
        return "holds several references, which Zarr does not have as an attribute"
    return None


def _has_references(kind: h5py.h5t.TypeID) -> bool:
    return kind.get_class() == h5py.h5t.REFERENCE or bool(_reference_fields(kind))


def _reference_fields(kind: h5py.h5t.TypeID) -> list[str]:
    if kind.get_class() != h5py.h5t.COMPOUND:
        return []
    fields = range(kind.get_nmembers())
    return [
        kind.get_member_name(k).decode("utf-8", "surrogateescape")
        for k in fields
        if kind.get_member_class(k) == h5py.h5t.REFERENCE
    ]
