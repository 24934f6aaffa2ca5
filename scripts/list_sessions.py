"""Lists the sessions in a folder: recordings of every layout, and NWB files in HDF5 and Zarr.

    cd code && uv run python ../scripts/list_sessions.py ../data
    cd code && uv run python ../scripts/list_sessions.py ../results --json True

Nothing is written and no frame is read. Exit code 0: listed; 2: wrong options; 3: there is no such folder, or some of
what lies in it cannot be read, which is said.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

import miniscope_to_nwb_zarr as mnz
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import open_contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import OWN_NAMESPACES, read_schema
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Array, find
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import find_files, n_bytes, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Contents


@dataclass(frozen=True)
class Row:
    """One session."""

    path: str
    """In the folder."""
    kind: str
    """Layout of a recording; ``NWB`` and its format."""
    name: str
    start: str
    subject: str
    schema: str
    """Version of NWB; empty for recordings."""
    extensions: str
    size_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    """List them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", default="False", choices=["True", "False"])
    options = parser.parse_args(arguments)
    try:
        rows, problems = sessions_in(options.folder)
    except MiniscopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.exit_code)
    if options.json == "True":
        print(json.dumps({"sessions": [asdict(row) for row in rows], "problems": problems}, indent=2))
    else:
        _show(rows)
        for problem in problems:
            print(f"not listed: {problem}", file=sys.stderr)
    return int(ExitCode.INVALID_INPUT if problems else ExitCode.DONE)


def sessions_in(folder: Path) -> tuple[list[Row], list[str]]:
    """Every session below a folder, and a sentence for what cannot be read.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder")
    rows, problems = [], []
    found = find_files(folder)
    for file in found.files:
        try:
            rows.append(_nwb_row(file.path, file.path.relative_to(found.root).as_posix()))
        except InputError as error:
            problems.append(str(error))
    discovery = mnz.discover(folder)
    rows += [_recording_row(session, folder) for session in discovery.sessions]
    problems += [f"{failure.label or failure.folder.name}: {failure.message}" for failure in discovery.failures]
    return rows, problems


def _recording_row(session: Session, folder: Path) -> Row:
    return Row(
        path=Path(os.path.relpath(session.recordings[0].folder, folder.resolve())).as_posix(),
        kind=session.layout,
        name=session.name,
        start=session.start.isoformat(),
        subject=session.subject_id or "",
        schema="",
        extensions="",
        size_mb=round(sum(file.size_bytes for file in session.source_files) / 1e6, 3),
    )


def _nwb_row(path: Path, where: str) -> Row:
    with closing(open_contents(path)) as contents:
        versions = read_schema(contents).versions
        version = contents.root.attributes.get("nwb_version")
        extensions = [f"{name} {versions[name]}" for name in sorted(versions.keys() - OWN_NAMESPACES)]
        return Row(
            path=where,
            kind=f"NWB ({'Zarr' if path.is_dir() else 'HDF5'})",
            name=_text(contents, "/general/session_id") or _text(contents, "/identifier"),
            start=_text(contents, "/session_start_time"),
            subject=_text(contents, "/general/subject/subject_id"),
            schema=str(version.values) if version else "",
            extensions=", ".join(extensions),
            size_mb=round(n_bytes(state_of([path])) / 1e6, 3),
        )


def _text(contents: Contents, path: str) -> str:
    found = find(contents, path)[1]
    return str(found.read(()).item()) if isinstance(found, Array) and found.shape == () else ""


def _show(rows: Sequence[Row]) -> None:
    table = [[name.name for name in fields(Row)], *([str(value) for value in asdict(row).values()] for row in rows)]
    widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
    for line in table:
        print("  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip())
    print(f"{len(rows)} session{'' if len(rows) == 1 else 's'}")


if __name__ == "__main__":
    sys.exit(main())
