"""The video files of one camera of Miniscope_DAQ_Software (V3): counted from 1, 1000 frames each (formats 2.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.alignment import DEFAULT_FRAMES_PER_FILE
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.layouts.v3.cameras import FramesSeen
from miniscope_to_nwb_zarr.layouts.video_files import Videos, read_videos
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class CameraVideos:
    """The video files of a camera, numbered from 0 in `videos`."""

    videos: Videos
    frames_per_file: int | None
    """None where whole files are of different lengths."""
    seen: FramesSeen
    first_number: int
    """The number in the name of the first file."""
    name_before: str
    """What stands before the number in the names."""

    def file_name(self, number: int) -> str:
        """What the file of a number is called, for those that are missing."""
        return f"{self.name_before}{number + self.first_number}.avi"


def read_camera_videos(numbered: Mapping[int, Path]) -> CameraVideos:
    """Count the frames of a camera's files.

    Parameters
    ----------
    numbered : mapping of the number in the name to Path
        In order, at least one.
    """
    first = min(1, *numbered)
    videos = read_videos({number - first: path for number, path in numbered.items()}, "")
    name = next(iter(numbered.values())).stem
    per_file = _frames_per_file(videos)
    return CameraVideos(videos, per_file, _frames_seen(videos, per_file), first, name.rstrip("0123456789"))


def _frames_per_file(videos: Videos) -> int | None:
    """The length that whole files before the last have in common; None if they differ and none has the usual 1000."""
    lengths = {file.n_frames for file in list(videos.files.values())[:-1] if file.is_whole and file.n_frames}
    if not lengths or DEFAULT_FRAMES_PER_FILE in lengths:
        return DEFAULT_FRAMES_PER_FILE
    return lengths.pop() if len(lengths) == 1 else None


def _frames_seen(videos: Videos, per_file: int | None) -> FramesSeen:
    last = max((number for number, file in videos.files.items() if file.n_frames), default=None)
    if last is None:
        return FramesSeen(0)
    file = videos.files[last]
    before = last * per_file if per_file else sum(videos.files[k].n_frames for k in videos.files if k < last)
    is_full = per_file is None or file.n_frames >= per_file
    return FramesSeen(before + file.n_frames, file.is_whole, may_go_on=is_full or not file.is_whole)


def without_trailing_file(camera: CameraVideos, n_listed: int) -> CameraVideos:
    """The files without a last one that was opened and never needed; a finding says so.

    The software opens the next file when one is full, so a recording of a multiple of 1000 frames ends with a file
    without a frame.

    Parameters
    ----------
    camera : CameraVideos
    n_listed : int
        Frames that the time table lists.
    """
    files = camera.videos.files
    number = max(files)
    is_needed = not camera.frames_per_file or number == 0 or n_listed != number * camera.frames_per_file
    if files[number].n_frames or is_needed:
        return camera
    name = shown(files[number].path.name)
    sentence = "holds no frame: the software opens the next file as soon as one is full. Nothing is missing"
    findings = tuple(finding for finding in camera.videos.findings if finding.where != name)
    videos = replace(
        camera.videos,
        files={k: file for k, file in files.items() if k != number},
        findings=(*findings, Finding(Code.FILE_EMPTY, Severity.INFO, name, sentence)),
    )
    return replace(camera, videos=videos)
