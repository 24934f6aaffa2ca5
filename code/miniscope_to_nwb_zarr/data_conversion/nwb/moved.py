"""Hold what was moved within an output, or came from another file, against its source.

The walk over two files finds an object by its path: not what has another path in the output, nor what comes from
another file than the first. Here each object that the change log says was moved is compared with what it came from, as
two files are: attributes, arrays, links, references and parts, whatever its new place is.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files, is_announced, open_contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Array, Group, Link, Reference, find
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Difference, Kind
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.announced import Announced
    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Contents, Item
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Move

_REGION = "DynamicTableRegion"


def compare_with_log(
    sources: Sequence[Path],
    output: Path,
    said: Announced,
    *,
    also: Collection[str] = (),
    held: Collection[str] = (),
    is_copy: bool = False,
) -> list[Difference]:
    """All by which an output differs from its sources, but for what the change log names.

    Parameters
    ----------
    sources : sequence of Path
        The base file first.
    output : Path
    said : Announced
        What the change log says.
    also : collection of str
        Further paths that the base file and the output need not have in common.
    held : collection of str
        Paths of arrays in the output whose values were held against each other already.
    is_copy : bool
        Whether the output was just made of one file as it is stored: then nothing can lie elsewhere.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    base = sources[0]
    found = compare_files(base, output, (*said.places(base.name), *also), held, said.moved_in(base.name)).differences
    return [*found, *(() if is_copy else compare_moved(sources, output, said, held))]


def compare_moved(
    sources: Sequence[Path], output: Path, announced: Announced, held: Collection[str] = ()
) -> list[Difference]:
    """All that was moved and is not as it was, but for what the change log names.

    Parameters
    ----------
    sources : sequence of Path
        The base file first: what lies at its path in the output is left to `compare_files`.
    output : Path
    announced : Announced
        What the change log says was moved, and what of it was changed.
    held : collection of str
        Paths of arrays in the output whose values were held against each other already.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    found: list[Difference] = []
    base = sources[0].name
    of_base: set[str] = set()
    with closing(open_contents(output)) as there:
        places = {own: path for path, own in _objects(there)}
        found += _strangers(there, announced)
        for source in sources:
            moved = announced.moved_in(source.name)
            with closing(open_contents(source)) as here:
                found += _unsaid(here, source.name, places, announced, of_base)
                if not moved:
                    continue
                walk = Walk(here, there, held, moved)
                for move in (each for each in announced.moves if each.source == source.name):
                    changed = announced.changed_in(move, base)
                    found += (one for one in _compare(walk, here, there, move) if not is_announced(one.where, changed))
    return found


def _compare(walk: Walk, here: Contents, there: Contents, move: Move) -> Iterator[Difference]:
    before, now = find(here, move.before)[1], find(there, move.now)[1]
    origin = f"compared with {move.before} in {move.source}"
    if before is None or now is None:
        sentence = "nothing is there" if now is None else "it came from a place at which nothing is"
        yield Difference(move.now, Kind.MISSING if now is None else Kind.ADDED, f"{sentence}; {origin}")
        return
    for one in walk.below(move.now, before, now):
        same_rows = one.kind is Kind.VALUE and _same_rows(here, there, move, one.where)
        if not one.allowed and not same_rows:
            yield replace(one, sentence=f"{one.sentence}; {origin}")


def _same_rows(here: Contents, there: Contents, move: Move, where: str) -> bool:
    """Whether two lists of rows of a table name rows of the same ids: the table was merged into another one."""
    before, now = (
        _ids(contents, find(contents, path)[1])
        for contents, path in ((here, move.before + where[len(move.now) :]), (there, where))
    )
    return before is not None and now is not None and np.array_equal(before, now)


def _ids(contents: Contents, region: Item | None) -> NDArray[Any] | None:
    """The ids of the rows that a region of a table names; None where it is none, or names rows that are not there."""
    if not isinstance(region, Array) or _attribute(region, "neurodata_type") != _REGION or region.shape is None:
        return None
    table = _attribute(region, "table")
    ids = find(contents, f"{table.path}/id")[1] if isinstance(table, Reference) else None
    if not isinstance(ids, Array) or not ids.shape:
        return None
    rows = np.asarray(region.read(tuple(slice(None) for _ in region.shape)))
    values = np.asarray(ids.read((slice(None),)))
    is_there = rows.size == 0 or (rows.min() >= 0 and rows.max() < len(values))
    return values[rows] if is_there else None


def _strangers(there: Contents, announced: Announced) -> Iterator[Difference]:
    """What lies in a group that was made for what was moved, and no change in the log tells of."""
    known = {*(move.now for move in announced.moves), *announced.made, *announced.changed}
    for path in announced.made:
        group = find(there, path)[1]
        for name in group.names() if isinstance(group, Group) else ():
            if f"{path}/{name}" not in known:
                yield Difference(f"{path}/{name}", Kind.ADDED, f"is in no source; {path} was made for what was moved")


def _unsaid(
    here: Contents, source: str, places: dict[str, str], announced: Announced, of_base: set[str]
) -> Iterator[Difference]:
    """What has another place in the output than in its file, and no change in the log says that it was moved.

    `of_base` is filled with the ids of the first file: files that were made from one another share some.
    """
    is_base = not of_base
    known = [move.now for move in announced.moves]
    for path, own in _objects(here):
        if is_base:
            of_base.add(own)
        place = places.get(own)
        is_left = place is None or (place == path if is_base else own in of_base)
        if not is_left and not is_announced(place or "", known):
            yield Difference(place or "", Kind.ADDED, f"was moved from {path} in {source}")


def _objects(contents: Contents) -> Iterator[tuple[str, str]]:
    """The path and the id of each object that has an id; links are not followed."""
    seen = set()
    waiting: list[tuple[str, Group]] = [("", contents.root)]
    while waiting:
        where, group = waiting.pop()
        if group.identity in seen:
            continue
        seen.add(group.identity)
        for name in group.names():
            item = group.get(name)
            if item is None or isinstance(item, Link):
                continue
            own = _attribute(item, "object_id")
            if own is not None:
                yield f"{where}/{name}", str(own)
            if isinstance(item, Group):
                waiting.append((f"{where}/{name}", item))


def _attribute(item: Array | Group, name: str) -> Any:  # noqa: ANN401 - a value of any attribute
    attribute = item.attributes.get(name)
    return attribute.values[()] if attribute is not None and attribute.values.shape == () else None
