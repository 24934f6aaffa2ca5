"""The schemas that an NWB file holds, copied as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import h5py
import zarr

from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    root = zarr.open(str(source.path), mode="r") if source.is_zarr else h5py.File(source.path, "r")
    found: dict[str, str] = {}
    folder = root.get(_folder(root))
    for namespace, versions in folder.items() if folder is not None else ():
        for version, schemas in versions.items():
            for name, schema in schemas.items():
                found[f"{namespace}/{version}/{name}"] = _text(schema, source, f"{namespace}/{version}/{name}")
    if isinstance(root, h5py.File):
        root.close()
    return found


def _folder(root: h5py.File | zarr.Group) -> str:
    place = root.attrs.get(".specloc", SPEC_FOLDER)
    return str(root[place].name if isinstance(place, h5py.Reference) else place)


def _text(schema: h5py.Dataset | zarr.Array, source: NwbSource, where: str) -> str:
    value = schema[()] if schema.shape == () else schema[0]
    text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    try:
        json.loads(text)
    except ValueError as error:
        raise InputError(f"{source.path.name}: the schema {where} in it is no JSON ({error})") from error
    return text
