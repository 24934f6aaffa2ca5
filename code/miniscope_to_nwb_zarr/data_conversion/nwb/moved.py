"""Hold what was moved within an output against its sources: objects keep their ids, wherever they go.

The walk over two files finds an object by its path: not what has another path in the output, nor what comes from
another file than the first. Here arrays are found by the id of the object that they are a part of.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import open_contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import REFERENCE, Array, Group, find
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Difference, Kind
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.values import compare_arrays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Contents, ValueType

_Key = tuple[str, str]
"""Id of the nearest object that has one, and the path from there."""


def compare_moved(
    sources: Sequence[Path], output: Path, announced: Collection[str], held: Collection[str] = ()
) -> list[Difference]:
    """Every array that the output has at another path than its source, with other values.

    Parameters
    ----------
    sources : sequence of Path
        The base file first: what lies at its path in the output is left to `compare_files`.
    output : Path
    announced : collection of str
        Paths of arrays in the output that were changed on purpose; what lies below a path is not.
    held : collection of str
        Paths of arrays in the output whose values were held against each other already.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    found: list[Difference] = []
    passed = {f"/{path.lstrip('/')}" for path in (*announced, *held)}
    with closing(open_contents(output)) as there:
        places = dict(_arrays(there))
        for number, source in enumerate(sources):
            with closing(open_contents(source)) as here:
                for key, path in _arrays(here):
                    place = places.get(key)
                    if place is None or place in passed or (number == 0 and place == path):
                        continue
                    found += _compare(here, path, there, place, source.name)
    return found


def _compare(here: Contents, path: str, there: Contents, place: str, name: str) -> Iterator[Difference]:
    a, b = find(here, path)[1], find(there, place)[1]
    if not (isinstance(a, Array) and isinstance(b, Array)) or a.shape is None or _refers(a.type):
        return
    if a.shape != b.shape:
        yield Difference(place, Kind.SHAPE, f"shape {a.shape} in {name}, then {b.shape}")
        return
    unequal = compare_arrays(a, b)
    if unequal is not None:
        sentence = (
            f"{counted(unequal.count, 'value differs', 'values differ')} from those of {name}{path}, the first at "
            f"{list(unequal.first)}"
        )
        yield Difference(place, Kind.VALUE, sentence)


def _refers(kind: ValueType) -> bool:
    """Whether values are paths of objects, which may have been moved themselves."""
    return kind == REFERENCE or (not isinstance(kind, str) and any(_refers(one) for _, one in kind))


def _arrays(contents: Contents) -> Iterator[tuple[_Key, str]]:
    """Each array that is part of an object with an id, and its path; links are not followed."""
    seen = set()
    waiting: list[tuple[str, str, str, Group]] = [("", "", "", contents.root)]
    while waiting:
        where, owner, below, group = waiting.pop()
        if group.identity in seen:
            continue
        seen.add(group.identity)
        for name in group.names():
            item = group.get(name)
            if not isinstance(item, (Array, Group)):
                continue
            own = _id(item)
            key = (own, "") if own else (owner, f"{below}/{name}")
            if isinstance(item, Array):
                if key[0]:
                    yield key, f"{where}/{name}"
            else:
                waiting.append((f"{where}/{name}", *key, item))


def _id(item: Array | Group) -> str:
    attribute = item.attributes.get("object_id")
    return str(attribute.values) if attribute is not None else ""
