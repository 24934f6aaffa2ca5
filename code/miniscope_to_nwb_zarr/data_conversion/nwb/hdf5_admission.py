"""An HDF5 file, looked at object by object before a library makes something of it: what cannot be kept is refused.

The libraries of NWB follow links without asking, and end in errors that name no object where a file holds what NWB does
not know.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.hdf5_values import (
    check_attribute,
    check_type,
    check_values,
    cut,
    read_texts,
)
from miniscope_to_nwb_zarr.data_conversion.nwb.watch import watching
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h5py import HLObject

    from miniscope_to_nwb_zarr.core.findings import Finding


@dataclass(eq=False)
class _Look:
    """One file that is looked at."""

    path: Path
    file: h5py.File
    others: list[str] = field(default_factory=list)
    """Files that it leads to, as they are written in it."""
    seen: dict[int, str] = field(default_factory=dict)
    """Where each object was seen first, by its address."""

    def refuse(self, where: str, what: str) -> InputError:
        """The error for something in the file."""
        return InputError(f"{self.path.name}: {cut(where)} {what}; the file was not converted")


def admit_hdf5(path: Path, trusted: Path) -> list[Finding]:
    """Look at a file and at all others that it leads to; there is nothing to say of one that is admitted.

    Parameters
    ----------
    path : Path
    trusted : Path
        Links are followed below this folder only; resolved.

    Raises
    ------
    InputError
        Naming the object that cannot be kept, or the link that leads outside.
    """
    waiting, known = deque([path]), set()
    while waiting:
        here = waiting.popleft()
        if (real := os.path.realpath(here)) in known:
            continue
        known.add(real)
        with h5py.File(here, "r", locking=False) as file, watching() as go_on:
            look = _Look(here, file)
            for where, item in _objects(look):
                if go_on() and isinstance(item, h5py.Dataset):
                    read_texts(item, go_on)
                _check(look, where, item)
        for name in dict.fromkeys(look.others):
            waiting += _found(here, name, trusted)
    return []


def _objects(look: _Look) -> Iterator[tuple[str, HLObject]]:
    """Every object of a file once, with its path; links are noted."""
    waiting: list[tuple[str, h5py.Group, frozenset[int]]] = [("", look.file["/"], frozenset())]
    look.seen[_address(look.file)] = "/"
    yield "/", look.file["/"]
    while waiting:
        where, group, above = waiting.pop()
        above |= {_address(group)}
        if len(above) > limits.NWB_DEPTH:
            raise look.refuse(where, f"lies in more than {limits.NWB_DEPTH} groups")
        for name in group:
            inner = f"{where}/{name}"
            _check_name(look, where or "/", name)
            item, is_link = _linked(look, inner, group, name)
            if item is not None and _address(item) in above:
                raise look.refuse(inner, "is a further name of a group that holds it, or a link to that")
            if item is None or is_link or (address := _address(item)) in look.seen:
                continue
            look.seen[address] = inner
            if len(look.seen) > limits.NWB_OBJECTS.value:
                most = limits.NWB_OBJECTS
                raise look.refuse("/", f"holds more than {most.value:,} groups and arrays ({most.remedy})")
            yield inner, item
            if isinstance(item, h5py.Group):
                waiting.append((inner, item, above))


def _linked(look: _Look, where: str, group: h5py.Group, name: str) -> tuple[HLObject | None, bool]:
    """What lies in a group by that name, and whether it is there by a link; links to other files are only noted."""
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        look.others.append(link.filename)
        return None, True
    if not isinstance(link, h5py.SoftLink):
        return group[name], False
    if not link.path.startswith("/"):
        raise look.refuse(where, f"links to {cut(link.path)}, a path that does not begin with /: NWB has no such links")
    try:
        return group.get(name), True
    except (OSError, RuntimeError, KeyError):
        raise look.refuse(where, f"links to {cut(link.path)}, which leads back to itself") from None


def _check(look: _Look, where: str, item: HLObject) -> None:
    if isinstance(item, h5py.Datatype):
        raise look.refuse(where, "is a named type; NWB has groups and arrays only")
    for name in item.attrs:
        if what := check_attribute(item, name):
            raise look.refuse(f"{where}@{name}", what)
    if not isinstance(item, h5py.Dataset):
        return
    if what := check_type(item) or _size_problem(item) or check_values(item):
        raise look.refuse(where, what)
    look.others.extend(name for name, _, _ in item.external or ())
    if item.is_virtual:
        look.others.extend(source.file_name for source in item.virtual_sources() if source.file_name != ".")


def _size_problem(dataset: h5py.Dataset) -> str | None:
    """What is said of an array that says it is much larger than anything that lies in the file."""
    n_bytes = prod(dataset.shape) * dataset.dtype.itemsize
    most = limits.NWB_UNWRITTEN_BYTES
    if not dataset.dtype.hasobject and dataset.dtype.kind not in "SV":
        stored = n_bytes if dataset.is_virtual or dataset.external else dataset.id.get_storage_size()
        if n_bytes > max(most.value, stored * limits.NWB_PACKED):
            return f"has shape {dataset.shape}, {n_bytes:,} bytes, of which {stored:,} are in the file; {most.remedy}"
    elif max(prod(dataset.shape), n_bytes // 100) > limits.NWB_VALUES.value:
        most = limits.NWB_VALUES
        return f"has shape {dataset.shape}, more than {most.value:,} texts or rows; {most.remedy}"
    return None


def _check_name(look: _Look, where: str, name: object) -> None:
    """Refuse a name that is no name of a folder in a store."""
    if (
        not isinstance(name, str)
        or name in {".", ".."}
        or "\\" in name
        or name.startswith(".z")
        or len(name.encode("utf-8", "surrogateescape")) > limits.NWB_NAME_BYTES
    ):
        raise look.refuse(where, f"holds an object of the name {cut(repr(name))}, which no Zarr store can have")


def _found(file: Path, name: str, trusted: Path) -> list[Path]:
    """The file that is meant, if it is there; the library looks beside the file that names it, and where it runs."""
    real = Path(os.path.realpath(file))
    beside = [folder / each for folder in (file.parent, real.parent) for each in (name, Path(name).name)]
    if not _is_below(beside[0], trusted):
        raise leads_outside(file, name)
    there = [place for place in (*beside, Path(name)) if place.is_file()]
    for place in there:
        if not _is_below(place, trusted):
            raise leads_outside(file, name)
    return [place for place in there if h5py.is_hdf5(place)]


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)


def leads_outside(path: Path, target: str) -> InputError:
    """The error for a link that leads out of the data folder."""
    return InputError(
        f"{path.name}: links to {cut(target)}, which lies outside the data folder and was not opened. Put that file "
        "into the data folder too, or remove the link"
    )


def _address(item: HLObject) -> int:
    return int(h5py.h5o.get_info(item.id).addr)
