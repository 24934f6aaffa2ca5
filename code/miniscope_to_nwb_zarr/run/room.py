"""Room on the disk: how much of it sessions take, and what is said where there is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import TemporaryError
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.series import plan_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.session_job import Job

# noise of a sensor packs to between a half and two thirds; room is asked for with some to spare
_STORE_SHARE = 0.7
# an NWB file on Zarr is hundreds of small files and folders, and each takes a block of the disk
_OTHER_FILES = 500
_METADATA_FILES = 20
_SUMMARY_FILES = 3
_BLOCK_BYTES = 4096


def check_room(session: Session, job: Job) -> None:
    """Refuse a session that will not find room in the results.

    Raises
    ------
    TemporaryError
        The disk has too little room.
    """
    if not job.results.exists():
        return
    needed, free = needed_bytes(session, job), disk.free_bytes(job.results)
    if needed > free:
        raise TemporaryError(
            f"{session.name}: needs about {needed:,} bytes, {free:,} are free in {job.results}; nothing was written"
        )


def needed_bytes(session: Session, job: Job) -> int:
    """Bytes of the disk that the output of a session takes, at most, while it is made."""
    if job.metadata_only:
        return _METADATA_FILES * _BLOCK_BYTES
    series = plan_series(session, job.chunk_bytes, embed_cameras=job.embed_cameras)
    frames = sum(int(one.n_bytes * _STORE_SHARE) + one.plan.n_objects * _BLOCK_BYTES for one in series)
    # an HDF5 file is written while the frames still lie beside it
    frames *= 2 if job.backend == "hdf5" else 1
    copied = (s for _, s in session.streams if s.device.kind is DeviceKind.CAMERA and not job.embed_cameras)
    cameras = sum(file.size_bytes for stream in copied for file in stream.video_files)
    return frames + cameras + _OTHER_FILES * _BLOCK_BYTES


def no_room(who: str, sessions: Sequence[Session], job: Job) -> TemporaryError:
    """What is said when the disk was full before `sessions` were done; what they had written is removed by then."""
    needed = sum(needed_bytes(session, job) for session in sessions) + _SUMMARY_FILES * _BLOCK_BYTES
    n_files = len(sessions) * _OTHER_FILES + _SUMMARY_FILES
    free, free_files = disk.free_bytes(job.results), disk.free_files(job.results)
    if free_files is not None and free_files < n_files:
        told = (
            f"about {needed:,} bytes in some {n_files:,} files are needed, and the disk has room for {free_files:,} "
            "more files, whatever their size"
        )
    elif needed > free:
        told = f"about {needed:,} bytes are needed, {free:,} are free"
    else:
        told = f"about {needed:,} bytes are needed, or more; {free:,} are free now, perhaps fewer were a moment ago"
    return TemporaryError(
        f"{who}: no room is left in {job.results}: {told}. No output was made. Make room and run the same command again"
    )
