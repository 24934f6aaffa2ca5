"""Behaviour video next to the store: copies of the camera's files, each with the place of its frames in the series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.core.naming import copy_name
from miniscope_to_nwb_zarr.data_conversion import disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import Session, Stream
    from miniscope_to_nwb_zarr.core.output_names import OutputNames
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool


@dataclass(frozen=True, slots=True)
class CameraFile:
    """A video file of a camera and its copy."""

    source: Path
    target: str
    """Path in the output."""
    reference: str
    """Path seen from the NWB file, which refers to it."""
    size_bytes: int
    first_frame: int
    """Number of the file's first frame in the series."""


@dataclass(frozen=True, slots=True)
class _Copy:
    source: Path
    target: Path


def plan_camera_files(session: Session, names: OutputNames, *, embed: bool) -> dict[str, tuple[CameraFile, ...]]:
    """The copies to make, by ``<recording number>/<device name>``; none for cameras whose frames are embedded."""
    planned = {}
    for number, recording in enumerate(session.recordings):
        part = f"{recording.start:%Y%m%dT%H%M%S}/" if len(session.recordings) > 1 else ""
        for stream in recording.streams_of(DeviceKind.CAMERA):
            if embed and stream.n_frames:
                continue
            _, firsts = rows_of_copies(stream)
            folder = f"{names.videos}/{stream.device.name}/{part}"
            planned[f"{number}/{stream.device.name}"] = tuple(
                CameraFile(
                    file.path,
                    f"{names.folder}{folder}{copy_name(file.path.name)}",
                    f"{folder}{copy_name(file.path.name)}",
                    file.size_bytes,
                    firsts.get(file.path, 0),
                )
                for file in stream.video_files
                if file.path in firsts or not stream.n_frames
            )
    return planned


def copy_camera_files(
    planned: Mapping[str, tuple[CameraFile, ...]], staging: Path, pool: Pool
) -> Iterator[tuple[str, tuple[int, str]]]:
    """Set the workers to copy the files; gives the path of each copy in the output with its size and sha256."""
    files = {staging / one.target: one for some in planned.values() for one in some}
    for target in files:
        target.parent.mkdir(parents=True, exist_ok=True)
    copies = [_Copy(one.source, target) for target, one in files.items()]
    return (
        (files[copy.target].target, (files[copy.target].size_bytes, sha256)) for copy, sha256 in pool.run(_copy, copies)
    )


def rows_of_copies(stream: Stream) -> tuple[NDArray[np.int64], dict[Path, int]]:
    """Which row of the time table belongs to each frame of the copied files.

    A copy holds every frame of its file, also those that have no row: left out here, they would give their stamps to
    the frames after them.

    Returns
    -------
    rows : int64, shape (n_frames,)
        -1 for a frame without a row. Frames after the last one of a file that has a row are not counted.
    firsts : mapping of Path to int
        For each file that has frames in the series the number of its first one.
    """
    rows = [np.empty(0, np.int64)]
    firsts: dict[Path, int] = {}
    placed, n_frames, in_file = 0, 0, 0
    for segment in stream.segments:
        if segment.path not in firsts:
            firsts[segment.path], in_file = n_frames, 0
        n_alone = segment.first_in_file - in_file
        rows += [np.full(n_alone, -1), stream.rows[placed : placed + segment.n_frames]]
        placed += segment.n_frames
        n_frames += n_alone + segment.n_frames
        in_file = segment.first_in_file + segment.n_frames
    return np.concatenate(rows), firsts


def _copy(copy: _Copy) -> str:
    sha256 = disk.copy_file(copy.source, copy.target)
    if disk.hash_file(copy.target) != sha256:
        raise VerificationError(
            f"{copy.target.name}: the copy is not what was read from {copy.source}; no output was made. A faulty disk "
            "or memory can do this: run again, and if it happens again, check the machine"
        )
    return sha256
