"""A Zarr store, looked at file by file before a library reads it: nothing outside is followed, nothing absurd begun."""

from __future__ import annotations

import json
import os
from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb import strict_json
from miniscope_to_nwb_zarr.data_conversion.nwb.hdf5_admission import leads_outside
from miniscope_to_nwb_zarr.data_conversion.nwb.hdf5_values import cut
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

_METADATA = frozenset({".zarray", ".zattrs", ".zgroup", ".zmetadata"})
_ARRAY, _ATTRIBUTES, _CONSOLIDATED = ".zarray", ".zattrs", ".zmetadata"
_LINKS = "zarr_link"


def admit_zarr(store: Path, trusted: Path) -> list[Finding]:
    """Look at every file of a store.

    Parameters
    ----------
    store : Path
    trusted : Path
        Links are followed below this folder only; resolved.

    Returns
    -------
    list of Finding
        Arrays of which chunks are not there: they read as if nothing had been recorded.

    Raises
    ------
    InputError
        Naming the file that leads outside, is none, or says what cannot be.
    """
    findings, waiting = [], [(store, 0)]
    files: dict[str, object] = {}
    while waiting:
        folder, depth = waiting.pop()
        if depth > limits.NWB_DEPTH:
            raise _refused(store, folder, f"lies in more than {limits.NWB_DEPTH} folders")
        names, folders = _entries(store, folder, trusted)
        waiting += [(folder / name, depth + 1) for name in folders]
        said = {name: _metadata(store, folder / name) for name in sorted(_METADATA & names.keys())}
        files |= {(folder / name).relative_to(store).as_posix(): found for name, found in said.items()}
        _check_links(store, folder, said.get(_ATTRIBUTES))
        if isinstance(array := said.get(_ARRAY), dict):
            findings += _check_array(store, folder, array, {name: n for name, n in names.items() if name[:2] != ".z"})
    _check_consolidated(store, files)
    return sorted(findings, key=lambda finding: finding.where)


def _entries(store: Path, folder: Path, trusted: Path) -> tuple[dict[str, int], list[str]]:
    """The files in a folder, with their sizes, and the folders in it."""
    files, folders = {}, []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(trusted):
                raise leads_outside(store, Path(entry.path).relative_to(store).as_posix())
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file():
                files[entry.name] = entry.stat().st_size
            else:
                what = "is a link to a folder" if entry.is_dir() else "is neither a file nor a folder"
                raise _refused(store, Path(entry.path), what)
    return files, folders


def _metadata(store: Path, path: Path) -> object:
    most = limits.NWB_METADATA_BYTES
    with open_regular(path) as file:
        raw = file.read(most.value + 1)
    if len(raw) > most.value:
        raise _refused(store, path, f"is larger than {most.value:,} bytes; {most.remedy}")
    try:
        return strict_json.parse(raw)
    except ValueError as error:
        raise _refused(store, path, f"is not JSON ({error})") from error


def _check_consolidated(store: Path, files: dict[str, object]) -> None:
    """Readers take what is said of all files in one: it must say what they say."""
    consolidated = files.pop(_CONSOLIDATED, None)
    if consolidated is None:
        return
    said = consolidated.get("metadata") if isinstance(consolidated, dict) else None
    if not isinstance(said, dict):
        raise _refused(store, store / _CONSOLIDATED, "holds no metadata")
    for path in sorted(said.keys() | files.keys()):
        # no number is equal to NaN, but its text is
        if json.dumps(said.get(path), sort_keys=True) != json.dumps(files.get(path), sort_keys=True):
            what = f"says of {cut(path)} what that file does not say; write it anew with zarr.consolidate_metadata"
            raise _refused(store, store / _CONSOLIDATED, what)


def _check_links(store: Path, folder: Path, attributes: object) -> None:
    links = attributes.get(_LINKS, []) if isinstance(attributes, dict) else []
    for link in links if isinstance(links, list) else ():
        name = link.get("name") if isinstance(link, dict) else None
        if not isinstance(name, str) or "/" in name or "\\" in name or name in {"", ".", ".."}:
            raise _refused(store, folder / _ATTRIBUTES, f"has a link of the name {cut(repr(name))}")


def _check_array(store: Path, folder: Path, said: Mapping[str, Any], files: Mapping[str, int]) -> list[Finding]:
    shape, chunks, dtype = said.get("shape"), said.get("chunks"), said.get("dtype")
    if not (_is_shape(shape) and _is_shape(chunks) and len(shape) == len(chunks) and all(chunks)):
        raise _refused(store, folder / _ARRAY, f"gives shape {cut(repr(shape))} and chunks {cut(repr(chunks))}")
    itemsize = _itemsize(dtype)
    n_bytes = prod(shape) * itemsize
    if prod(chunks) * itemsize > limits.NWB_CHUNK_BYTES:
        raise _refused(store, folder / _ARRAY, f"gives chunks {chunks}, of which one is larger than any reader takes")
    if said.get("dimension_separator") == "/":
        files = {file.name: file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    stored, most = sum(files.values()), limits.NWB_UNWRITTEN_BYTES
    if n_bytes > max(most.value, stored * limits.NWB_PACKED):
        what = f"gives shape {shape}, {n_bytes:,} bytes, of which {stored:,} are in the store; {most.remedy}"
        raise _refused(store, folder / _ARRAY, what)
    n_chunks = prod(ceil(size / chunk) for size, chunk in zip(shape, chunks, strict=True))
    if n_chunks <= len(files):
        return []
    where = f"/{folder.relative_to(store).as_posix()}/chunks"
    sentence = (
        f"{n_chunks - len(files)} of {n_chunks} chunks are not in the store: their values were read as "
        f"{cut(repr(said.get('fill_value')))}. Where they were written once, the store is damaged"
    )
    return [Finding(Code.FILE_MISSING, Severity.WARNING, where, sentence)]


def _is_shape(found: object) -> TypeGuard[list[int]]:
    return isinstance(found, list) and all(isinstance(size, int) and size >= 0 for size in found)


def _itemsize(dtype: object) -> int:
    """Bytes of a value; what no numpy knows is left to zarr, which refuses it."""
    try:
        return np.dtype(dtype if isinstance(dtype, str) else [tuple(field) for field in dtype]).itemsize  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return 1


def _refused(store: Path, path: Path, what: str) -> InputError:
    where = cut(path.relative_to(store).as_posix())
    return InputError(f"{store.name}: {where} {what}; the store was not converted")
