"""What a decoder gave as gray levels or colors, and whether it is gray at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRAY_FORMATS = frozenset({"gray", "gray9le", "gray10le", "gray12le", "gray14le", "gray16le"})
# how far the colour planes of a gray picture may lie from neutral: lossy codecs do not keep them exact
_NEUTRAL_CHROMA = 128
_CHROMA_TOLERANCE = 3
# libav would start threads for each frame: the workers have all cores busy already, and a process that is forked while
# such a frame waits to be collected crashes when it ends threads that it does not have
_THREADS = 1


def to_gray(frame: av.VideoFrame) -> NDArray[Any]:
    """A frame as gray levels, shape (height, width), uint8 or uint16.

    The stored plane for gray formats, one channel where red, green and blue are equal, and otherwise FFmpeg's
    full-range gray.
    """
    if frame.format.name in GRAY_FORMATS:
        return _plane(frame, 0, np.dtype("u1" if frame.format.name == "gray" else "<u2"))
    if frame.format.is_rgb or frame.format.name == "pal8":
        channels = to_color(frame)
        if _channels_are_equal(channels):
            return np.ascontiguousarray(channels[..., 0])
    return _plane(frame.reformat(format="gray", threads=_THREADS), 0, np.dtype("u1"))


def to_color(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A frame as red, green and blue, shape (height, width, 3)."""
    return frame.to_ndarray(format="rgb24", threads=_THREADS).astype(np.uint8, copy=False)


def frame_of(pixels: NDArray[Any]) -> av.VideoFrame:
    """Pixels that were read without libav, gray or blue-green-red, as libav would give them."""
    name = "bgr24" if pixels.ndim == 3 else "gray" if pixels.dtype == np.uint8 else "gray16le"
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=name)


def differs_in_color(frame: av.VideoFrame) -> bool:
    """Whether the channels differ; colours of more than 8 bits, which have no gray of their depth, always do."""
    if frame.format.components[0].bits > 8:
        return frame.format.name not in GRAY_FORMATS
    if frame.format.is_rgb or frame.format.name == "pal8":
        return not _channels_are_equal(to_color(frame))
    planes = frame.reformat(format="yuv444p", threads=_THREADS).to_ndarray()[1:].astype(np.int16)
    return bool(np.abs(planes - _NEUTRAL_CHROMA).max() > _CHROMA_TOLERANCE)


def _channels_are_equal(channels: NDArray[Any]) -> bool:
    return bool(
        np.array_equal(channels[..., 0], channels[..., 1]) and np.array_equal(channels[..., 0], channels[..., 2])
    )


def _plane(frame: av.VideoFrame, index: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A plane of a frame without copying it; it lives as long as the frame."""
    plane = frame.planes[index]
    row = plane.line_size // dtype.itemsize
    values: NDArray[Any] = np.frombuffer(memoryview(plane), dtype)
    return values.reshape(-1, row)[: plane.height, : plane.width]
