"""One device of a recording: its time table and its videos, put together and judged. The same for every layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.alignment import Alignment, align, numbered_avi
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind, Stream
from miniscope_to_nwb_zarr.core.paths import inside
from miniscope_to_nwb_zarr.core.timing import examine, find_gaps
from miniscope_to_nwb_zarr.layouts.expected_picture import unexpected_picture
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniscope_to_nwb_zarr.core.model import Device, Picture, TimeTable
    from miniscope_to_nwb_zarr.layouts.video_files import Videos


@dataclass(frozen=True, slots=True)
class StreamReading:
    """What a device recorded, and what is wrong with it."""

    stream: Stream
    findings: tuple[Finding, ...]
    has_stale_files: bool
    """Videos of an earlier recording are among its files."""


def read_stream(
    device: Device,
    table: TimeTable,
    videos: Videos,
    where: str,
    file_name: Callable[[int], str] = numbered_avi,
    *,
    per_file: int | None = None,
    table_problem: str = "",
    if_camera: str = "",
) -> StreamReading:
    """Match the frames of a device's videos with the rows of its time table.

    Parameters
    ----------
    device : Device
    table : TimeTable
        Without rows if the device has none.
    videos : Videos
    where : str
        The device's folder, for the findings; empty where the recording has no folders.
    file_name : callable
        What a video file of a number is called, for those that are missing.
    per_file : int, optional
        Frames that a file was meant to hold, where that is no setting of the device: all of them in one file, say.
    table_problem : str
        What is wrong with a table without stamps, as the end of a sentence that begins with its name.
    if_camera : str
        What to do where the videos of a scope turn out to be those of a behaviour camera, as the end of a sentence;
        empty where the layout has no such cameras.

    Raises
    ------
    InputError
        Frames of a scope cannot be placed in time, or are colour pictures: the recording cannot be converted.
    """
    findings = () if videos.picture is None else _judge_picture(videos.picture, device, where, if_camera)
    if videos.n_frames and not np.any(np.isfinite(table.time_s)):
        aligned = _untimed(table, videos, device, where, table_problem or "holds no row that can be read")
    else:
        aligned = align(table, videos.files, per_file or device.frames_per_file, where, file_name)
    stream = Stream(
        device=device,
        table=table,
        rows=aligned.rows,
        segments=aligned.segments,
        video_files=videos.sources,
        picture=videos.picture if videos.n_frames else None,
        losses=aligned.losses,
    )
    if videos.n_frames == 0 or videos.picture is None:
        lost = f"; the time table lists {table.n_rows}" if table.n_rows else ": the device never delivered a frame"
        findings += (Finding(Code.NO_FRAMES, Severity.WARNING, where or ".", f"there is no frame{lost}"),)
    findings += (*aligned.findings, *examine(table, device, inside(where, table.path.name)))
    return StreamReading(stream, findings, has_stale_files=bool(aligned.stale))


def doubtful_gap(stream: Stream, n_frames: int) -> tuple[Finding, ...]:
    """A gap in a file of times that is shorter than the video may be a hole in the file, not in the recording.

    For layouts whose rows carry no number of the frame in the video.
    """
    gaps, name = find_gaps(stream), shown(stream.table.path.name)
    n_fewer = n_frames - stream.table.n_rows
    if n_fewer <= 0 or not gaps:
        return ()
    sentence = (
        f"has {n_fewer} entries fewer than the video has frames, and a gap at {gaps[0].start_s:.3f} s: if entries are "
        "lost there and not at the end, all later frames have the stamps of others. Compare it with the original file"
    )
    numbers = {"fewer": n_fewer, "gap_s": gaps[0].start_s}
    return (Finding(Code.FRAMES_WITHOUT_STAMP, Severity.ERROR, name, sentence, numbers),)


def _judge_picture(picture: Picture, device: Device, where: str, if_camera: str) -> tuple[Finding, ...]:
    if device.kind is DeviceKind.SCOPE and picture.is_color:
        raise InputError(
            f"{where or device.name}: the videos of this scope hold colour pictures ({picture.pixel_format}), "
            "expected gray or equal channels: another camera was probably recorded instead of the scope, because the "
            "numbers of the devices had changed" + (f". If it is a behaviour camera, {if_camera}" if if_camera else "")
        )
    findings = unexpected_picture(picture, device, where or ".")
    if picture.has_checksum or not picture.is_seen:
        return findings
    sentence = f"the video ({picture.codec}) carries no checksums: damage to its data cannot always be noticed"
    return (*findings, Finding(Code.NO_CHECKSUM, Severity.INFO, where or ".", sentence, {"codec": picture.codec}))


def _untimed(table: TimeTable, videos: Videos, device: Device, where: str, problem: str) -> Alignment:
    """The videos of a camera whose table tells no time."""
    if device.kind is DeviceKind.SCOPE:
        raise InputError(
            f"{where or device.name}: {counted(videos.n_frames, 'frame')} and no usable time table: {table.path.name}: "
            f"{problem}. When the frames were taken is not known; put the original back, or give --video_files and "
            "--timestamps_file"
        )
    sentence = f"{counted(videos.n_frames, 'frame')} and no usable time table: the video files are kept, without times"
    untimed = Finding(Code.CAMERA_UNTIMED, Severity.ERROR, where or ".", sentence, {"frames": videos.n_frames})
    return Alignment(np.empty(0, np.int64), (), (), (), (untimed,))
