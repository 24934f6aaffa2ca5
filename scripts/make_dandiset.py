"""Put the sessions of a results folder together as DANDI wants a data set: one folder for each animal.

    cd code && uv run python ../scripts/make_dandiset.py --results_dir ../results --out ../dandiset

Takes the outputs that were made with `--naming dandi`. Files are linked, so that they take no room twice; where that
cannot be, because `--out` is on another disk, they are copied. What is there already is left alone if it is the same,
and named if it is not. Then, in that folder: `dandi validate .` and `dandi upload`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.commit import read_receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.receipt import FileEntry


def main(arguments: Sequence[str] | None = None) -> int:
    """Put them together; gives 0, or 5 where something else is there under a name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results_dir", type=Path, required=True, help="folder with finished outputs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set; made if missing")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    n_put, others = 0, []
    for output in sorted(path for path in options.results_dir.iterdir() if not path.name.startswith(".")):
        receipt = read_receipt(output)
        files = [entry for entry in receipt.files if entry.path.startswith("sub-")] if receipt else []
        # an NWB file, or its folder, and the folder of its videos
        for unit, entries in groupby(files, lambda entry: "/".join(entry.path.split("/")[:2])):
            if put(output, options.out, unit, list(entries)):
                n_put += 1
            elif not is_there(options.out, [entry for entry in files if entry.path.startswith(unit)]):
                others.append(unit)
    print(f"{n_put} put into {options.out}")
    for unit in others:
        print(f"{unit}: something else is there under that name; move it away", file=sys.stderr)
    return 5 if others else 0


def put(output: Path, out: Path, unit: str, entries: Sequence[FileEntry]) -> bool:
    """Put a file or folder of an output into the data set, whole or not at all; False where its name is taken."""
    target = out / unit
    if target.exists():
        return False
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out) as folder:
        for entry in entries:
            link = Path(folder) / entry.path
            link.parent.mkdir(parents=True, exist_ok=True)
            _link(output / entry.path, link)
        disk.rename_new(Path(folder) / unit, target)
    return True


def is_there(out: Path, entries: Sequence[FileEntry]) -> bool:
    """Whether every file is in the data set already."""
    paths = [(out / entry.path, entry) for entry in entries]
    return all(path.is_file() and disk.hash_file(path) == entry.sha256 for path, entry in paths)


def _link(source: Path, link: Path) -> None:
    try:
        os.link(source, link)
    except OSError:
        shutil.copy2(source, link)


if __name__ == "__main__":
    sys.exit(main())
