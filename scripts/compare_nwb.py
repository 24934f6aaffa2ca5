"""Compares an NWB file with a copy of it, value by value: HDF5 or Zarr, in any combination, in bounded memory.

    cd code && uv run python ../scripts/compare_nwb.py session.nwb session.nwb.zarr
    cd code && uv run python ../scripts/compare_nwb.py session.nwb copy.nwb --allowed True --json True

The source comes first: what a newer schema adds to the copy is no difference, what the copy lacks is one. Exit code 0:
equal; 1: they differ; 2: wrong options; 3: one of them cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from miniscope_to_nwb_zarr.core.errors import MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Comparison


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, say what differs and where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("copy", type=Path)
    parser.add_argument(
        "--announced",
        default="",
        help="paths in the file, separated by commas, at which the copy was changed on purpose",
    )
    parser.add_argument("--allowed", default="False", choices=["True", "False"], help="True: list also what is allowed")
    parser.add_argument("--json", default="False", choices=["True", "False"])
    options = parser.parse_args(arguments)
    announced = [path for path in options.announced.split(",") if path]
    try:
        found = compare_files(options.source, options.copy, announced)
    except MiniscopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.exit_code)
    if options.json == "True":
        print(json.dumps(found.as_json(), indent=2))
    else:
        _show(found, in_full=options.allowed == "True")
    return 0 if found.is_equal else 1


def _show(found: Comparison, *, in_full: bool) -> None:
    for one in found.differences:
        print(f"{one.where}: {one.kind}: {one.sentence}")
    if in_full:
        for one in found.allowed:
            print(f"{one.where}: {one.kind}: {one.sentence} (allowed: {one.allowed})")
    else:
        for reason, count in Counter(one.allowed for one in found.allowed).most_common():
            print(f"allowed in {count} places: {reason}")
    said = "equal" if found.is_equal else f"{len(found.differences)} differences"
    print(f"{said}: {found.n_objects} objects and {found.n_values} values compared")


if __name__ == "__main__":
    sys.exit(main())
