"""Ids of objects that no source holds: two runs over the same sources give them the same."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.nwb_digest import path_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from pynwb import NWBFile

_NAMESPACE = uuid.UUID("6d0e9e1f-0ed4-4b65-9a51-3f9e1a0f5a53")


def fix_new_ids(nwbfile: NWBFile, known: Collection[str]) -> None:
    """Give every object that is not of a source an id that follows from the file's own and the object's path.

    hdmf offers no way to choose the id of an object that exists; its attribute is private to the base class.

    Parameters
    ----------
    nwbfile : NWBFile
    known : collection of str
        Ids of the objects of all sources, as they were read.
    """
    for container in nwbfile.all_children():
        if container.object_id not in known:
            identity = uuid.uuid5(_NAMESPACE, f"{nwbfile.object_id}/{path_of(container)}")
            container._AbstractContainer__object_id = str(identity)  # noqa: SLF001
    # the file keeps a table of its objects by id
    nwbfile.all_children()
