"""A session of a data set: which files it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miniscope_to_nwb_zarr.core.findings import Finding

_IDS = re.compile(r"\[?\s*(\d{1,18}(\s*,\s*\d{1,18})*)?\s*,?\s*\]?")


@dataclass(frozen=True, slots=True)
class AllenSession:
    """One output, and the names of the files that it is made of."""

    name: str
    """Of the output."""
    files: tuple[str, ...]
    """NWB files, the base file first."""
    tables: Mapping[str, str] = field(default_factory=dict)
    """Names of the data set's tables that are used, by what the transforms call them."""
    ids: frozenset[int] = frozenset()
    """The numbers by which a person may ask for it."""
    findings: tuple[Finding, ...] = ()


def read_ids(text: str, where: str) -> tuple[int, ...]:
    """The ids in a field of a table, in their order; none where it is empty or NaN.

    Examples
    --------
    >>> read_ids("[51, 52]", "row 3"), read_ids("", "row 4"), read_ids("61", "row 5")
    ((51, 52), (), (61,))

    Raises
    ------
    InputError
        The field holds anything else.
    """
    text = text.strip()
    if text.casefold() in {"", "nan"}:
        return ()
    found = _IDS.fullmatch(text.removesuffix(".0"))
    if found is None or not found[1]:
        raise InputError(
            f"{where}: {text!r} is not a list of ids, expected for example [51, 52]. Fetch the table again"
        )
    return tuple(int(each) for each in found[1].split(","))


def choose(sessions: Iterable[AllenSession], wanted: Iterable[str]) -> list[AllenSession]:
    """The sessions that a person asked for by their ids or by the names of their outputs; all where nobody asked.

    Raises
    ------
    UsageError
        One of them is no session's.
    """
    sessions, wanted = list(sessions), set(wanted)
    called = [(session, {session.name, *map(str, session.ids)}) for session in sessions]
    unknown = wanted - {name for _, names in called for name in names}
    if unknown:
        raise UsageError(
            f"--sessions {', '.join(sorted(unknown))}: no session has this id or name, among {len(sessions)} that were "
            "found"
        )
    return [session for session, names in called if not wanted or names & wanted]
