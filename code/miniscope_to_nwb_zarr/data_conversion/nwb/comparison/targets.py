"""Links and references of a file that lead to nothing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import REFERENCE, Array, Group, Link, Reference, find
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Difference, Kind
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.moved_paths import refers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Contents, Item, ValueType


def lost_targets(a: Contents, b: Contents) -> Iterator[Difference]:
    """Every link and reference in a copy that leads to nothing there, and did not in the source."""
    dangling = set(_dangling(b))
    for where, path in sorted(dangling - set(_dangling(a)) if dangling else ()):
        yield Difference(where, Kind.LINK, f"leads to {path}, and nothing is there")


def _dangling(contents: Contents) -> Iterator[tuple[str, str]]:
    """Where each link or reference to nothing is, and what it says."""
    is_there: dict[str, bool] = {}
    for where, path in _pointers(contents.root):
        if path not in is_there:
            is_there[path] = find(contents, path)[1] is not None
        if not is_there[path]:
            yield where, path


def _pointers(root: Group) -> Iterator[tuple[str, str]]:
    """Where each link and reference to the same file is, and the path that it leads to."""
    waiting: list[tuple[str, Item]] = [("", root)]
    seen = set()
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, Link):
            if not item.file:
                yield where, item.path
            continue
        for name, attribute in item.attributes.items():
            for path in _paths(attribute.values, attribute.type):
                yield f"{where or '/'}@{name}", path
        if isinstance(item, Array):
            if item.shape is not None and refers(item.type):
                for path in dict.fromkeys(_paths(item.read(tuple(slice(None) for _ in item.shape)), item.type)):
                    yield where, path
        # a group may lie in itself, in HDF5
        elif item.identity not in seen:
            seen.add(item.identity)
            inside = ((f"{where}/{name}", item.get(name)) for name in item.names())
            waiting += [(inner, found) for inner, found in inside if found is not None]


def _paths(values: NDArray[Any], kind: ValueType) -> Iterator[str]:
    if isinstance(kind, tuple):
        for name, part in kind:
            yield from _paths(values[name], part)
    elif kind == REFERENCE:
        for value in values.flat:
            if isinstance(value, Reference) and not value.file:
                yield value.path or "nothing"
