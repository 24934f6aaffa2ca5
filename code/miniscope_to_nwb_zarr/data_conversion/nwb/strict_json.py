"""JSON of a file from elsewhere, which says one thing only."""

from __future__ import annotations

import json


def parse(text: str | bytes) -> object:
    """What a text of JSON says.

    Raises
    ------
    ValueError
        It is no JSON, gives a name twice in one object, or nests deeper than can be followed.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it nests too deep") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object, each of whose names is there once: readers differ in which they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it gives {next(name for name in names if names.count(name) > 1)!r} twice")
    return found
