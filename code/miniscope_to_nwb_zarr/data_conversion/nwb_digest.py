"""A digest of what an NWB file in memory says, frames aside: two files that say the same have the same digest."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.container import AbstractContainer, Data
from hdmf.data_utils import AbstractDataChunkIterator, DataIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynwb import NWBFile

# when the file object was made, not what it says
_IGNORED = frozenset({"file_create_date"})


def digest_nwbfile(nwbfile: NWBFile) -> str:
    """The sha256 over every field of every object of the file, in the order of their paths."""
    return digest_containers(nwbfile.all_children())


def digest_containers(containers: Iterable[AbstractContainer]) -> str:
    """The sha256 over every field of some objects, in the order of their paths."""
    lines = sorted(_line(container) for container in containers)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def path_of(container: AbstractContainer) -> str:
    """Types and names from the file down to an object."""
    names = []
    node: AbstractContainer | None = container
    while node is not None:
        names.append(f"{type(node).__name__}:{node.name}")
        node = node.parent
    return "/".join(reversed(names))


def _line(container: AbstractContainer) -> str:
    fields = {name: value for name, value in container.fields.items() if name not in _IGNORED}
    if isinstance(container, Data):
        fields["data"] = container.data
    said = [f"{name}={_text(value)}" for name, value in sorted(fields.items())]
    return f"{path_of(container)} {' '.join(said)}"


def _text(value: Any) -> str:  # noqa: ANN401, PLR0911 - whatever a field may hold
    if isinstance(value, DataIO):
        return _text(value.data)
    if isinstance(value, AbstractDataChunkIterator):
        return f"frames{value.shape}"
    if isinstance(value, AbstractContainer):
        return path_of(value)
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return f"{value.dtype.str}{value.shape}{hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return repr(sorted((str(key), _text(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        items = [_text(item) for item in value]
        return repr(sorted(items) if isinstance(value, (set, frozenset)) else items)
    return repr(value)
