"""What the table of units of Visual Behavior Ephys knows beyond the files: where each unit was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.allen.tables import column, read_rows, text_column
from miniscope_to_nwb_zarr.data_conversion.allen.unit_columns import add_columns, check_found, unit_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.allen.tables import Row
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Context

UNIT_PLACES = "unit_places"
UNITS_TABLE = "units"
_NUMBERS = {
    "anterior_posterior_ccf_coordinate": "Place in the Allen CCF from front to back, in micrometres; NaN if not known",
    "dorsal_ventral_ccf_coordinate": "Place in the Allen CCF from top to bottom, in micrometres; NaN if not known",
    "left_right_ccf_coordinate": "Place in the Allen CCF from left to right, in micrometres; NaN if not known",
    "structure_id": "Number of the brain structure in the Allen CCF; NaN if not known",
    "probe_vertical_position": "Place along the probe, from its tip, in micrometres",
    "probe_horizontal_position": "Place across the probe, in micrometres",
    "waveform_halfwidth": "Width of the trough of the waveform at half of its depth, in milliseconds",
}
_IDS = {
    "ecephys_probe_id": "Number of the probe",
    "ecephys_channel_id": "Number of the channel on which the unit's waveform is largest",
    "ecephys_session_id": "Number of the session",
}
_TRUTHS = {"valid_data": "Whether the channel of the unit gave data that can be used"}
_TEXTS = {"structure_acronym": "Brain structure in the Allen CCF at the unit's largest waveform; empty if not known"}


def add_unit_facts(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Add what the table of units says of each unit.

    Numbers are NaN and texts empty where it says nothing; ids and truths are added only where it has all units.

    Raises
    ------
    InputError
        The table has none of the units, or lacks a column that it should have.
    """
    table, units = context.tables.get(UNITS_TABLE), nwbfile.units
    if table is None or units is None:
        return []
    ids = unit_ids(units)
    rows = read_rows(table, "unit_id", set(ids))
    check_found(rows, ids, table, context)
    missing = [name for name in (*_NUMBERS, *_IDS, *_TRUTHS, *_TEXTS) if any(name not in row for row in rows.values())]
    if missing:
        raise InputError(f"{table.name}: has no column {', '.join(missing)}. Fetch the table of units again")
    columns: dict[str, tuple[str, Any]] = {name: (text, _numbers(rows, ids, name)) for name, text in _NUMBERS.items()}
    columns |= {name: (text, text_column(rows, ids, name)) for name, text in _TEXTS.items()}
    if all(each in rows for each in ids):
        columns |= {name: (text, _numbers(rows, ids, name).astype(np.int64)) for name, text in _IDS.items()}
        columns |= {name: (text, _numbers(rows, ids, name) == 1) for name, text in _TRUTHS.items()}
    return add_columns(units, columns, UNIT_PLACES, table, context)


def _numbers(rows: Mapping[int, Row], ids: Sequence[int], name: str) -> Any:  # noqa: ANN401 - float64, shape (n,)
    values = column(rows, ids, name)
    if isinstance(values, list):
        wrong = next(text for text in values if text)
        raise InputError(f"units.csv: {name} holds {wrong!r} among others, expected numbers. Fetch the table again")
    return values
