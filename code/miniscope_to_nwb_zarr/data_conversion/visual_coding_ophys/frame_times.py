"""The imaging frames during each presentation, as numbers to index traces with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pynwb import TimeSeries
from pynwb.epoch import TimeIntervals

from miniscope_to_nwb_zarr.data_conversion.allen.unit_columns import columns_added

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Context

FRAME_COLUMNS = "frame_columns"
_START = "First imaging frame at or after start_time, counted from 0: traces[start_frame:end_frame] is the presentation"
_END = "First imaging frame at or after stop_time, counted from 0: one after the last frame of the presentation"


def imaging_series(nwbfile: NWBFile) -> TimeSeries | None:
    """The traces whose stamps are those of the imaging frames: dF/F, or else corrected fluorescence."""
    module = nwbfile.processing.get("ophys")
    for interface, name in (("DfOverF", "DfOverF"), ("Fluorescence", "Corrected")):
        held = module.data_interfaces.get(interface) if module is not None else None
        if held is not None and name in held.roi_response_series:
            return held.roi_response_series[name]
    return None


def frame_times(series: TimeSeries) -> NDArray[np.float64] | None:
    """Stamps of a series, from its rate where it has no others; None where it has neither."""
    at = series
    while isinstance(at.fields.get("timestamps"), TimeSeries):
        at = at.fields["timestamps"]
    if at.fields.get("timestamps") is not None:
        return np.asarray(at.fields["timestamps"][:], np.float64)
    if at.rate is None:
        return None
    return float(at.starting_time) + np.arange(series.data.shape[0]) / float(at.rate)


def add_frame_columns(nwbfile: NWBFile, _context: Context) -> list[Change]:
    """Add ``start_frame`` and ``end_frame`` to every table of presentations and to the epochs."""
    series = imaging_series(nwbfile)
    stamps = frame_times(series) if series is not None else None
    if series is None or stamps is None:
        return []
    changes: list[Change] = []
    for table in _tables(nwbfile):
        if {"start_frame", "end_frame"} & set(table.colnames):
            continue
        for name, times, text in (("start_frame", "start_time", _START), ("end_frame", "stop_time", _END)):
            wanted = np.asarray(table[times].data[:], np.float64)
            table.add_column(name=name, description=text, data=np.searchsorted(stamps, wanted, side="left"))
        table.set_modified()
        sentence = f"frames of {series.name} at start and stop of {len(table)} rows"
        changes.append(columns_added(table, ("start_frame", "end_frame"), FRAME_COLUMNS, sentence))
    return changes


def _tables(nwbfile: NWBFile) -> Iterator[TimeIntervals]:
    yield from (one for one in nwbfile.stimulus.values() if isinstance(one, TimeIntervals))
    if nwbfile.epochs is not None:
        yield nwbfile.epochs
