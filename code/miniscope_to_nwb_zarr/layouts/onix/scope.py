"""The scope of a recording on ONIX, and what every such recording comes to, old or new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind
from miniscope_to_nwb_zarr.layouts.onix.sets import Kind
from miniscope_to_nwb_zarr.layouts.stream import doubtful_gap, read_stream
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.core.findings import Finding
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
    findings += doubtful_gap(reading.stream, videos.n_frames)
    return reading.stream
