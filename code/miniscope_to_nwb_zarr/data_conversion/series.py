"""Which series of frames a store holds, and how each is cut into work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.chunking import ChunkPlan, plan_chunks
from miniscope_to_nwb_zarr.core.model import DeviceKind, Recording, Segment, Session, Stream
from miniscope_to_nwb_zarr.data_conversion.frames import SlabTask
from miniscope_to_nwb_zarr.sources.video import INTRA_CODECS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from miniscope_to_nwb_zarr.qc.sampling import Sampling

_SLABS_PER_TASK = 4


@dataclass(frozen=True, slots=True, eq=False)
class FrameSeries:
    """One array of frames in the store."""

    name: str
    """Name of the series in the NWB file's acquisition."""
    recording: Recording
    stream: Stream
    plan: ChunkPlan
    dtype: np.dtype[Any]
    as_color: bool = False
    sampling: Sampling | None = None
    """Which frames are looked at closely as they are decoded."""

    @property
    def path(self) -> str:
        """Path of the array in the store."""
        return f"acquisition/{self.name}/data"

    @property
    def white(self) -> int:
        """The largest value that a pixel can have: a sensor of 10 bits fills no more of its 16."""
        pixel_format = self.stream.picture.pixel_format if self.stream.picture else ""
        bits = re.fullmatch(r"gray(\d+)[lb]e", pixel_format)
        return (1 << int(bits[1])) - 1 if bits else int(np.iinfo(self.dtype).max)

    @property
    def n_bytes(self) -> int:
        """Bytes of all frames, as they are before compression."""
        return self.plan.n_values * self.dtype.itemsize

    def tasks(self, array: Path, workers: int, slabs_per_task: int = _SLABS_PER_TASK) -> Iterator[SlabTask]:
        """The work of this series: tasks of a few slabs each, so that frames decoded twice at their seams stay few."""
        slabs = self.plan.slabs()
        codec = self.stream.picture.codec if self.stream.picture else ""
        can_begin_anywhere = codec == "ffv1" or codec in INTRA_CODECS
        rounds = -(-len(slabs) // (workers * slabs_per_task)) if can_begin_anywhere else 1
        # as many tasks for each worker, of equal size but for one slab, so that all end together
        n_tasks = min(workers * rounds, len(slabs))
        bounds = [len(slabs) * k // n_tasks for k in range(n_tasks + 1)]
        for begin, end in pairwise(bounds):
            first, stop = slabs[begin][0], slabs[end - 1][1]
            segments = cut_segments(self.stream.segments, first, stop)
            yield SlabTask(str(array), first, stop, segments, self.as_color, self.white, self.sampling)


def series_name(session: Session, recording: Recording, stream: Stream) -> str:
    """Name of a stream's series in acquisition."""
    prefix = "OnePhotonSeries" if stream.device.kind is DeviceKind.SCOPE else "ImageSeries"
    return f"{prefix}_{stream.device.name}{recording_suffix(session, recording)}"


def recording_suffix(session: Session, recording: Recording) -> str:
    """How the names of a recording's series end: several recordings in one store are told apart by their start."""
    if len(session.recordings) == 1:
        return ""
    shown = f"_{recording.start:%Y%m%dT%H%M%S}"
    alike = [other for other in session.recordings if f"_{other.start:%Y%m%dT%H%M%S}" == shown]
    # two scopes that were recorded at once
    return shown if alike[0] is recording else f"{shown}_{alike.index(recording) + 1}"


def plan_series(session: Session, chunk_bytes: int, *, embed_cameras: bool) -> tuple[FrameSeries, ...]:
    """Every array of frames that the session's store will hold."""
    planned = []
    for recording, stream in session.streams:
        is_scope = stream.device.kind is DeviceKind.SCOPE
        if stream.n_frames == 0 or stream.picture is None or not (is_scope or embed_cameras):
            continue
        picture = stream.picture
        as_color = not is_scope and picture.is_color
        shape = (stream.n_frames, picture.width_px, picture.height_px, *((3,) if as_color else ()))
        plan = plan_chunks(shape, picture.dtype.itemsize, chunk_bytes)
        name = series_name(session, recording, stream)
        planned.append(FrameSeries(name, recording, stream, plan, picture.dtype, as_color))
    return tuple(planned)


def cut_segments(segments: tuple[Segment, ...], first: int, stop: int) -> tuple[Segment, ...]:
    """The parts of the segments that hold the frames ``[first, stop)`` of their stream.

    Examples
    --------
    >>> from pathlib import Path
    >>> halves = Segment(Path("0.avi"), 0, 10), Segment(Path("1.avi"), 0, 10)
    >>> [(s.path.name, s.first_in_file, s.n_frames) for s in cut_segments(halves, 8, 12)]
    [('0.avi', 8, 2), ('1.avi', 0, 2)]
    """
    parts = []
    begin = 0
    for segment in segments:
        a, b = max(first, begin), min(stop, begin + segment.n_frames)
        if a < b:
            parts.append(Segment(segment.path, segment.first_in_file + a - begin, b - a))
        begin += segment.n_frames
    return tuple(parts)
