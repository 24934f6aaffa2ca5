"""Extensions of the Allen data sets in the versions that this program writes, in our own words.

The files of the data sets hold older versions, without the types that are written here. Namespaces that are loaded
before a file is opened win over those that it holds.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import open_contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Group
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Item
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

_OWN = frozenset({"core", "hdmf-common", "hdmf-experimental"})
_FOLDER = Path(__file__).parent / "namespaces"


def namespace_file(name: str) -> Path:
    """The namespace file of one of the extensions."""
    return _FOLDER / f"{name}.namespace.yaml"


def extension_class(nwbfile: NWBFile, data_type: str, namespace: str) -> Any:  # noqa: ANN401 - a class made by hdmf
    """The class of an extension's type, as it is known where the file was read.

    A class of any other type map would be written as its parent type, without a word (reference allen-datasets 2.1).

    Raises
    ------
    InputError
        The extension was not loaded before the file was opened.
    """
    types = nwbfile.read_io.manager.type_map
    known = types.namespace_catalog
    if namespace not in known.namespaces or data_type not in known.get_namespace(namespace).get_registered_types():
        raise InputError(
            f"{nwbfile.identifier}: the type {data_type} of {namespace} is not known where the file was opened: load "
            f"{namespace_file(namespace).name} first"
        )
    return types.get_dt_container_cls(data_type, namespace)


def newer_extensions(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Log which extensions are written in another version than the source holds."""
    with closing(open_contents(context.path)) as source:
        cached = source.cached_specifications()
        held = {name: ", ".join(_names(cached.get(name))) for name in cached.names()} if cached else {}
    known = nwbfile.read_io.manager.namespace_catalog
    written = {name: known.get_namespace(name).version for name in held if name not in _OWN}
    return [
        Change("extensions", f"/specifications/{name}", f"version {version}, the source had {held[name]}")
        for name, version in sorted(written.items())
        if version != held[name]
    ]


def _names(item: Item | None) -> list[str]:
    return sorted(item.names()) if isinstance(item, Group) else []
