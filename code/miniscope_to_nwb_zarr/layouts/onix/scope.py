"""The scope of a recording on ONIX, and what every such recording comes to, old or new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind
from miniscope_to_nwb_zarr.core.timing import find_gaps
from miniscope_to_nwb_zarr.layouts.onix.sets import Kind
from miniscope_to_nwb_zarr.layouts.stream import read_stream
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.core.model import PropertyChange, Stream, TimeTable
    from miniscope_to_nwb_zarr.layouts.onix.sets import OnixSet
    from miniscope_to_nwb_zarr.sources.start_time import StartTime

DEVICE = "Miniscope_V4"
_LABEL = "Miniscope V4"


@dataclass(frozen=True, slots=True)
class Parts:
    """What was read of a recording."""

    stream: Stream
    start: StartTime | None
    start_file: str
    """The name of the file that tells the start."""
    changes: tuple[PropertyChange, ...] = ()


def read_scope(one: OnixSet, table: TimeTable, settings: Mapping[str, Any], findings: list[Finding]) -> Stream:
    """The frames of the scope, each with its row of the table; what is found is added to `findings`.

    Raises
    ------
    InputError
        There is no video, or its frames cannot be placed in time.
    """
    video = one.chosen.get(Kind.VIDEO)
    if video is None:
        raise InputError(f"{shown(one.clock.name)}: there is no video (.avi) with it")
    videos = read_videos({0: video}, "", raw16_is_gray=True)
    findings += videos.findings
    device = Device(
        name=DEVICE,
        label=_LABEL,
        kind=DeviceKind.SCOPE,
        model="Miniscope_V4",
        settings=settings,
    )
    reading = read_stream(device, table, videos, "", lambda _: video.name, per_file=table.n_rows)
    findings += reading.findings
    findings += _doubtful_gap(reading.stream, videos.n_frames)
    return reading.stream


def _doubtful_gap(stream: Stream, n_frames: int) -> tuple[Finding, ...]:
    """A gap in a file of times that is shorter than the video may be a hole in the file, not in the recording."""
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
