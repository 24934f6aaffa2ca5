"""The schemas that an NWB file holds, copied as they are, and those that a changed file needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import h5py
import zarr
from hdmf.backends.utils import NamespaceToBuilderHelper
from hdmf.build import GroupBuilder
from hdmf.spec.write import SpecWriter

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hdmf.build import Builder
    from hdmf.spec import NamespaceCatalog

    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource

    Specs = Mapping[str, str]

SPEC_FOLDER = "specifications"


def read_specs(source: NwbSource) -> dict[str, str]:
    """The text of every schema in a file, by ``<namespace>/<version>/<name>``.

    Raises
    ------
    InputError
        One is no JSON.
    """
    root = zarr.open(str(source.path), mode="r") if source.is_zarr else h5py.File(source.path, "r", locking=False)
    found: dict[str, str] = {}
    folder = root.get(_folder(root))
    for namespace, versions in folder.items() if folder is not None else ():
        for version, schemas in versions.items():
            for name, schema in schemas.items():
                found[f"{namespace}/{version}/{name}"] = _text(schema, source, f"{namespace}/{version}/{name}")
    if isinstance(root, h5py.File):
        root.close()
    return found


def specs_in_use(source: NwbSource, written: GroupBuilder) -> dict[str, str]:
    """The text of every schema that a changed file needs, by ``<namespace>/<version>/<name>``.

    Those that its source held and those of the types in it, with what they include, in the versions that it was written
    with. What else was loaded into this process is no part of the file, though hdmf would write it.

    Parameters
    ----------
    source : NwbSource
    written : GroupBuilder
        All that is in the changed file.
    """
    known = source.io.manager.namespace_catalog
    held = {path.split("/", 1)[0] for path in read_specs(source)}
    specs: dict[str, str] = {}
    for name in sorted(_with_included(held | set(_namespaces_of(written)), known)):
        version = known.get_namespace(name).version
        builder = NamespaceToBuilderHelper.convert_namespace(known, name)
        builder.export("namespace", writer=_Collecting(specs, f"{name}/{version}"))
    return specs


class _Collecting(SpecWriter):  # type: ignore[misc] # hdmf has no types
    """Takes the texts that hdmf would write."""

    def __init__(self, specs: dict[str, str], folder: str) -> None:
        self._specs = specs
        self._folder = folder

    def write_spec(self, spec_file_dict: Mapping[str, object], path: str) -> None:
        self._specs[f"{self._folder}/{path}"] = json.dumps(spec_file_dict, separators=(",", ":"))

    def write_namespace(self, namespace: Mapping[str, object], path: str) -> None:
        self.write_spec({"namespaces": [namespace]}, path)


def _namespaces_of(builder: Builder) -> Iterator[str]:
    if "namespace" in builder.attributes:
        yield str(builder.attributes["namespace"])
    if isinstance(builder, GroupBuilder):
        for each in (*builder.groups.values(), *builder.datasets.values()):
            yield from _namespaces_of(each)


def _with_included(names: set[str], known: NamespaceCatalog) -> set[str]:
    found: set[str] = set()
    waiting = names & set(known.namespaces)
    while waiting:
        name = waiting.pop()
        found.add(name)
        included = {str(part["namespace"]) for part in known.get_namespace(name).schema if "namespace" in part}
        waiting |= included - found
    return found


def _folder(root: h5py.File | zarr.Group) -> str:
    place = root.attrs.get(".specloc", SPEC_FOLDER)
    return str(root[place].name if isinstance(place, h5py.Reference) else place)


def _text(schema: h5py.Dataset | zarr.Array, source: NwbSource, where: str) -> str:
    value = schema[()] if schema.shape == () else schema[0]
    text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    try:
        strict_json.parse(text)
    except ValueError as error:
        raise InputError(f"{source.path.name}: the schema {where} in it is not JSON ({error})") from error
    return text
