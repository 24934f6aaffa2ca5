"""What the files of Visual Behavior Ephys do not say of themselves, or say in a way that misleads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.data_conversion.allen.descriptions import is_placeholder
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import path_of, set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

_EXPERIMENT = (
    "Mice were trained to lick for water when an image in a row of flashed images changes to another one. Some images "
    "are left out. In sessions with recordings, Neuropixels probes in up to six places record from visual cortex and "
    "the structures below it while the animal does the task, while the same stimuli are shown once more without the "
    "lick spout, and while Gabor patches and flashes are shown to map receptive fields."
)
_UNITS = "Units that Kilosort2 found in the recordings of all probes; none was left out for its quality."
_AXES = {
    "x": "Place in the Allen CCF from front to back, in micrometres; NaN if not known",
    "y": "Place in the Allen CCF from top to bottom, in micrometres; NaN if not known",
    "z": "Place in the Allen CCF from left to right, in micrometres; NaN if not known",
}


def describe_experiment(nwbfile: NWBFile, _context: Context) -> Sequence[Change]:
    """Say what the experiment was, where the file does not, and where its units come from."""
    changes = []
    if is_placeholder(nwbfile.experiment_description):
        set_field(nwbfile, "experiment_description", _EXPERIMENT)
        changes.append(Change("descriptions", "/general/experiment_description", f"set to: {_EXPERIMENT}"))
    if nwbfile.units is not None and nwbfile.units.description != _UNITS:
        sentence = f"was {nwbfile.units.description!r}, is: {_UNITS}"
        set_field(nwbfile.units, "description", _UNITS)
        changes.append(Change("descriptions", "/units@description", sentence))
    return changes


def mark_unregistered(nwbfile: NWBFile, _context: Context) -> Sequence[Change]:
    """Give electrodes whose place was never found NaN for it; the files have 0 on all axes.

    A single 0 is a coordinate (reference allen-datasets 2.5).
    """
    table = nwbfile.electrodes
    if table is None or not set(_AXES) <= set(table.colnames):
        return []
    places = np.stack([np.asarray(table[axis].data[:], np.float64) for axis in _AXES], axis=1)
    is_unknown = (places == 0).all(axis=1)
    if not is_unknown.any():
        return []
    changes = []
    for k, (axis, meaning) in enumerate(_AXES.items()):
        values = np.where(is_unknown, np.nan, places[:, k])
        table[axis].transform(lambda _, values=values: values)
        set_field(table[axis], "description", meaning)
        sentence = f"{int(is_unknown.sum())} electrodes without a place have NaN instead of 0 on all axes"
        changes.append(Change("unregistered_electrodes", path_of(table[axis]), sentence))
    return changes
