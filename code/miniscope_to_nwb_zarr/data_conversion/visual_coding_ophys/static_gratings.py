"""Static gratings, of which the files hold the first three rows only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.common import VectorData
from pynwb.epoch import TimeIntervals

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.tables import column, read_lines
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

STATIC_GRATINGS = "static_gratings"
_NAME = "static_gratings"
_WHERE = f"stimulus/presentation/{_NAME}"
# the files of all sessions were cut to this many by a mistake in a mask (reference allen-datasets 2.8)
_ROWS_OF_A_CUT_TABLE = 3
_TEXTS = {
    "orientation_in_degrees": "Orientation of the grating, in degrees; NaN for a blank",
    "spatial_frequency_in_cycles_per_degree": "Spatial frequency, in cycles per degree; NaN for a blank",
    "phase": "Phase, in cycles; NaN for a blank",
    "is_blank_sweep": "Whether the monitor was gray instead",
}


def restore_static_gratings(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Make the table of static gratings anew from the data set's own list, if the file holds its beginning only.

    Raises
    ------
    InputError
        The list is no table of gratings.
    """
    cut = nwbfile.stimulus.get(_NAME)
    if not isinstance(cut, TimeIntervals) or len(cut) > _ROWS_OF_A_CUT_TABLE:
        return []
    table = context.tables.get(STATIC_GRATINGS)
    if table is None:
        sentence = (
            f"holds {len(cut)} rows, the beginning of a session's: the rest was lost when the file was made. Give the "
            "list of its gratings, <experiment>.csv, in the data folder"
        )
        context.findings.append(Finding(Code.PART_MISSING, Severity.ERROR, _WHERE, sentence))
        return []
    rows = dict(enumerate(read_lines(table, "start_time")))
    names = list(rows[0]) if rows else []
    if {"start_time", "stop_time"} - set(names):
        raise InputError(f"{table.name}: has no rows, or no stop_time; expected a list of gratings")
    columns = {name: _values(column(rows, rows, name), name) for name in names}
    _compare(cut, columns, table.name, context)
    made = TimeIntervals.__new__(TimeIntervals, object_id=cut.object_id)
    made.__init__(
        name=_NAME,
        description=cut.description,
        id=np.arange(len(rows)),
        columns=[VectorData(name=name, description=_text(cut, name), data=values) for name, values in columns.items()],
        colnames=names,
    )
    nwbfile.stimulus.pop(_NAME)
    nwbfile.add_stimulus(made)
    return [Change(STATIC_GRATINGS, f"/{_WHERE}", f"{len(rows)} rows from {table.name} instead of {len(cut)}")]


def _values(values: NDArray[np.float64] | list[str], name: str) -> NDArray[Any] | list[str]:
    if name.startswith("is_") and isinstance(values, np.ndarray) and np.isin(values, (0, 1)).all():
        return values.astype(bool)
    return values


def _text(cut: TimeIntervals, name: str) -> str:
    if name in _TEXTS:
        return _TEXTS[name]
    return str(cut[name].description) if name in cut.colnames else name


def _compare(cut: TimeIntervals, columns: dict[str, Any], source: str, context: Context) -> None:
    """The rows that the file does hold must be among those of the list."""
    starts = np.asarray(columns["start_time"], float)
    here = np.asarray(cut["start_time"].data[:], float)
    n_absent = sum(not np.isclose(starts, start, rtol=0, atol=1e-3).any() for start in here)
    lost: Sequence[str] = [name for name in cut.colnames if name not in columns]
    if n_absent or lost:
        sentence = f"{n_absent} of its {len(here)} rows are not in {source}" + (
            f", and column {lost[0]} is not there" if lost else ""
        )
        context.findings.append(
            Finding(Code.PARTS_DISAGREE, Severity.WARNING, _WHERE, f"{sentence}; the list was taken")
        )
