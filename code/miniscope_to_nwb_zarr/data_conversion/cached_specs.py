"""Which schemas a file is to carry: those of what is in it, and no others.

pynwb writes the schema of every extension that this process has loaded. `pynwb.validate`, by which DANDI judges files,
takes each of them in turn for the whole schema: one that the file does not use calls what the others define unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynwb import NWBFile

# the core schema brings them with it
_ALWAYS = frozenset({"core", "hdmf-common", "hdmf-experimental"})
GROUP = "specifications"
"""Where a file carries them, a group for each."""


def unused_specs(nwbfile: NWBFile, carried: Iterable[str]) -> list[str]:
    """The namespaces of which nothing is in the file."""
    used = {container.namespace for container in nwbfile.all_children()} | _ALWAYS
    return sorted(set(carried) - used)
