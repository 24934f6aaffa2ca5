"""What the lab calls its protocols, as the schema wants it."""

from __future__ import annotations

import re

_DOI = re.compile(r"10\.\d{4,9}/\S+")


def doi(protocol: str | None) -> str | None:
    """The DOI in the name of a protocol, which is all that the schema has a field for.

    Examples
    --------
    >>> doi("https://doi.org/10.17504/protocols.io.example"), doi("Lab protocol 7")
    ('10.17504/protocols.io.example', None)
    """
    match = _DOI.search(protocol or "")
    return match[0] if match else None


def without_doi(protocol: str | None) -> list[str]:
    """A note for a protocol that has no DOI; none where there is nothing to note."""
    return [f"Protocol: {protocol}."] if protocol and doi(protocol) is None else []
