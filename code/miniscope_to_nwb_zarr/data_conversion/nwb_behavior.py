"""Head orientation, notes, changed settings and pose in the NWB file."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

# always, with or without pose: the schemas of all extensions loaded by then are kept in the file
from ndx_pose import PoseEstimation, PoseEstimationSeries
from pynwb import TimeSeries
from pynwb.misc import AnnotationSeries

from miniscope_to_nwb_zarr.core.model import (
    DeviceKind,
    Orientation,
    Pose,
    Recording,
    Session,
    Signal,
    Stream,
    TimeTable,
)
from miniscope_to_nwb_zarr.data_conversion.nwb_imaging import NO_UNIT
from miniscope_to_nwb_zarr.data_conversion.series import recording_suffix

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pynwb import NWBFile, ProcessingModule

    from miniscope_to_nwb_zarr.data_conversion.nwb_imaging import Wrap


def add_behavior(nwbfile: NWBFile, session: Session, wrap: Wrap) -> None:
    """Add all that was recorded of the animal besides the frames."""
    for recording in session.recordings:
        suffix = recording_suffix(session, recording)
        for stream in recording.streams:
            if stream.orientation is not None and len(stream.orientation.time_s):
                _add_orientation(nwbfile, recording, stream, stream.orientation, suffix, wrap)
            for signal in stream.signals:
                _add_signal(nwbfile, recording, stream, signal, suffix, wrap)
        _add_notes(nwbfile, recording, suffix)
        if recording.pose is not None:
            _add_pose(nwbfile, recording, recording.pose, suffix, wrap)


def _module(nwbfile: NWBFile) -> ProcessingModule:
    if "behavior" not in nwbfile.processing:
        nwbfile.create_processing_module("behavior", "head orientation and pose, as measured during the recording")
    return nwbfile.processing["behavior"]


def _add_orientation(
    nwbfile: NWBFile, recording: Recording, stream: Stream, orientation: Orientation, suffix: str, wrap: Wrap
) -> None:
    device = stream.device
    n_invalid = int(np.sum(~orientation.is_valid))
    _module(nwbfile).add(
        TimeSeries(
            name=f"HeadOrientation_{device.name}{suffix}",
            description=(
                f"orientation of {device.label!r} on the head, by its inertial sensor: unit quaternion, "
                "scalar first (w, x, y, z). The axes of the sensor and its frame of reference are not recorded. "
                f"{n_invalid} of {len(orientation.time_s)} rows are not of unit length and no orientation; "
                "they are kept as written."
            ),
            data=wrap(orientation.quaternion),
            unit=NO_UNIT,
            timestamps=wrap(recording.offset_s + orientation.time_s),
        )
    )


def _add_signal(
    nwbfile: NWBFile, recording: Recording, stream: Stream, signal: Signal, suffix: str, wrap: Wrap
) -> None:
    columns = f". Columns: {', '.join(signal.columns)}" if signal.columns else ""
    nwbfile.add_acquisition(
        TimeSeries(
            name=f"{signal.name}_{stream.device.name}{suffix}",
            description=f"{signal.description}{columns}",
            data=wrap(signal.values),
            unit=signal.unit or NO_UNIT,
            timestamps=wrap(recording.offset_s + signal.time_s),
        )
    )


def _add_notes(nwbfile: NWBFile, recording: Recording, suffix: str) -> None:
    notes = [(note.time_s, note.text) for note in recording.notes]
    changes = [(c.time_s, f"{c.device},{c.setting},{c.value}") for c in recording.property_changes]
    for name, description, entries in (
        ("Notes", "remarks typed during the recording", notes),
        ("DevicePropertyChanges", "settings changed during the recording: device, setting, new value", changes),
    ):
        if entries:
            with warnings.catch_warnings():
                # deprecated in favour of a table that readers do not know yet
                warnings.filterwarnings("ignore", "AnnotationSeries is deprecated")
                series = AnnotationSeries(
                    name=f"{name}{suffix}",
                    description=description,
                    data=[text for _, text in entries],
                    timestamps=[recording.offset_s + time_s for time_s, _ in entries],
                )
            nwbfile.add_acquisition(series)


def _add_pose(nwbfile: NWBFile, recording: Recording, pose: Pose, suffix: str, wrap: Wrap) -> None:
    camera = next(iter(recording.streams_of(DeviceKind.CAMERA)), None)
    if camera is None:
        return
    time_s, is_timed = pose_times(pose, camera.table)
    if not is_timed.any():
        return
    timestamps = wrap(recording.offset_s + time_s)
    points = [
        PoseEstimationSeries(
            name=f"point_{k}",
            description="position of one tracked point, from the top left corner of the camera's picture",
            data=wrap(np.column_stack([pose.x_px[is_timed, k], pose.y_px[is_timed, k]])),
            confidence=wrap(pose.likelihood[is_timed, k]),
            confidence_definition="likelihood by DeepLabCut-Live",
            unit="pixels",
            reference_frame="(0, 0) is the top left corner of the picture",
            timestamps=timestamps,
        )
        for k in range(pose.x_px.shape[1])
    ]
    _module(nwbfile).add(
        PoseEstimation(
            name=f"PoseEstimation{suffix}",
            description=(
                "live pose. The file counts frames since the camera began to stream; its first row is taken to be the "
                "first saved frame, so the times may be off by some frames."
            ),
            pose_estimation_series=points,
            device=nwbfile.devices[camera.device.name],
            source_software="DeepLabCut-Live",
        )
    )
    _module(nwbfile).add(
        TimeSeries(
            name=f"PoseFrameCount{suffix}",
            description="the camera's frame count of each row of the pose file, as written",
            data=wrap(pose.frame_count[is_timed]),
            unit=NO_UNIT,
            timestamps=timestamps,
        )
    )


def pose_times(pose: Pose, table: TimeTable) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """When each pose was seen, and which of them can be placed at all.

    The counter of the pose file runs since the camera began to stream, the saved frames since the recording began; what
    lies between is not recorded. The first row is taken to be the first saved frame. A pose needs the row of its frame
    in the camera's time table; whether the frame is in a video file does not matter.

    Returns
    -------
    time_s : float64, shape (n_timed,)
        Seconds from the start of the recording.
    is_timed : bool, shape (n,)
    """
    frame = pose.frame_count - pose.frame_count[0]
    is_known = (table.frame_number >= 0) & np.isfinite(table.time_s)
    number, time_s = table.frame_number[is_known], table.time_s[is_known]
    if np.any(np.diff(number) <= 0):
        # numbers that do not count upwards are no guide: the order is
        number = np.flatnonzero(is_known)
    is_timed = np.isin(frame, number)
    return time_s[np.searchsorted(number, frame[is_timed])], is_timed
