"""Empty numbered files, by which older pipelines told a run what to do: ``17`` is row 17 of the table of sessions.

Rows are counted from 0 in the order of the table, which has to be the one that was counted when the files were made
(reference allen-datasets 3). Shards of `create_inputs` say themselves what they mean, and are refused where it changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_lines
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.experiment import read_experiments
from miniscope_to_nwb_zarr.sources.tree import walk

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library

_NUMBER = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class RowTable:
    """The table whose rows are counted."""

    name: str
    key: str
    """The column with the number of the session."""


@dataclass(frozen=True, slots=True)
class NumberedFile:
    """A file that names a row."""

    row: int
    is_alone: bool
    """No NWB file lies in the data folder."""


def find_numbered(data_dir: Path) -> NumberedFile | None:
    """The one empty file with a number for its name; None where there is none.

    Raises
    ------
    InputError
        There are several.
    """
    if not data_dir.is_dir():
        return None
    files = [path for folder in walk(data_dir).folders.values() for path in folder.files]
    found = [path for path in files if _NUMBER.fullmatch(path.name) and path.stat().st_size == 0]
    if not found:
        return None
    if len(found) > 1:
        raise InputError(
            f"{data_dir}: holds {len(found)} empty numbered files (such as {found[0].name} and {found[1].name}), and "
            "one run converts one. Give each run its own"
        )
    return NumberedFile(int(found[0].name), not any(path.suffix == ".nwb" for path in files))


def session_of(numbered: NumberedFile, table: RowTable, library: Library) -> str:
    """The number of the session that a numbered file stands for, as ``--sessions`` takes it.

    Raises
    ------
    InputError
        The table is not there, or has no such row.
    """
    if table.name not in library.names:
        raise InputError(
            f"{numbered.row}: names a row of {table.name}, which is not there. Put it into the data folder"
        )
    path = library.here(table.name)
    numbers = (
        [str(number) for number in read_experiments(path)]
        if path.suffix == ".json"
        else [row[table.key] for row in read_lines(path, table.key)]
    )
    if numbered.row >= len(numbers):
        raise InputError(
            f"{numbered.row}: names a row of {table.name}, which has {len(numbers)}, the first being 0. Is it another "
            "version of the table?"
        )
    return numbers[numbered.row]
