"""Eye tracking on the stamps of the imaging frames, in place of the one in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb import TimeSeries
from pynwb.behavior import CompassDirection, PupilTracking, SpatialSeries

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.frame_times import imaging_series

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

EYE_TRACKING = "eye_tracking"
_ADDED = ("CompassDirection", "PupilTracking")
_REPLACED = ("EyeTracking", "PupilTracking", "CompassDirection")
_COLUMNS = 5
_REFERENCE = "Azimuth and altitude on the monitor, in degrees from its centre; the eye is at the centre of the sphere"


def replace_eye_tracking(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Take the eye tracking that the data set publishes for each imaging frame; the older one in the file is left out.

    Raises
    ------
    InputError
        The file is no array of (frame, 5).
    """
    table = context.tables.get(EYE_TRACKING)
    frames = imaging_series(nwbfile)
    if table is None or frames is None:
        return []
    values = _read(table)
    n_frames = frames.data.shape[0]
    if len(values) != n_frames or not np.array_equal(values[:, 0], np.arange(n_frames)):
        sentence = (
            f"has {len(values)} rows, expected one for each of {n_frames} imaging frames, in order; the eye tracking "
            f"of {context.path.name} was kept"
        )
        context.findings.append(Finding(Code.PARTS_DISAGREE, Severity.ERROR, table.name, sentence))
        return []
    if "behavior" not in nwbfile.processing:
        nwbfile.create_processing_module(name="behavior", description="What the animal did")
    module = nwbfile.processing["behavior"]
    removed = [name for name in _REPLACED if name in module.data_interfaces]
    for name in removed:
        module.data_interfaces.pop(name)
    for container in _containers(values, frames):
        module.add(container)
    instead = f" instead of {', '.join(removed)}" if removed else ""
    sentence = f"pupil and eye of every imaging frame from {table.name}{instead}"
    where, *also = (f"/processing/behavior/{name}" for name in dict.fromkeys((*_ADDED, *removed)))
    return [Change(EYE_TRACKING, where, sentence, tuple(also))]


def _read(path: Path) -> NDArray[Any]:
    try:
        values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path.name}: is not a numpy array ({error}). Fetch it again") from error
    if values.ndim != 2 or values.shape[1] != _COLUMNS or values.dtype.kind not in "fiu":
        raise InputError(
            f"{path.name}: has shape {values.shape} of {values.dtype}, expected (frames, {_COLUMNS}) of numbers: "
            "frame, areas of eye and pupil in cm^2, azimuth and altitude in degrees"
        )
    return values


def _containers(values: NDArray[Any], frames: TimeSeries) -> tuple[CompassDirection, PupilTracking]:
    gaze = SpatialSeries(
        name="pupil_location_spherical",
        description="Where the animal looked, for each imaging frame",
        data=np.ascontiguousarray(values[:, 3:5]),
        unit="degrees",
        reference_frame=_REFERENCE,
        timestamps=frames,
    )
    areas = [
        TimeSeries(
            name=f"{what}_area",
            description=f"Area of the {what}, for each imaging frame",
            data=np.ascontiguousarray(values[:, at]),
            unit="cm^2",
            timestamps=frames,
        )
        for at, what in ((1, "eye"), (2, "pupil"))
    ]
    return CompassDirection(spatial_series=gaze), PupilTracking(time_series=areas)
