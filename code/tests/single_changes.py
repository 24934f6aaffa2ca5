"""Every single change that can be made to an NWB file: what a comparison must find, and where."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import zarr
from hdmf_zarr.utils import ZarrReference

from tests.nwb_files import replace_dataset

SPECIFICATIONS = "specifications"


@dataclass(frozen=True)
class SingleChange:
    """`make` changes an opened file; the difference lies at `where`."""

    name: str
    where: str
    make: Callable[[Any], None]

    def __str__(self):
        return f"{self.name} {self.where}"


def changes_of_hdf5(path):
    """All of them, for a file in HDF5."""
    found = []
    with h5py.File(path, "r") as file:
        _of_hdf5_object(file, found)
        file.visititems(lambda name, item: None if name.startswith(SPECIFICATIONS) else _of_hdf5_object(item, found))
        for name in _links_of_hdf5(file):
            found += [
                SingleChange("link elsewhere", name, lambda file, name=name: _link(file, name, "/general")),
                SingleChange("link gone", name, lambda file, name=name: file.pop(name)),
                SingleChange("link copied", name, _copy_link(name)),
            ]
    return found


def _of_hdf5_object(item, found):
    path = item.name
    found.append(SingleChange("attribute new", f"{path}@new", lambda file: file[path].attrs.create("new", 1)))
    for name in item.attrs:
        if name != ".specloc":
            found += _of_hdf5_attribute(item, name)
    if isinstance(item, h5py.Dataset):
        found += _of_hdf5_dataset(item)
    elif path != "/":
        found.append(SingleChange("group new", f"{path}/new", lambda file: file[path].create_group("new")))


def _of_hdf5_attribute(item, name):
    where = f"{item.name}@{name}"
    value = item.attrs[name]
    path = item.name

    def put(other):
        return lambda file: file[path].attrs.create(name, other(file) if callable(other) else other)

    found = [SingleChange("attribute gone", where, lambda file: file[path].attrs.pop(name))]
    if isinstance(value, h5py.Reference):
        found.append(SingleChange("attribute refers elsewhere", where, put(lambda file: file["/general"].ref)))
    elif isinstance(value, str):
        found += [
            SingleChange("attribute value", where, put(value + " ")),
            SingleChange("attribute type", where, put(5)),
        ]
    elif np.size(value):
        flat = np.array(value).reshape(-1)
        if flat.dtype.kind == "O":
            found.append(SingleChange("attribute value", where, put([*flat[:-1], flat[-1] + "x"])))
            if len(set(flat)) > 1:
                found.append(SingleChange("attribute order", where, put(list(flat[::-1]))))
        else:
            narrow = {"i": "i2", "f": "f4", "u": "u2", "b": "i1"}[flat.dtype.kind]
            found += [
                SingleChange("attribute value", where, put(_other_number(np.asarray(value)))),
                SingleChange("attribute type", where, put(np.asarray(value).astype(narrow))),
            ]
    return found


def _of_hdf5_dataset(dataset):
    where, dtype = dataset.name, dataset.dtype
    found = [SingleChange("dataset gone", where, lambda file: file.pop(where))]
    if not dataset.size:
        return [
            *found,
            SingleChange("type", where, lambda file: replace_dataset(file[where], file[where][()].astype("i2"))),
        ]
    last = tuple(n - 1 for n in dataset.shape)

    def put(file):
        file[where][last] = _other_value(file, file[where][last], dtype)

    found.append(SingleChange("value", where, put))
    if dataset.shape:
        found.append(SingleChange("shape", where, lambda file: replace_dataset(file[where], file[where][:-1])))
        rows = dataset[()]
        if len(rows) > 1 and _differ(dataset.file, rows[0], rows[-1]):
            found.append(SingleChange("order", where, _swap(where)))
    if dtype.kind in "iufb":
        narrow = {"i": "i2", "f": "f2", "u": "u8", "b": "i1"}[dtype.kind]
        if dtype != narrow:
            found.append(
                SingleChange("type", where, lambda file: replace_dataset(file[where], file[where][()].astype(narrow)))
            )
    return found


def _differ(file, a, b):
    if isinstance(a, h5py.Reference):
        return file[a] != file[b]
    return not np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f")


def _swap(where):
    def make(file):
        dataset = file[where]
        rows = dataset[()]
        dataset[0], dataset[len(rows) - 1] = rows[-1], rows[0]

    return make


def _other_value(file, value, dtype):
    if dtype.names:
        changed = list(value)
        changed[-1] = _other_value(file, changed[-1], dtype[dtype.names[-1]])
        return tuple(changed)
    if h5py.check_ref_dtype(dtype):
        return file["/general"].ref
    return value + b"x" if isinstance(value, bytes) else _other_number(np.asarray(value))


def _other_number(values):
    """The nearest other number, in the last place."""
    made = np.array(values)
    last = tuple(n - 1 for n in made.shape)
    if made.dtype.kind == "f":
        made[last] = (
            1.5 if np.isnan(made[last]) or np.isinf(made[last]) else np.nextafter(made[last], np.inf, dtype=made.dtype)
        )
    else:
        made[last] = not made[last] if made.dtype.kind == "b" else made[last] ^ made.dtype.type(1)
    return made


def _links_of_hdf5(file):
    found = []

    def look(name, item):
        if isinstance(item, h5py.Group) and not name.startswith(SPECIFICATIONS):
            found.extend(f"{item.name}/{key}" for key in item if isinstance(item.get(key, getlink=True), h5py.SoftLink))

    file.visititems(look)
    return found


def _link(file, name, target):
    del file[name]
    file[name] = h5py.SoftLink(target)


def _copy_link(name):
    def make(file):
        target = file[name]
        del file[name]
        file.copy(target, name)

    return make


def changes_of_zarr(path):
    """All of them, for a store without consolidated metadata."""
    found = []
    root = zarr.open_group(str(path), "r")
    root.visititems(lambda name, item: None if name.startswith(SPECIFICATIONS) else _of_zarr_object(item, found))
    return found


def _of_zarr_object(item, found):
    path = item.path
    for name, value in item.attrs.items():
        where = f"/{path}@{name}"
        if name == "zarr_link":
            found += [_other_link(path, place, link["name"]) for place, link in enumerate(value)]
        elif name not in {"zarr_dtype", "_ARRAY_DIMENSIONS"}:
            found += [
                SingleChange("attribute gone", where, lambda root, name=name: root[path].attrs.pop(name)),
                SingleChange("attribute value", where, _put_attribute(path, name, value)),
            ]
    if isinstance(item, zarr.Array):
        found += _of_zarr_array(item)


def _put_attribute(path, name, value):
    if isinstance(value, dict):
        other = {**value, "value": {**value["value"], "path": "/general"}}
    elif isinstance(value, list):
        other = [*value, "one more"]
    else:
        other = value + "x" if isinstance(value, str) else value + 1
    return lambda root: root[path].attrs.put({**root[path].attrs.asdict(), name: other})


def _other_link(path, place, link_name):
    def make(root):
        links = root[path].attrs["zarr_link"]
        links[place] = {**links[place], "path": "/general"}
        root[path].attrs["zarr_link"] = links

    return SingleChange("link elsewhere", f"/{path}/{link_name}", make)


def _of_zarr_array(array):
    path = array.path
    found = [SingleChange("array gone", f"/{path}", lambda root: root.store.rmdir(path))]
    if array.size:
        last = tuple(n - 1 for n in array.shape)
        found.append(SingleChange("value", f"/{path}", lambda root: _put_value(root[path], last)))
    # of rows with references zarr writes metadata that it cannot read again
    if not (array.dtype.names and array.dtype.hasobject) and array.attrs["zarr_dtype"] != "scalar":
        found.append(SingleChange("shape", f"/{path}", lambda root: root[path].append(_row(root[path]))))
    return found


def _row(array):
    return np.zeros((1, *array.shape[1:]), dtype=array.dtype) if array.dtype.kind != "O" else _same_row(array)


def _same_row(array):
    return array[-1:] if array.size else np.array(["x"], dtype=object)


def _put_value(array, last):
    value = array[last]
    if array.dtype.names:
        changed = list(value)
        changed[0] = changed[0] ^ 1
        array[last] = np.array([tuple(changed)], dtype=array.dtype)[0]
    elif isinstance(value, dict):
        array[last] = ZarrReference(source=".", path="/general")
    elif isinstance(value, bytes):
        array[last] = value + b"x"
    else:
        array[last] = value + "x" if isinstance(value, str) else _other_number(np.asarray(value))
