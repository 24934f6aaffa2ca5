"""Columns that the public tables know of units, joined by the units' ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import path_of
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hdmf.common import DynamicTable
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.allen.tables import Row
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

    Values = NDArray[Any] | Sequence[Any]


def unit_ids(units: DynamicTable) -> list[int]:
    """The ids of units, as the tables have them."""
    return [int(one) for one in units.id[:]]


def check_found(rows: Mapping[int, Row], ids: Sequence[int], table: Path, context: Context) -> None:
    """Say how many rows of a file's table are not in a public one.

    Raises
    ------
    InputError
        None is: the tables are of other data.
    """
    missing = [one for one in ids if one not in rows]
    if ids and len(missing) == len(ids):
        raise InputError(
            f"{table.name}: holds none of the {len(ids)} ids of {context.path.name}, {ids[0]} first. Is it the table "
            "of another data set, or of another kind of session?"
        )
    if missing:
        sentence = f"{len(missing)} of {len(ids)} ids of {context.path.name} are not in this table, {missing[0]} first"
        context.findings.append(
            Finding(Code.PART_MISSING, Severity.WARNING, table.name, sentence, {"missing": len(missing)})
        )


def add_columns(
    table: DynamicTable, columns: Mapping[str, tuple[str, Values]], name: str, source: Path, context: Context
) -> list[Change]:
    """Add columns to a table of a file; one that is there already is kept.

    Parameters
    ----------
    table : DynamicTable
    columns : mapping of str to (description, values)
        Values in the order of the table's rows.
    name : str
        Of the change.
    source : Path
        The table that the values are from.
    context : Context
        Its findings tell of columns that are there with other values.
    """
    added = []
    for column, (description, values) in columns.items():
        if column in table.colnames:
            if not _equal(table[column].data[:], values):
                sentence = f"{column} of {table.name} differs from that of {context.path.name}, which was kept"
                context.findings.append(Finding(Code.PARTS_DISAGREE, Severity.WARNING, source.name, sentence))
            continue
        table.add_column(name=column, description=description, data=values)
        added.append(column)
    if not added:
        return []
    table.set_modified()
    return [
        columns_added(table, added, name, f"{counted(len(added), 'column')} from {source.name}: {', '.join(added)}")
    ]


def columns_added(table: DynamicTable, columns: Sequence[str], name: str, sentence: str) -> Change:
    """The change of a table that has got columns and is as it was otherwise."""
    path = path_of(table)
    return Change(name, f"{path}@colnames", sentence, tuple(f"{path}/{column}" for column in columns))


def _equal(one: Values, other: Values) -> bool:
    here, there = np.asarray(one), np.asarray(other)
    is_number = here.dtype.kind in "fiub" and there.dtype.kind in "fiub"
    if not is_number:
        here, there = here.astype(str), there.astype(str)
    return np.array_equal(here, there, equal_nan=is_number)
