"""What the workers are given to do for a session, before anything of NWB is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.core.output_names import output_names
from miniscope_to_nwb_zarr.data_conversion.camera_files import copy_camera_files, plan_camera_files
from miniscope_to_nwb_zarr.data_conversion.camera_pictures import plan_camera, take_pictures
from miniscope_to_nwb_zarr.data_conversion.frames_stage import start_writing
from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries, plan_series
from miniscope_to_nwb_zarr.qc.preview_plan import PreviewPlan, frames_shown, plan_preview
from miniscope_to_nwb_zarr.qc.sampling import plan_sampling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.camera_pictures import CameraPictures, CameraTask
    from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask
    from miniscope_to_nwb_zarr.run.session_job import Work


@dataclass(frozen=True, slots=True)
class StartedFrames:
    """Work that is under way."""

    folder: Path
    """Holds an array for each series."""
    series: tuple[FrameSeries, ...]
    reports: Iterable[tuple[SlabTask, SlabReport]]
    copies: Iterable[tuple[str, tuple[int, str]]]
    """Path in the output of each copied camera file, with its size and sha256."""
    preview: PreviewPlan
    cameras: Iterable[tuple[CameraTask, CameraPictures]]
    """What is decoded of the cameras, to be looked at."""


def start_frames(work: Work) -> StartedFrames:
    """Set the workers to decode and write all frames, and to copy the files of the cameras."""
    job = work.job
    folder = work.staging / ".frames"
    preview = plan_preview([(one.offset_s, one.offset_s + one.duration_s) for one in work.session.recordings])
    planned = plan_series(work.session, job.chunk_bytes, embed_cameras=job.embed_cameras)
    series = tuple(_sampled(one, preview, len(planned)) for one in planned)
    reports = start_writing(series, folder, job.compression_level, work.pool)
    cameras = plan_camera_files(work.session, output_names(work.session, job.naming), embed=job.embed_cameras)
    copies = copy_camera_files(cameras, work.staging, work.pool)
    tasks = [
        plan_camera(place, stream, frames_shown(preview, recording.offset_s + stream.time_s))
        for place, (recording, stream) in enumerate(work.session.streams)
        if stream.device.kind is DeviceKind.CAMERA
    ]
    return StartedFrames(folder, series, reports, copies, preview, work.pool.run(take_pictures, tasks))


def _sampled(series: FrameSeries, preview: PreviewPlan, n_series: int) -> FrameSeries:
    """The series with what is to be kept of its frames, if it is of a scope."""
    if series.stream.device.kind is not DeviceKind.SCOPE:
        return series
    n_frames, *sides = series.plan.shape
    sampling = plan_sampling(n_frames, (sides[0], sides[1]), n_series)
    shown = frames_shown(preview, series.recording.offset_s + series.stream.time_s, sampling.step)
    return replace(series, sampling=replace(sampling, previewed=frozenset(shown[shown >= 0].tolist())))
