"""An existing video file as what a device recorded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import av
import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class VideoMovie:
    """The frames of a video file; a short one, because all frames are held in memory once one is asked for."""

    path: Path

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Frame `index`, uint8, shape (height, width): the gray plane."""
        return self._frames[index].copy()

    @cached_property
    def _frames(self) -> list[NDArray[np.uint8]]:
        with av.open(str(self.path)) as container:
            pictures = (picture.to_ndarray(format="gray", threads=1) for picture in container.decode(video=0))
            return [picture.astype(np.uint8) for picture in pictures]


def device_of(video: Path, name: str) -> DeviceSpec:
    """A scope that recorded the frames of a video file, at the rate and with the size in the file's header.

    Parameters
    ----------
    video : Path
        A video file of even size.
    name : str
        The device's name.

    Raises
    ------
    InputError
        If the file holds no video, or tells no frame rate.
    """
    with av.open(str(video)) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None or stream.average_rate is None:
            raise InputError(f"{video}: expected a video file with a frame rate in its header; found no such stream")
        n_frames = sum(packet.size > 0 for packet in container.demux(stream))
        codec = stream.codec_context
        return DeviceSpec(
            name=name,
            model="Miniscope_V4",
            width_px=codec.width,
            height_px=codec.height,
            n_frames=n_frames,
            frames_per_file=max(1000, n_frames),
            rate_hz=float(stream.average_rate),
            settings={"compression": str(codec.codec_tag).strip("\0")},
        )
