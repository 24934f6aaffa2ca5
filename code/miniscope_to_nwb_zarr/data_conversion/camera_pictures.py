"""Some pictures of a behaviour camera, for people: its files are copied as they are, and not decoded as a whole."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.qc.frame_sums import binned, in_order
from miniscope_to_nwb_zarr.sources.avi import NotAnAviError
from miniscope_to_nwb_zarr.sources.video import INTRA_CODECS, UndecodableError, VideoFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import Stream

_MOST_SIDE_PX = 320
# decoding takes about half a second
_MOST_PIXELS = 60_000_000
_FEWEST, _MOST = 8, 200
_THUMBNAILS = 5


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """Where a frame of a camera is."""

    number: int
    """In the series."""
    path: Path
    in_file: int


@dataclass(frozen=True, slots=True)
class CameraTask:
    """The frames of a camera to decode, in their order."""

    place: int
    """Of the stream among those of the session."""
    frames: tuple[CameraFrame, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CameraPictures:
    """What was decoded.

    Attributes
    ----------
    numbers : int64, shape (n,)
        Of the frames, in the series.
    pictures : uint8, shape (n, height, width, 3)
    """

    numbers: NDArray[np.int64]
    pictures: NDArray[np.uint8]

    def thumbnails(self) -> list[int]:
        """Which of the pictures stand for all: the first, the last, and some between."""
        n = len(self.numbers)
        return sorted({round(k * (n - 1) / (_THUMBNAILS - 1)) for k in range(_THUMBNAILS)}) if n else []


def plan_camera(place: int, stream: Stream, shown: NDArray[np.int64]) -> CameraTask:
    """Which frames to decode.

    Parameters
    ----------
    place : int
        Of the stream among those of the session.
    stream : Stream
    shown : int64, shape (n,)
        The frames that the preview asks for. Where frames depend on others, the first one of each file is taken.
    """
    picture = stream.picture
    if picture is None or not stream.n_frames:
        return CameraTask(place, ())
    if picture.codec in INTRA_CODECS:
        wanted = np.unique(np.concatenate([shown[shown >= 0], [0, stream.n_frames - 1]]))
    else:
        firsts = np.cumsum([0, *(segment.n_frames for segment in stream.segments)])[:-1]
        begins = [segment.first_in_file == 0 for segment in stream.segments]
        wanted = firsts[np.array(begins, bool)]
    most = int(np.clip(_MOST_PIXELS // (picture.width_px * picture.height_px), _FEWEST, _MOST))
    if len(wanted) > most:
        wanted = wanted[np.linspace(0, len(wanted) - 1, most).round().astype(np.int64)]
    return CameraTask(place, tuple(_locate(stream, wanted)))


def _locate(stream: Stream, wanted: Sequence[int] | NDArray[np.int64]) -> list[CameraFrame]:
    firsts = np.cumsum([0, *(segment.n_frames for segment in stream.segments)])
    found = []
    for number in wanted:
        which = int(np.searchsorted(firsts, number, side="right")) - 1
        segment = stream.segments[which]
        found.append(CameraFrame(int(number), segment.path, segment.first_in_file + int(number - firsts[which])))
    return found


def take_pictures(task: CameraTask) -> CameraPictures:
    """Decode them; one that cannot be decoded is left out. Runs in a worker."""
    taken: dict[int, NDArray[np.uint8]] = {}
    for path, frames in groupby(task.frames, lambda frame: frame.path):
        # what is wrong with the file was found when the recording was looked at
        with suppress(UndecodableError, NotAnAviError), VideoFile(path, as_color=True) as video:
            for frame in frames:
                decoded = video.read(frame.in_file)
                if decoded.array is not None and not decoded.is_damaged:
                    taken[frame.number] = binned(decoded.array, -(-max(decoded.array.shape[:2]) // _MOST_SIDE_PX))
    shapes = {picture.shape for picture in taken.values()}
    if len(shapes) != 1:
        return CameraPictures(np.empty(0, np.int64), np.empty((0, 0, 0, 3), np.uint8))
    return CameraPictures(*in_order(taken))
