"""What a comparison found: values, one for each place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """In what two files differ at a place. Names are only ever added."""

    MISSING = "missing"
    """The first file has it, the second has not."""
    ADDED = "added"
    """The second file has it, the first has not."""
    OBJECT = "object"
    """One is a group, the other an array or a link."""
    LINK = "link"
    """Links to different places."""
    SHAPE = "shape"
    TYPE = "type"
    """Of the values."""
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two files differ.

    Examples
    --------
    >>> Difference("/acquisition/lfp/data", Kind.SHAPE, "shape (4, 2), then (4, 3)").as_json()["kind"]
    'shape'
    """

    where: str
    """Path of the object; of an attribute, with its name after an ``@``."""
    kind: Kind
    sentence: str
    """What the first file says, then what the second says."""
    allowed: str = ""
    """Why nothing is lost by it; empty: it is a difference."""

    def as_json(self) -> dict[str, Any]:
        """The difference as plain JSON values."""
        return {"where": self.where, "kind": str(self.kind), "sentence": self.sentence, "allowed": self.allowed}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing two files."""

    differences: tuple[Difference, ...]
    allowed: tuple[Difference, ...]
    """Where the second file differs and nothing is lost: by the newer schema, the other format, or as announced."""
    n_objects: int
    """Groups, arrays and links that were looked at."""
    n_values: int
    """Values of arrays that were compared."""

    @property
    def is_equal(self) -> bool:
        """Nothing differs but what is allowed."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
        return {
            "is_equal": self.is_equal,
            "n_objects": self.n_objects,
            "n_values": self.n_values,
            "differences": [one.as_json() for one in self.differences],
            "allowed": [one.as_json() for one in self.allowed],
        }
