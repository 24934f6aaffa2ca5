"""Writes the specifications that an NWB file carries as JSON files, which pynwb loads without the file.

    cd code && uv run python ../scripts/export_specs.py session.nwb ../results/specifications
    cd code && uv run python ../scripts/export_specs.py session.nwb.zarr ../results/specifications --own False

Below the folder: `<namespace>/<version>/namespace.json` and the files that it names, for `pynwb.load_namespaces`.
`--own False` leaves out the namespaces of NWB itself. Exit code 0: written; 2: wrong options; 3: nothing to write, or a
file is there already.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from miniscope_to_nwb_zarr.core.errors import InputError, MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import open_contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import OWN_NAMESPACES, read_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SUFFIX = ".json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write them, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="an NWB file, HDF5 or Zarr")
    parser.add_argument("folder", type=Path, help="where to write; made if it is not there")
    parser.add_argument("--own", default="True", choices=["True", "False"], help="False: extensions only")
    options = parser.parse_args(arguments)
    try:
        written = export(options.file, options.folder, with_own=options.own == "True")
    except MiniscopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.exit_code)
    for path in written:
        print(path)
    return 0


def export(file: Path, folder: Path, *, with_own: bool = True) -> list[Path]:
    """Write each namespace of a file.

    Returns
    -------
    list of Path
        The `namespace.json` of each.

    Raises
    ------
    InputError
        The file carries none, one has a name that is no file name, or a file of that name is there already.
    """
    with closing(open_contents(file)) as contents:
        texts = read_schema(contents).texts
    wanted = {name: versions for name, versions in texts.items() if with_own or name not in OWN_NAMESPACES}
    if not wanted:
        raise InputError(f"{file}: carries no specifications{'' if with_own else ' of extensions'}")
    made = {
        folder / _file_name(namespace) / _file_name(version) / f"{_file_name(name)}{_SUFFIX}": _with_suffixes(part)
        for namespace, versions in wanted.items()
        for version, parts in versions.items()
        for name, part in parts.items()
    }
    present = [path for path in made if path.exists()]
    if present:
        raise InputError(f"{present[0]}: is there already and was left as it is; name another folder")
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [path for path in made if path.stem == "namespace"]


def _with_suffixes(part: Mapping[str, Any]) -> dict[str, Any]:
    """The part as it is, but for the names of the files of a namespace: in the NWB file they have no suffix."""
    namespaces = [
        {**one, "schema": [_source(entry) for entry in one.get("schema", ())]} for one in part.get("namespaces", ())
    ]
    return {**part, "namespaces": namespaces} if namespaces else dict(part)


def _source(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "source": f"{entry['source']}{_SUFFIX}"} if "source" in entry else dict(entry)


def _file_name(name: str) -> str:
    if not name.strip(".") or set(name) & set("/\\:\0"):
        raise InputError(f"the file carries specifications by the name {name!r}, which is not a file name")
    return name


if __name__ == "__main__":
    sys.exit(main())
