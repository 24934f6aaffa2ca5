"""What the tables of Visual Coding Ephys know of units: responses to each stimulus, and where the unit was recorded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.data_conversion.allen.tables import column, read_rows, text_column, without_sentinel
from miniscope_to_nwb_zarr.data_conversion.allen.unit_columns import add_columns, check_found, unit_ids

if TYPE_CHECKING:
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.allen.unit_columns import Values
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Context

UNIT_METRICS = "unit_metrics"
UNIT_PLACES = "unit_places"
METRICS_TABLE, CHANNELS_TABLE = "analysis_metrics", "channels"

_STIMULI = {
    "dg": "drifting gratings",
    "dm": "moving dots",
    "fl": "full-field flashes",
    "ns": "natural scenes",
    "rf": "Gabor patches at places on the monitor",
    "sg": "static gratings",
}
_METRIC = re.compile(r"(?P<base>.+?)(?P<multi>_multi)?_(?P<stimulus>dg|dm|fl|ns|rf|sg)")
_BASES = {
    "area": "area of the receptive field, in square degrees",
    "azimuth": "azimuth of the receptive field's centre, in degrees",
    "c50": "contrast at which half of the largest response is reached",
    "elevation": "elevation of the receptive field's centre, in degrees",
    "f1_f0": "modulation of the response at the temporal frequency of the grating, relative to its mean",
    "fano": "Fano factor of the number of spikes",
    "firing_rate": "mean firing rate, in spikes per second",
    "g_dsi": "global direction selectivity index",
    "g_osi": "global orientation selectivity index",
    "image_selectivity": "selectivity for single images",
    "lifetime_sparseness": "lifetime sparseness of the responses",
    "mod_idx": "modulation index of the response at the temporal frequency of the grating",
    "on_off_ratio": "response to light flashes relative to that to dark ones",
    "on_screen": "whether the receptive field lies on the monitor",
    "p_value": "probability that a receptive field as clear as this one arises by chance",
    "pref_image": "number of the image with the largest response",
    "pref_images": "numbers of the images with the largest responses",
    "pref_ori": "orientation with the largest response, in degrees",
    "pref_phase": "phase with the largest response, in cycles",
    "pref_sf": "spatial frequency with the largest response, in cycles per degree",
    "pref_speed": "speed with the largest response, in degrees per second",
    "pref_dir": "direction with the largest response, in degrees",
    "pref_tf": "temporal frequency with the largest response, in cycles per second",
    "run_mod": "modulation of the response by running",
    "run_pval": "probability of a modulation by running as large as this one by chance",
    "sustained_idx": "how long the response lasts, 0 to 1",
    "time_to_peak": "time from the beginning of the stimulus to the largest response, in seconds",
}
# of the channel at which the unit's waveform is largest
_PLACES = {
    "anterior_posterior_ccf_coordinate": "place in the Allen CCF from front to back, in micrometres; NaN if not known",
    "dorsal_ventral_ccf_coordinate": "place in the Allen CCF from top to bottom, in micrometres; NaN if not known",
    "left_right_ccf_coordinate": "place in the Allen CCF from left to right, in micrometres; NaN if not known",
    "ecephys_structure_id": "number of the brain structure in the Allen CCF; NaN if not known",
    "probe_horizontal_position": "place across the probe, in micrometres",
    "probe_vertical_position": "place along the probe, from its tip, in micrometres",
    "ecephys_probe_id": "number of the probe",
}
_STRUCTURE = "ecephys_structure_acronym"
_STRUCTURE_TEXT = "brain structure in the Allen CCF at the unit's largest waveform; empty if not known"


def add_unit_metrics(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Add the metrics of the responses to stimuli, NaN for units that the table does not have."""
    table = context.tables.get(METRICS_TABLE)
    if table is None or nwbfile.units is None:
        return []
    ids = unit_ids(nwbfile.units)
    rows = read_rows(table, "ecephys_unit_id", set(ids))
    check_found(rows, ids, table, context)
    names = [name for name in next(iter(rows.values()), {}) if name and name != "ecephys_unit_id"]
    columns = {name: (describe(name), column(rows, ids, name)) for name in names}
    return add_columns(nwbfile.units, columns, UNIT_METRICS, table, context)


def describe(name: str) -> str:
    """What a column of the metrics means, from the parts of its name.

    Examples
    --------
    >>> describe("run_mod_multi_dg")
    'Modulation of the response by running; several best stimuli taken together; stimulus: drifting gratings'
    """
    parts = _METRIC.fullmatch(name)
    if parts is None:
        text = _BASES.get(name, f"Metric of the unit's response: {name}")
        return text[0].upper() + text[1:]
    base = parts["base"]
    text = _BASES.get(base, f"metric {base} of the response")
    multi = "; several best stimuli taken together" if parts["multi"] else ""
    return f"{text[0].upper()}{text[1:]}{multi}; stimulus: {_STIMULI[parts['stimulus']]}"


def add_unit_places(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Add where each unit was recorded, by the channel of its largest waveform."""
    table = context.tables.get(CHANNELS_TABLE)
    units = nwbfile.units
    if table is None or units is None or "peak_channel_id" not in units.colnames:
        return []
    # a unit without such a channel is placed nowhere
    channels = [int(one) if np.isfinite(one) else -1 for one in units["peak_channel_id"].data[:]]
    rows = read_rows(table, "id", set(channels))
    check_found(rows, channels, table, context)
    columns: dict[str, tuple[str, Values]] = {}
    for name, text in _PLACES.items():
        values = np.asarray(column(rows, channels, name))
        columns[name] = (
            f"{text[0].upper()}{text[1:]}", without_sentinel(values) if name.endswith("_ccf_coordinate") else values
        )  # fmt: skip
    columns[_STRUCTURE] = (
        f"{_STRUCTURE_TEXT[0].upper()}{_STRUCTURE_TEXT[1:]}",
        text_column(rows, channels, _STRUCTURE),
    )
    return add_columns(units, columns, UNIT_PLACES, table, context)
