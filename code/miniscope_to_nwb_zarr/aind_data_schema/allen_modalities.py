"""The schema's modalities by their abbreviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema_models.modalities import Modality

if TYPE_CHECKING:
    from collections.abc import Iterable


def entries(abbreviations: Iterable[str]) -> list[Any]:
    """The entries of the schema's list.

    Examples
    --------
    >>> [one.name for one in entries(["ecephys"])]
    ['Extracellular electrophysiology']
    """
    return [Modality.from_abbreviation(name) for name in abbreviations]
