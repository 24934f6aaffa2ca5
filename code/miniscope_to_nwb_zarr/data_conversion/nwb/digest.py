"""A digest of what is written of an NWB file, the same for every run that writes the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.build import Builder, ReferenceBuilder
from hdmf.container import AbstractContainer
from hdmf.data_utils import AbstractDataChunkIterator

from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.data_conversion.nwb.plan import LARGE_BYTES
from miniscope_to_nwb_zarr.data_conversion.nwb.values import stored_numbers, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hdmf.build import DatasetBuilder, GroupBuilder

# when the file object was made, not what it says
_IGNORED = frozenset({"/file_create_date"})


def digest_builder(root: GroupBuilder) -> str:
    """The sha256 over all that a builder holds, by path; arrays that the workers copy are left to their digests."""
    return digest_of(sorted(_lines(root, "")))


def _lines(group: GroupBuilder, where: str) -> Iterator[tuple[str, str]]:
    yield where, _attributes(group)
    for name, link in group.links.items():
        yield f"{where}/{name}", f"link {_path(link.builder)}"
    for name, dataset in group.datasets.items():
        if f"{where}/{name}" not in _IGNORED:
            yield f"{where}/{name}", f"{_attributes(dataset)} {_values(dataset)}"
    for name, inner in group.groups.items():
        yield from _lines(inner, f"{where}/{name}")


def _attributes(builder: GroupBuilder | DatasetBuilder) -> str:
    return repr(sorted((name, _plain(value)) for name, value in builder.attributes.items()))


def _values(dataset: DatasetBuilder) -> str:
    stored = stored_numbers(dataset)
    if stored is not None and stored.n_bytes >= LARGE_BYTES:
        return f"{stored.dtype.str} {stored.shape}"
    if isinstance(dataset.data, AbstractDataChunkIterator):
        # it can be read once only, by the writer
        return f"{dataset.data.dtype} {dataset.data.maxshape}"
    values = values_of(dataset)
    if values is None:
        return repr(_plain(dataset.data))
    if values.dtype.hasobject:
        return repr(values.tolist())
    return f"{values.dtype.descr} {values.shape} {hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a builder may hold
    if isinstance(value, (Builder, ReferenceBuilder)):
        return _path(getattr(value, "builder", value))
    if isinstance(value, AbstractContainer):
        return value.object_id
    if isinstance(value, (str, bytes, int, float)):
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if hasattr(value, "__iter__"):
        return [_plain(one) for one in value]
    return repr(value)


def _path(builder: Builder) -> str:
    return str(builder.path).replace("root/", "/", 1)
