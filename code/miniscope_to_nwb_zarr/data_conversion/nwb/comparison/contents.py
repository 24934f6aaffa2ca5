"""What an NWB file holds, said in the same words for HDF5 and Zarr: groups, arrays, links, attributes, references."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

ValueType = str | tuple[tuple[str, Any], ...]
"""Of the values of an array or attribute: a numpy name such as ``int16``; ``text`` of any encoding and length;
``reference``; ``integer`` or ``real`` where the file does not say the width; of rows, each field's name and type."""

TEXT, REFERENCE, INTEGER, REAL = "text", "reference", "integer", "real"
NOTHING = "nothing"
"""The type of a list without a value, in a file that keeps types with values only."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Points to an object, by its path."""

    path: str
    """Empty: to nothing."""
    file: str = ""
    """Another file or store, as it is written there; empty: the same one."""
    region: str = ""
    """The part of the object that is meant, where it is not all of it."""

    def __str__(self) -> str:
        within = f" in {self.file}" if self.file else ""
        return f"a reference to {self.path or 'nothing'}{within}{self.region and ' '}{self.region}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Link:
    """Stands in a group in place of an object that lies elsewhere."""

    path: str
    file: str = ""
    """Another file or store, as it is written there; empty: the same one."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value that is kept whole."""

    type: ValueType
    values: NDArray[Any]
    """Texts as str, references as `Reference`, both in arrays of objects."""


class Array(ABC):
    """A dataset; its values are read in parts."""

    attributes: Mapping[str, Attribute]
    type: ValueType
    shape: tuple[int, ...] | None
    """Empty for one value; None where there is a type but no value."""
    chunks: tuple[int, ...] | None
    value_bytes: int
    """In memory, of one value; a guess for text."""

    @abstractmethod
    def read(self, part: tuple[slice, ...]) -> NDArray[Any]:
        """Values as `Attribute` has them."""


class Group(ABC):
    """A folder of arrays, groups and links."""

    attributes: Mapping[str, Attribute]
    identity: object
    """Equal for the same group found on two ways."""

    @abstractmethod
    def names(self) -> Collection[str]:
        """Of what lies in it."""

    @abstractmethod
    def get(self, name: str) -> Item | None:
        """What lies in it by that name."""


Item = Array | Group | Link


class Contents(ABC):
    """An opened file."""

    root: Group
    """Without the cached specifications."""

    @abstractmethod
    def cached_specifications(self) -> Group | None:
        """Groups of namespaces, in them groups of versions, in them JSON texts."""

    @abstractmethod
    def other(self, file: str) -> Contents | None:
        """Another file that a link names; None if it is not there or not beside this one."""

    @abstractmethod
    def close(self) -> None:
        """Close it, and every other that was opened from it."""


def find(contents: Contents, path: str) -> tuple[str, Item | None]:
    """Follow a path, through links that stay in the file, to where its object really lies.

    Returns
    -------
    tuple of str and Item or None
        The path without links; no item where there is nothing at it.
    """
    wanted = [name for name in path.split("/") if name]
    at: list[str] = []
    here: Item | None = contents.root
    for _ in range(limits.NWB_LINK_STEPS):
        if isinstance(here, Link) and not here.file:
            wanted = [name for name in here.path.split("/") if name] + wanted
            at, here = [], contents.root
        elif not wanted or here is None:
            break
        else:
            at.append(wanted.pop(0))
            here = here.get(at[-1]) if isinstance(here, Group) else None
    return "/" + "/".join(at + wanted), None if wanted else here
