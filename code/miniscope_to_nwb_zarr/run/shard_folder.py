"""The folder that holds the shards of a data set, and the manifest beside it."""

from __future__ import annotations

import os
import shutil
import uuid
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import ConflictError, InputError
from miniscope_to_nwb_zarr.core.shards import SCHEMA_VERSION
from miniscope_to_nwb_zarr.core.text import json_text
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.run.shard import read_shard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.shards import Shard

SHARD_FOLDER = "shards"
MANIFEST_NAME = "manifest.json"


def write_shards(output_dir: Path, shards: Sequence[Shard], failures: Sequence[str]) -> bool:
    """Write the shards, all or none, and the manifest.

    Parameters
    ----------
    output_dir : Path
        Made where it is missing.
    shards : sequence of Shard
    failures : sequence of str
        What of the data set is in no shard, and why: for the manifest.

    Returns
    -------
    bool
        Whether they were there already.

    Raises
    ------
    ConflictError
        Others are there; nothing was changed.
    """
    folder = output_dir / SHARD_FOLDER
    texts = {f"{shard.index}.json": shard.as_text() for shard in shards}
    manifest = _manifest(shards, failures)
    was_there = folder.exists()
    if was_there:
        _check_same(folder, texts)
    else:
        staging = output_dir / f".staging-{SHARD_FOLDER}-{uuid.uuid4().hex[:8]}"
        staging.mkdir(parents=True)
        try:
            for name, text in texts.items():
                (staging / name).write_text(text, encoding="utf-8")
            disk.sync_tree(staging)
            disk.rename_new(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    _write_manifest(output_dir / MANIFEST_NAME, manifest)
    disk.sync_folder(output_dir)
    return was_there


def read_shards(folder: Path) -> list[Shard]:
    """The shards in a folder, in their order.

    Raises
    ------
    InputError
        One cannot be read, one is missing, or they are not of one data set.
    """
    paths = (path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    found = [read_shard(path) for path in sorted(paths)]
    found.sort(key=lambda shard: shard.index)
    totals = {shard.total for shard in found}
    if not found or totals != {len(found)} or [shard.index for shard in found] != list(range(len(found))):
        raise InputError(
            f"{folder}: holds {counted(len(found), 'shard')} of {' or '.join(map(str, sorted(totals))) or 'none'}, "
            "expected all shards of one data set and no others; make them again with create_inputs"
        )
    return found


def _check_same(folder: Path, texts: dict[str, str]) -> None:
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if there == texts.keys() and all((folder / name).read_bytes() == texts[name].encode() for name in texts):
        return
    raise ConflictError(
        f"{folder}: holds other shards than these ({len(there)} there, {len(texts)} now); nothing was changed. Give "
        "another --output_dir, or move them away"
    )


def _write_manifest(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    if path.exists():
        raise ConflictError(f"{path}: exists with another content; move it away, then run the same command again")
    staging = path.with_name(f".staging-{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        staging.write_text(text, encoding="utf-8")
        disk.sync_file(os.fspath(staging))
        disk.rename_new(staging, path)
    finally:
        staging.unlink(missing_ok=True)


def _manifest(shards: Sequence[Shard], failures: Sequence[str]) -> str:
    value = {
        "schema_version": SCHEMA_VERSION,
        "dataset": shards[0].dataset,
        "options": dict(shards[0].options),
        "shards": [
            {
                "file": f"{SHARD_FOLDER}/{shard.index}.json",
                "sessions": [session.name for session in shard.sessions],
                "bytes": sum(session.n_bytes for session in shard.sessions),
            }
            for shard in shards
        ],
        "not_in_any_shard": list(failures),
    }
    return json_text(value, indent=1, sort_keys=True) + "\n"
