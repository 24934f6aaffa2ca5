"""Brain areas in the words of the Allen atlas."""

from __future__ import annotations

from typing import Any

from aind_data_schema_models.brain_atlas import CCFv3


def find(name: str | None) -> Any | None:  # noqa: ANN401 - the library's model has no public name
    """The area of that acronym in the atlas CCFv3, e.g. ``CA1``; None when the atlas has none of that name."""
    if not name:
        return None
    try:
        return CCFv3.by_acronym(name)
    except ValueError:
        return None
