"""What the dataset of a builder holds, told apart by how it must be written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import zarr
from hdmf.build import ReferenceBuilder
from hdmf.container import AbstractContainer
from hdmf.data_utils import AbstractDataChunkIterator, DataIO
from hdmf.query import HDMFDataset
from hdmf.utils import StrDataset

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.blocks import Place

if TYPE_CHECKING:
    from hdmf.build import Builder, DatasetBuilder
    from numpy.typing import NDArray

_NUMBERS = "biufc"


@dataclass(frozen=True, slots=True)
class Stored:
    """Numbers that lie in a file, to be copied from there."""

    place: Place
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    """As they are to be written."""
    chunks: tuple[int, ...] | None
    """As they are cut in the source; None where they are not."""

    @property
    def n_bytes(self) -> int:
        """Bytes of all values as they are to be written."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def stored_numbers(builder: DatasetBuilder) -> Stored | None:
    """Where the numbers of a dataset lie; None for all that is no array of numbers in a file."""
    data = _bare(builder.data)
    if isinstance(data, StrDataset) or not isinstance(data, (h5py.Dataset, zarr.Array)) or data.shape == ():
        return None
    if not is_plain(data.dtype):
        return None
    if isinstance(data, zarr.Array):
        store = getattr(data.store, "store", data.store)
        place = Place(os.path.abspath(store.path), data.path, is_zarr=True)  # noqa: PTH100 - as hdmf-zarr has it
    else:
        place = Place(os.path.abspath(data.file.filename), data.name, is_zarr=False)  # noqa: PTH100
    return Stored(place, tuple(data.shape), _wanted(builder.dtype, data.dtype), data.chunks)


def values_of(builder: DatasetBuilder) -> NDArray[Any] | None:
    """The values of a dataset as an array, text as `str` objects; None for references, and for what yields its chunks.

    A scalar is an array without axes.

    Raises
    ------
    InputError
        A text is no UTF-8.
    """
    try:
        return _values_of(builder)
    except UnicodeError as error:
        raise InputError(
            f"{os.path.basename(builder.source)}: {where_of(builder)} holds text that is not UTF-8 "  # noqa: PTH119 - a text as hdmf has it
            f"({error}); the file was not converted"
        ) from error


def _values_of(builder: DatasetBuilder) -> NDArray[Any] | None:
    data = _bare(builder.data)
    if isinstance(data, (HDMFDataset, AbstractDataChunkIterator, ReferenceBuilder)) or data is None:
        return None
    if is_scalar(builder):
        return _as_array(data[0] if isinstance(data, np.ndarray) and data.shape == (1,) else data, builder.dtype)
    if isinstance(data, (h5py.Dataset, zarr.Array)):
        data = data[()]
    if _holds_references(data, builder.dtype):
        return None
    if isinstance(builder.dtype, list) and (not isinstance(data, np.ndarray) or data.dtype.names is None):
        # hdmf-zarr writes rows with text as objects
        row = [
            (field["name"], "O" if _is_text(field["dtype"]) else np.dtype(field["dtype"])) for field in builder.dtype
        ]
        return _as_array(np.array([tuple(values) for values in data], row), builder.dtype)
    return _as_array(data, builder.dtype)


def where_of(builder: Builder) -> str:
    """The path of a builder in its file."""
    return str(builder.path).replace("root/", "/", 1)


def is_scalar(builder: DatasetBuilder) -> bool:
    """Whether a dataset is one value without axes; a store keeps it as an array of one."""
    return builder.dtype == "scalar" or np.ndim(_bare(builder.data)) == 0


def is_ragged(builder: DatasetBuilder) -> bool:
    """Whether a dataset is a column of a table whose rows have lengths of their own."""
    return builder.parent is not None and f"{builder.name}_index" in builder.parent.datasets


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether values of a type are numbers, or rows of numbers: bytes that mean the same anywhere."""
    if dtype.names:
        return all(is_plain(dtype[name]) for name in dtype.names)
    return dtype.kind in _NUMBERS or (dtype.kind == "V" and dtype.subdtype is not None and is_plain(dtype.base))


def _bare(data: Any) -> Any:  # noqa: ANN401 - whatever a builder holds
    """The data without wrappers; of rows of numbers and texts alone also without the one that resolves references."""
    while isinstance(data, DataIO):
        data = data.data
    if isinstance(data, HDMFDataset) and _refers_to_nothing(getattr(data.dataset, "dtype", np.dtype(object))):
        return data.dataset
    return data


def _refers_to_nothing(dtype: np.dtype[Any]) -> bool:
    if dtype.names:
        return all(_refers_to_nothing(dtype[name]) or h5py.check_string_dtype(dtype[name]) for name in dtype.names)
    return is_plain(dtype)


def _holds_references(data: Any, dtype: Any) -> bool:  # noqa: ANN401
    if isinstance(dtype, list):
        return any(field["dtype"] == "object" or isinstance(field["dtype"], dict) for field in dtype)
    # numpy takes the name "object" for its type of that name, which texts have
    if (isinstance(dtype, str) and dtype == "object") or isinstance(dtype, dict):
        return True
    first = data[0] if isinstance(data, (list, tuple)) and len(data) else None
    return isinstance(first, (ReferenceBuilder, AbstractContainer, dict))


def _as_array(data: Any, dtype: Any) -> NDArray[Any]:  # noqa: ANN401
    values = np.asarray(data)
    if values.dtype.kind in "SUO" or (values.size == 0 and _is_text(dtype)):
        return _text(values)
    if values.dtype.names:
        return _rows_with_text(values) if values.dtype.hasobject else values
    return values.astype(_wanted(dtype, values.dtype), copy=False)


def _text(values: NDArray[Any]) -> NDArray[Any]:
    texts = np.empty(values.shape, object)
    for index in np.ndindex(values.shape):
        value = values[index]
        texts[index] = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    return texts


def _rows_with_text(values: NDArray[Any]) -> NDArray[Any]:
    row = [(name, "O" if values.dtype[name].hasobject else values.dtype[name]) for name in values.dtype.names or ()]
    rows = np.empty(values.shape, row)
    for name, kind in row:
        rows[name] = _text(values[name]) if kind == "O" else values[name]
    return rows


def _is_text(dtype: Any) -> bool:  # noqa: ANN401
    return isinstance(dtype, (str, type)) and (
        dtype in {"utf8", "utf", "utf-8", "text", "ascii", "str", "isodatetime", "datetime", "bytes", "str_", "bytes_"}
        or dtype is str
    )


def _wanted(dtype: Any, found: np.dtype[Any]) -> np.dtype[Any]:  # noqa: ANN401
    """The type that the schema asks for, where it names one of numbers; else that of the values."""
    if isinstance(dtype, (type, np.dtype, str)):
        try:
            wanted = np.dtype(dtype)
        except TypeError:
            return found
        # the names of pynwb for numbers of any width, such as "int", say nothing of the width that is there
        if wanted.kind in _NUMBERS and found.kind in _NUMBERS and not isinstance(dtype, str):
            return wanted
    return found
