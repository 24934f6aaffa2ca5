"""The preview of a session as a movie that browsers and players show: H.264 in an MP4 file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from miniscope_to_nwb_zarr.qc.preview_frames import preview_frames
from miniscope_to_nwb_zarr.qc.preview_plan import RATE_HZ, PreviewPlan

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.qc.preview_frames import Tile

CODEC = "libx264"
# one thread and nothing of the moment in the file: the same recording gives the same bytes
_OPTIONS = {
    "preset": "veryfast",
    "crf": "28",
    "threads": "1",
    # noise would take any number of bytes: 20 seconds are to fit into a page. With mbtree, what was in memory before
    # decides: 60 encodings of the same pictures gave 6 different files, without it one
    "x264-params": "threads=1:vbv-maxrate=450:vbv-bufsize=900:mbtree=0",
}


@dataclass(frozen=True, slots=True, eq=False)
class PreviewTask:
    """A preview to make."""

    path: Path
    plan: PreviewPlan
    tiles: tuple[Tile, ...]


def can_encode() -> bool:
    """Whether this installation of libav has the encoder: builds without GPL parts have not."""
    return CODEC in av.codecs_available


def write_preview(task: PreviewTask) -> None:
    """Write the file. Runs in a worker."""
    task.path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(task.path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as file:
        stream: Any = file.add_stream(CODEC, rate=Fraction(RATE_HZ), options=_OPTIONS)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number, picture in enumerate(preview_frames(task.plan, task.tiles)):
            if number == 0:
                stream.height, stream.width = picture.shape[0] * 2 // 3, picture.shape[1]
            # libav's own conversion from red, green and blue is not the same in every run
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, 1 / Fraction(RATE_HZ)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
