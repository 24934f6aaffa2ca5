"""Writes AVI files as the acquisition software does: through FFmpeg, 60 frames/s in the header, intra codecs."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import av

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

HEADER_RATE_HZ = 60
"""The acquisition software asks for 60 frames/s whatever the sensor does (reference formats 1.9)."""


class _Format(NamedTuple):
    fourcc: str
    codec: str
    pixel_format: str
    bits_per_pixel: int


class Encoding(Enum):
    """How frames are stored; the first four letters are the `compression` of the settings file."""

    FFV1 = _Format("FFV1", "ffv1", "gray", 0)
    FFV1_YUV420P = _Format("FFV1", "ffv1", "yuv420p", 0)
    """Gray frames as older OpenCV builds stored them: luma of limited range, 16-235."""
    FFV1_BGR = _Format("FFV1", "ffv1", "bgr0", 0)
    GREY = _Format("GREY", "rawvideo", "gray", 0)
    MJPG = _Format("MJPG", "mjpeg", "yuvj420p", 3)
    XVID = _Format("XVID", "mpeg4", "yuv420p", 1)

    @property
    def fourcc(self) -> str:
        """The four characters in the file's header."""
        return self.value.fourcc

    @property
    def is_exact(self) -> bool:
        """Whether the frames read back are the frames written."""
        return self in {Encoding.FFV1, Encoding.FFV1_BGR, Encoding.GREY}


def even(size_px: int) -> int:
    """The largest even size that is not larger: OpenCV's writer drops an odd last column or row."""
    return size_px & ~1


def write_avi(
    path: Path, frames: Iterable[NDArray[np.uint8]], width_px: int, height_px: int, encoding: Encoding = Encoding.FFV1
) -> int:
    """Write frames to a new AVI file, one at a time.

    Parameters
    ----------
    path : Path
        Overwritten if it exists.
    frames : iterable of uint8 arrays, shape (height_px, width_px) or (height_px, width_px, 3)
        Gray or blue-green-red.
    width_px, height_px : int
        Size of the frames. An odd last column or row is not stored (`even`).
    encoding : Encoding
        Codec and pixel format.

    Returns
    -------
    int
        The number of frames written.
    """
    count = 0
    with av.open(str(path), "w", format="avi") as container:
        stream = _add_stream(container, even(width_px), even(height_px), encoding.value)
        for frame in frames:
            pixels = frame[: even(height_px), : even(width_px)]
            picture = av.VideoFrame.from_ndarray(_contiguous(pixels), format="gray" if pixels.ndim == 2 else "bgr24")
            if picture.format.name != encoding.value.pixel_format:
                picture = picture.reformat(format=encoding.value.pixel_format)
            picture.pts = count
            container.mux(stream.encode(picture))
            count += 1
        container.mux(stream.encode(None))
    return count


def _contiguous(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels if pixels.flags.c_contiguous else pixels.copy()


def _add_stream(container: Any, width_px: int, height_px: int, wanted: _Format) -> Any:  # noqa: ANN401 - av has no types
    stream = container.add_stream(wanted.codec, rate=HEADER_RATE_HZ)
    stream.width, stream.height, stream.pix_fmt = width_px, height_px, wanted.pixel_format
    stream.codec_context.codec_tag = wanted.fourcc
    # one thread: the slices of FFV1, and so the bytes of the file, must not depend on the machine
    stream.codec_context.thread_count = 1
    if wanted.bits_per_pixel:
        stream.codec_context.bit_rate = wanted.bits_per_pixel * HEADER_RATE_HZ * width_px * height_px
    return stream
