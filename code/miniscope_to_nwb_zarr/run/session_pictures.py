"""What people are shown of a session, made by the workers while the NWB file is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.data_conversion.preview_movie import PreviewTask, can_encode, write_preview
from miniscope_to_nwb_zarr.qc.frame_sums import in_order
from miniscope_to_nwb_zarr.qc.preview_frames import MOST_TILES, Tile, choose
from miniscope_to_nwb_zarr.qc.preview_plan import frames_shown
from miniscope_to_nwb_zarr.qc.seen import Look, see

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.data_conversion.camera_pictures import CameraPictures
    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries
    from miniscope_to_nwb_zarr.qc.preview_plan import PreviewPlan
    from miniscope_to_nwb_zarr.qc.seen import SeenFrames
    from miniscope_to_nwb_zarr.run.session_frames import StartedFrames
    from miniscope_to_nwb_zarr.run.session_job import Work

PREVIEW = "qc/preview.mp4"
# a picture of noise takes about a byte for each pixel in a page, and there are up to seven of a series
_PAGE_BYTES, _PER_SERIES = 3_000_000, 7
_LEAST_PX, _MOST_PX = 64, 400
_TILE_PX = 256


@dataclass(frozen=True, slots=True)
class SessionPictures:
    """What there is to show of a session."""

    seen: Mapping[int, SeenFrames]
    """Of scopes, by the place of the stream among those of the session."""
    cameras: Mapping[int, CameraPictures]
    """Of cameras, by the same."""
    previewed: tuple[str, ...]
    """The devices in the preview, in its order; empty where there is none."""
    speed: float
    """Seconds of the recording in a second of the preview."""


@dataclass(frozen=True, slots=True)
class StartedPictures:
    """Pictures that the workers are at."""

    seen: Iterator[tuple[Look, SeenFrames]]
    previews: Iterator[tuple[PreviewTask, None]]
    cameras: Mapping[int, CameraPictures]

    def collect(self) -> SessionPictures:
        """Wait for them."""
        seen = {look.place: result for look, result in self.seen}
        done = [task for task, _ in self.previews]
        tiles = tuple(tile.name for task in done for tile in task.tiles)
        return SessionPictures(seen, self.cameras, tiles, done[0].plan.speed if done else 1.0)


def start_pictures(work: Work, started: StartedFrames, written: Mapping[str, WrittenSeries]) -> StartedPictures:
    """Set the workers to make the pictures, once all frames are decoded."""
    cameras = {task.place: pictures for task, pictures in started.cameras if len(pictures.numbers)}
    places = {id(stream): place for place, (_, stream) in enumerate(work.session.streams)}
    looks = []
    n_scopes = sum(one.sampling is not None for one in started.series)
    for one in started.series:
        sums = written[one.name].sums
        if one.sampling is not None and sums is not None:
            levels = written[one.name].levels
            looks.append(Look(places[id(one.stream)], levels, sums, one.sampling, _side_px(n_scopes)))
    small = {look.place: in_order(look.sums.preview) for look in looks if look.sums.preview}
    tiles = _tiles(work.session, started.preview, small, cameras)
    tasks = [PreviewTask(work.staging / PREVIEW, started.preview, tiles)] if tiles and can_encode() else []
    return StartedPictures(work.pool.run(see, looks), work.pool.run(write_preview, tasks), cameras)


def _side_px(n_series: int) -> int:
    """How large pictures can be, so that a page of all of them can be sent by mail."""
    side = math.isqrt(_PAGE_BYTES // (max(1, n_series) * _PER_SERIES))
    return min(max(side, _LEAST_PX), _MOST_PX)


def _enlarged(pictures: NDArray[np.integer]) -> NDArray[np.integer]:
    """Pictures that can be seen beside those of a camera: each pixel several times, where they are few."""
    n = max(1, _TILE_PX // max(pictures.shape[1:]))
    return pictures.repeat(n, axis=1).repeat(n, axis=2) if n > 1 else pictures


def _tiles(
    session: Session,
    plan: PreviewPlan,
    small: Mapping[int, tuple[NDArray[np.int64], NDArray[np.integer]]],
    cameras: Mapping[int, CameraPictures],
) -> tuple[Tile, ...]:
    """A tile for each device, scopes first, in all recordings in which its pictures are of one size."""
    found: dict[str, Tile] = {}
    order = sorted(enumerate(session.streams), key=lambda one: one[1][1].device.kind is DeviceKind.CAMERA)
    for place, (recording, stream) in order:
        if place in small:
            # upright: rows are the y of the movie
            numbers, pictures = small[place][0], _enlarged(small[place][1].swapaxes(1, 2))
        elif place in cameras:
            numbers, pictures = cameras[place].numbers, cameras[place].pictures
        else:
            continue
        shown = choose(numbers, frames_shown(plan, recording.offset_s + stream.time_s))
        name = stream.device.name
        if name not in found:
            found[name] = Tile(name, shown, pictures)
        elif found[name].pictures.shape[1:] == pictures.shape[1:]:
            before = found[name]
            moved = np.where(shown >= 0, shown + len(before.pictures), before.shown)
            found[name] = Tile(name, moved, np.concatenate([before.pictures, pictures]))
    return tuple(found.values())[:MOST_TILES]
