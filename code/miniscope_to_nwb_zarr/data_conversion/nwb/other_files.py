"""Parts of other NWB files that a file links to: taken in, so that the output stands alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hdmf.build import DatasetBuilder, GroupBuilder, LinkBuilder

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Iterator


def take_in(root: GroupBuilder) -> list[Finding]:
    """Put what lies in other files in the place of the links to it; gives a finding for each.

    Parameters
    ----------
    root : GroupBuilder
        Of the file that is to be written; changed in place.

    Raises
    ------
    InputError
        Files link to each other in a circle.
    """
    own = set(_ids(root))
    found: list[Finding] = []
    waiting = [("", root)]
    while waiting:
        where, group = waiting.pop()
        for name, link in list(group.links.items()):
            target = link.builder
            if id(target) in own:
                continue
            del group.links[name]
            del group.obj_type[name]
            copy = _copy(target, name, root.source, 0)
            group.set_dataset(copy) if isinstance(copy, DatasetBuilder) else group.set_group(copy)
            file = os.path.basename(target.source)  # noqa: PTH119 - a text as hdmf has it
            sentence = f"was a link to {_place(target)} in {file}; what lies there was copied into this file"
            found.append(Finding(Code.NWB_CHANGED, Severity.INFO, f"{where}/{name}", sentence))
        waiting += [(f"{where}/{name}", inner) for name, inner in group.groups.items()]
    return found


def _top(builder: Any) -> Any:  # noqa: ANN401 - a group or a dataset
    while builder.parent is not None:
        builder = builder.parent
    return builder


def _ids(group: GroupBuilder) -> Iterator[int]:
    yield id(group)
    yield from map(id, group.datasets.values())
    for inner in group.groups.values():
        yield from _ids(inner)


def _copy(target: Any, name: str, source: str, depth: int) -> DatasetBuilder | GroupBuilder:  # noqa: ANN401
    if depth > limits.NWB_DEPTH:
        raise InputError(f"{name}: links of several files lead into each other without end; remove one of them")
    if isinstance(target, LinkBuilder):
        return _copy(target.builder, name, source, depth + 1)
    if isinstance(target, DatasetBuilder):
        return DatasetBuilder(
            name, data=target.data, attributes=dict(target.attributes), dtype=target.dtype, source=source
        )
    inside = (target.groups, target.datasets, target.links)
    parts = [_copy(part, inner, source, depth + 1) for kind in inside for inner, part in kind.items()]
    return GroupBuilder(
        name,
        groups=[part for part in parts if isinstance(part, GroupBuilder)],
        datasets=[part for part in parts if isinstance(part, DatasetBuilder)],
        attributes=dict(target.attributes),
        source=source,
    )


def _place(target: Any) -> str:  # noqa: ANN401 - a group or a dataset
    return f"{(target.location or '').rstrip('/')}/{target.name}"
