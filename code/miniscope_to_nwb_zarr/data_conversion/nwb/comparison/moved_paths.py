"""Links and references of a source, said with the paths that their targets have in the copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import REFERENCE, Array, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import ValueType


def moved_path(path: str, moved: Mapping[str, str]) -> str:
    """The path at which something lies that was moved, or lies in what was moved.

    Examples
    --------
    >>> moved_path("/a/b/c", {"/a": "/z", "/a/b": "/x/y"}), moved_path("/ab", {"/a": "/z"})
    ('/x/y/c', '/ab')
    """
    found = [before for before in moved if path == before or path.startswith(f"{before}/")]
    longest = max(found, key=len, default=None)
    return path if longest is None else moved[longest] + path[len(longest) :]


def refers(kind: ValueType) -> bool:
    """Whether values are references, or rows that hold some."""
    return kind == REFERENCE or (isinstance(kind, tuple) and any(refers(part) for _, part in kind))


def with_moved(array: Array, moved: Mapping[str, str]) -> Array:
    """The array whose references follow what was moved."""
    return _Following(array, moved) if moved and refers(array.type) else array


def with_moved_values(values: NDArray[Any], kind: ValueType, moved: Mapping[str, str]) -> NDArray[Any]:
    """Values whose references follow what was moved."""
    if not moved or not refers(kind):
        return values
    followed = values.copy()
    if isinstance(kind, tuple):
        for name, part in kind:
            followed[name] = with_moved_values(values[name], part, moved)
        return followed
    for place, value in enumerate(values.flat):
        if isinstance(value, Reference) and not value.file:
            followed.flat[place] = replace(value, path=moved_path(value.path, moved))
    return followed


class _Following(Array):
    def __init__(self, array: Array, moved: Mapping[str, str]) -> None:
        self._array, self._moved = array, moved
        self.attributes, self.type, self.shape = array.attributes, array.type, array.shape
        self.chunks, self.value_bytes = array.chunks, array.value_bytes

    def read(self, part: tuple[slice, ...]) -> NDArray[Any]:
        return with_moved_values(self._array.read(part), self.type, self._moved)
