"""What the workers are given to do for a session, before anything of NWB is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.camera_files import copy_camera_files, plan_camera_files
from miniscope_to_nwb_zarr.data_conversion.frames_stage import start_writing
from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries, plan_series

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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


def start_frames(work: Work) -> StartedFrames:
    """Set the workers to decode and write all frames, and to copy the files of the cameras."""
    job = work.job
    folder = work.staging / ".frames"
    series = plan_series(work.session, job.chunk_bytes, embed_cameras=job.embed_cameras)
    reports = start_writing(series, folder, job.compression_level, work.pool)
    cameras = plan_camera_files(work.session, embed=job.embed_cameras)
    return StartedFrames(folder, series, reports, copy_camera_files(cameras, work.staging, work.pool))
