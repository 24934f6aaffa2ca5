"""Cells in the NWB file: footprints with all that they were judged by, traces, events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.common import DynamicTableRegion, VectorData, VectorIndex
from pynwb.event import EventsTable, TimestampVectorData
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, PlaneSegmentation, RoiResponseSeries

from miniscope_to_nwb_zarr.analysis.events import JOINED_S
from miniscope_to_nwb_zarr.analysis.normalise import UNITS
from miniscope_to_nwb_zarr.analysis.nwb_arrays import clock_of
from miniscope_to_nwb_zarr.analysis.result import RESTING_QUANTILE, relative_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pynwb import NWBFile
    from pynwb.base import ProcessingModule

    from miniscope_to_nwb_zarr.analysis.nwb_arrays import Wrap
    from miniscope_to_nwb_zarr.analysis.result import Cells, MovieAnalysis

SEGMENTATION, FLUORESCENCE, DF_OVER_F = "ImageSegmentation", "Fluorescence", "DfOverF"
ACCEPTED, BY_EVALUATION, BY_HAND = "accepted", "accepted_by_evaluation", "curated"
_PIXEL = np.dtype([("x", "<u4"), ("y", "<u4"), ("weight", "<f4")])


def add_cells(
    nwbfile: NWBFile, module: ProcessingModule, analyses: Sequence[MovieAnalysis], wrap: Wrap, suffix: str
) -> None:
    """Add the units of each movie; `suffix` ends the names of tables that stand outside the module."""
    found = [(one, one.cells) for one in analyses if one.cells is not None and one.cells.units.n_units]
    if not found:
        return
    segmentation, fluorescence, relative = (
        ImageSegmentation(name=SEGMENTATION),
        Fluorescence(name=FLUORESCENCE),
        DfOverF(name=DF_OVER_F),
    )
    for container in (segmentation, fluorescence, relative):
        module.add(container)
    for one, cells in found:
        planes = _footprints(nwbfile, one, cells)
        segmentation.add_plane_segmentation(planes)
        _add_traces(nwbfile, one, cells, planes, (fluorescence, relative), wrap)
        if len(cells.events.frame):
            nwbfile.add_events_table(_events(one, cells, planes, f"CalciumEvents_{one.movie.label}{suffix}"))


def pixel_masks(one: MovieAnalysis, cells: Cells) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The pixels of all units, one unit after the other, and where each ends.

    Returns
    -------
    pixels : array of (x, y, weight)
        Of the picture as it was recorded: an averaged pixel counts as all that it was made of.
    ends : int64, shape (n_units,)
    """
    footprints = cells.units.footprints.tocsr()
    row, column = np.divmod(footprints.indices.astype(np.int64), one.crop.width_px // one.bin_px)
    size = one.bin_px
    inside = np.arange(size)
    pixels = np.empty((len(row), size, size), _PIXEL)
    pixels["y"] = one.crop.top_px + (row * size)[:, None, None] + inside[None, :, None]
    pixels["x"] = one.crop.left_px + (column * size)[:, None, None] + inside[None, None, :]
    pixels["weight"] = footprints.data[:, None, None]
    return pixels.reshape(-1), footprints.indptr[1:].astype(np.int64) * size * size


def _footprints(nwbfile: NWBFile, one: MovieAnalysis, cells: Cells) -> PlaneSegmentation:
    series = nwbfile.acquisition[one.movie.series]
    pixels, ends = pixel_masks(one, cells)
    mask = VectorData(
        name="pixel_mask", description="x, y and weight of each pixel, in pixels of the recording", data=pixels
    )
    columns = [mask, VectorIndex(name="pixel_mask_index", data=ends, target=mask)]
    for name, (description, values) in _columns(cells).items():
        columns.append(VectorData(name=name, description=description, data=values))
    return PlaneSegmentation(
        name=f"PlaneSegmentation_{one.movie.label}",
        # how many are accepted changes with every decision by hand, and this text does not
        description=f"{cells.units.n_units} units found in {one.movie.series} by {one.engine}; the column {ACCEPTED} "
        "says which of them are taken for cells. Pixels are those of the recording after its motion was corrected.",
        imaging_plane=series.imaging_plane,
        reference_images=series,
        columns=columns,
        colnames=["pixel_mask", *_columns(cells)],
    )


def _columns(cells: Cells) -> dict[str, tuple[str, NDArray[Any]]]:
    units = cells.units
    n_events = np.bincount(cells.events.unit, minlength=units.n_units).astype(np.int32)
    return {
        ACCEPTED: ("whether the unit is taken for a cell: by hand where `curated`, else by its scores", cells.accepted),
        BY_EVALUATION: ("whether its scores say that it is a cell", cells.accepted),
        BY_HAND: ("whether a person has decided", np.zeros(units.n_units, bool)),
        **{name: (cells.meanings[name], values) for name, values in cells.scores.items()},
        "baseline": (
            "fluorescence at rest in the units of the traces, background included",
            units.baseline,
        ),
        "noise": ("standard deviation of the noise of the demixed trace", units.noise),
        "n_events": ("calcium events", n_events),
    }


def _add_traces(
    nwbfile: NWBFile,
    one: MovieAnalysis,
    cells: Cells,
    planes: PlaneSegmentation,
    containers: tuple[Fluorescence, DfOverF],
    wrap: Wrap,
) -> None:
    units, label = cells.units, one.movie.label
    fluorescence, relative = containers
    described = {
        f"RoiResponseSeries_{label}": (
            units.raw,
            "Demixed fluorescence with its noise: denoised trace and rest under the footprint; unit: "
            + UNITS[one.normalise],
        ),
        f"Denoised_{label}": (units.denoised, "The same without noise: calcium that rises at once and falls slowly."),
        f"Deconvolved_{label}": (units.deconvolved, "What the denoised trace rises by in each frame."),
    }
    for name, (values, description) in described.items():
        fluorescence.add_roi_response_series(_series(nwbfile, one, planes, name, values, description, wrap))
    change = relative_change(one, units)
    f0 = (
        "column `baseline` of the footprints' table, the fluorescence at rest with the background under it"
        if one.rest is None
        else "that by which each pixel was divided before (its mean over time), weighted by the footprint"
    )
    description = (
        "dF/F. dF: demixed fluorescence above the resting level of the denoised trace (its quantile "
        f"{RESTING_QUANTILE:g}). F0: {f0}."
    )
    relative.add_roi_response_series(_series(nwbfile, one, planes, f"DfOverF_{label}", change, description, wrap))


def _series(
    nwbfile: NWBFile,
    one: MovieAnalysis,
    planes: PlaneSegmentation,
    name: str,
    values: NDArray[np.float32],
    description: str,
    wrap: Wrap,
) -> RoiResponseSeries:
    by_frame = np.ascontiguousarray(values.T)
    damaged = list(one.movie.damaged)
    if damaged:
        by_frame[damaged] = np.nan
        description += f" NaN in the {len(damaged)} frames that are damaged in the video."
    return RoiResponseSeries(
        name=name,
        description=description,
        data=wrap.values(by_frame),
        rois=planes.create_roi_table_region(
            description="all units, in the order of their table", region=list(range(values.shape[0]))
        ),
        unit="n.a.",
        **clock_of(nwbfile.acquisition[one.movie.series]),
    )


def _events(one: MovieAnalysis, cells: Cells, planes: PlaneSegmentation, name: str) -> EventsTable:
    events = cells.events
    threshold = one.value("events.threshold_noise")
    return EventsTable(
        name=name,
        description="Calcium events of all units, the rejected ones included: jumps of the deconvolved trace by more "
        f"than {threshold:g} times the noise of the trace; those that follow each other within {JOINED_S:g} s are one.",
        source_description=f"{one.engine}, from {one.movie.series}",
        columns=[
            TimestampVectorData(
                name="timestamp", description="stamp of its highest jump", data=one.movie.time_s[events.frame]
            ),
            DynamicTableRegion(name="roi", description="the unit", data=events.unit.tolist(), table=planes),
            VectorData(name="amplitude", description="sum of its jumps, in units of the traces", data=events.amplitude),
            VectorData(name="frame", description="number of the frame in the series", data=events.frame),
        ],
    )
