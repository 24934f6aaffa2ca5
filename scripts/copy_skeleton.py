"""Copies a Zarr store without its bulk: all that describes the data, and the arrays that are small.

    cd code && uv run python ../scripts/copy_skeleton.py session.nwb.zarr skeleton.nwb.zarr --keep_kb 100

For looking at the structure of a large session, and for reports of errors. Arrays that were left out read as zeros or
empty texts: `left_out.json` in the copy lists them, and the copy is never a substitute for the store. Exit code 0:
copied; 2: wrong options; 3: it is no store, or the copy is there already.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from miniscope_to_nwb_zarr.core.errors import InputError, MiniscopeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEFT_OUT = "left_out.json"
_ARRAY = ".zarray"


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy, say what was left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("copy", type=Path, help="must not be there yet")
    parser.add_argument("--keep_kb", type=float, default=100.0, help="arrays up to this size are copied whole")
    options = parser.parse_args(arguments)
    try:
        left_out = copy_skeleton(options.store, options.copy, int(options.keep_kb * 1000))
    except MiniscopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.exit_code)
    n_bytes = sum(one["stored_bytes"] for one in left_out)
    print(f"{options.copy}: {len(left_out)} arrays were left out, {n_bytes:,} bytes in the store; see {LEFT_OUT}")
    return 0


def copy_skeleton(store: Path, copy: Path, keep_bytes: int) -> list[dict[str, Any]]:
    """Copy a store but for the chunks of arrays of more than `keep_bytes` in memory.

    Returns
    -------
    list of dict
        The arrays that were left out: `path`, `shape`, `dtype`, `objects` and `stored_bytes`.

    Raises
    ------
    InputError
        It is no store, holds a link of the file system, or the copy is there already.
    """
    if not (store / ".zgroup").is_file():
        raise InputError(f"{store}: is not a Zarr store: it has no .zgroup")
    if copy.exists():
        raise InputError(f"{copy}: is there already and was left as it is; name another folder")
    copy.parent.mkdir(parents=True, exist_ok=True)
    left_out: list[dict[str, Any]] = []
    # a copy that was interrupted must not look like one
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=".skeleton-") as staging:
        made = Path(staging, "store")
        kept = store / _specifications(store)
        for folder, files in _nodes(store):
            bulk = None if folder.is_relative_to(kept) else _bulk(store, folder, files, keep_bytes)
            left_out += [bulk] if bulk else []
            for file in files:
                if not bulk or file.name.startswith(".z"):
                    there = made / file.relative_to(store)
                    there.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, there)
        (made / LEFT_OUT).write_text(json.dumps(left_out, indent=2) + "\n", encoding="utf-8")
        made.rename(copy)
    return left_out


def _nodes(store: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Each group and array of a store with its own files; chunks may lie in folders of their own."""
    for base, folders, _ in os.walk(store):
        is_array = Path(base, _ARRAY).is_file()
        folders.sort()
        found = sorted(Path(base).rglob("*") if is_array else Path(base).iterdir())
        links = [path for path in found if path.is_symlink()]
        if links:
            raise InputError(f"{links[0]}: is a link of the file system; a store has none")
        if is_array:
            folders.clear()
        yield Path(base), [path for path in found if path.is_file()]


def _specifications(store: Path) -> str:
    """Where the schema lies, without which nobody opens the copy."""
    return str(_parse(store / ".zattrs").get(".specloc", "specifications"))


def _bulk(store: Path, folder: Path, files: Sequence[Path], keep_bytes: int) -> dict[str, Any] | None:
    """What is left out of a folder: the chunks of a large array, or nothing."""
    if folder / _ARRAY not in files:
        return None
    about = _parse(folder / _ARRAY)
    try:
        dtype = about["dtype"] if isinstance(about["dtype"], str) else [tuple(field) for field in about["dtype"]]
        n_bytes = math.prod(about["shape"]) * np.dtype(dtype).itemsize
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / _ARRAY}: does not describe an array ({error}); the store is damaged") from error
    chunks = [file for file in files if not file.name.startswith(".z")]
    stored = sum(file.stat().st_size for file in chunks)
    # of texts the size in memory is not known
    if max(n_bytes, stored) <= keep_bytes:
        return None
    found = {"path": folder.relative_to(store).as_posix(), "shape": about["shape"], "dtype": about["dtype"]}
    return {**found, "objects": len(chunks), "stored_bytes": stored}


def _parse(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise InputError(f"{path}: is not JSON ({error}); the store is damaged") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds {str(found)[:40]}; expected names and values; the store is damaged")
    return found


if __name__ == "__main__":
    sys.exit(main())
