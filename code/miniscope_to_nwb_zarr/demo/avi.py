"""Writes AVI files as acquisition software does: through FFmpeg, or as Video for Windows did (`demo.dib`)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import av
import numpy as np

from miniscope_to_nwb_zarr.demo.dib import write_dib

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

HEADER_RATE_HZ = 60
"""Miniscope-DAQ-QT asks for 60 frames/s whatever the sensor does (reference formats 1.9)."""
_BY_HAND = ""


class _Format(NamedTuple):
    fourcc: str
    codec: str
    pixel_format: str
    bits_per_pixel: int = 0
    b_frames: int = 0
    is_top_down: bool = False


class Encoding(Enum):
    """How frames are stored; the first four letters are the `compression` of the settings file."""

    # Miniscope-DAQ-QT
    FFV1 = _Format("FFV1", "ffv1", "gray")
    FFV1_YUV420P = _Format("FFV1", "ffv1", "yuv420p")
    """Gray frames as older OpenCV builds stored them: luma of limited range, 16-235."""
    FFV1_BGR = _Format("FFV1", "ffv1", "bgr0")
    GREY = _Format("GREY", "rawvideo", "gray")
    MJPG = _Format("MJPG", "mjpeg", "yuvj420p", 3)
    XVID = _Format("XVID", "mpeg4", "yuv420p", 1)
    # V3 software and ONIX, through Video for Windows
    DIB = _Format("DIB ", _BY_HAND, "pal8", 8)
    """Indices into a palette of 256 grays, rows from the bottom up."""
    DIB_TOP_DOWN = _Format("DIB ", _BY_HAND, "pal8", 8, is_top_down=True)
    DIB_BGR = _Format("DIB ", _BY_HAND, "bgr24", 24)
    DIB_GRAY16 = _Format("DIB ", _BY_HAND, "gray16le", 16)
    """Gray levels of 16 bits in a file that says nothing of them: readers take them for colours."""
    # Bonsai
    Y800 = _Format("Y800", "rawvideo", "gray")
    Y16 = _Format("Y16 ", _BY_HAND, "gray16le", 16, is_top_down=True)
    FMP4 = _Format("FMP4", "mpeg4", "yuv420p", 1)
    # re-encoded copies
    FFV1_GRAY10 = _Format("FFV1", "ffv1", "gray10le")
    FFV1_GRAY12 = _Format("FFV1", "ffv1", "gray12le")
    FFV1_GRAY16 = _Format("FFV1", "ffv1", "gray16le")
    H264 = _Format("H264", "libx264", "yuv420p")
    H264_B_FRAMES = _Format("H264", "libx264", "yuv420p", b_frames=2)
    """Pictures stand in another order than they are shown in."""
    XVID_B_FRAMES = _Format("XVID", "mpeg4", "yuv420p", 1, b_frames=2)

    @property
    def fourcc(self) -> str:
        """The four characters in the file's header."""
        return self.value.fourcc

    @property
    def is_exact(self) -> bool:
        """Whether the frames read back are the frames written."""
        return self.value.codec in {_BY_HAND, "ffv1", "rawvideo"} and self is not Encoding.FFV1_YUV420P

    @property
    def keeps_odd_sizes(self) -> bool:
        """Whether an odd last column or row is stored; OpenCV's writer through FFmpeg drops it (`even`)."""
        return self.value.codec == _BY_HAND

    @property
    def bit_depth(self) -> int:
        """Bits of a gray level."""
        name = self.value.pixel_format
        return int(name.removeprefix("gray").removesuffix("le")) if name.endswith("le") else 8


def even(size_px: int) -> int:
    """The largest even size that is not larger: OpenCV's writer drops an odd last column or row."""
    return size_px & ~1


def write_avi(
    path: Path,
    frames: Iterable[NDArray[Any]],
    width_px: int,
    height_px: int,
    encoding: Encoding = Encoding.FFV1,
    rate_hz: int = HEADER_RATE_HZ,
) -> int:
    """Write frames to a new AVI file, one at a time.

    Parameters
    ----------
    path : Path
        Overwritten if it exists.
    frames : iterable of uint8 or uint16 arrays, shape (height_px, width_px) or (height_px, width_px, 3)
        Gray or blue-green-red. Encodings of more than 8 bits take gray levels below ``2 ** encoding.bit_depth`` as
        they are. None leaves a closed file without a frame.
    width_px, height_px : int
        Size of the frames. An odd last column or row is stored only where `Encoding.keeps_odd_sizes`.
    encoding : Encoding
        Codec and pixel format.
    rate_hz : int
        Frames per second in the header, whatever the stamps are.

    Returns
    -------
    int
        The number of frames written.
    """
    wanted = encoding.value
    if wanted.codec == _BY_HAND:
        size = width_px, height_px, wanted.bits_per_pixel
        code = wanted.fourcc.encode()
        return write_dib(path, frames, *size, rate_hz=rate_hz, fourcc=code, is_top_down=wanted.is_top_down)
    count = 0
    with av.open(str(path), "w", format="avi") as container:
        stream = _add_stream(container, even(width_px), even(height_px), wanted, rate_hz)
        container.start_encoding()
        for frame in frames:
            picture = _picture(frame[: even(height_px), : even(width_px)], encoding)
            picture.pts = count
            container.mux(stream.encode(picture))
            count += 1
        if count:
            container.mux(stream.encode(None))
    return count


def _picture(pixels: NDArray[Any], encoding: Encoding) -> av.VideoFrame:
    wanted = encoding.value.pixel_format
    if encoding.bit_depth > 8:
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels, "<u2"), format=wanted)
    pixels = np.ascontiguousarray(pixels)
    picture = av.VideoFrame.from_ndarray(pixels, format="gray" if pixels.ndim == 2 else "bgr24")
    return picture if picture.format.name == wanted else picture.reformat(format=wanted, threads=1)


def _add_stream(
    container: Any,  # noqa: ANN401 - av has no types
    width_px: int,
    height_px: int,
    wanted: _Format,
    rate_hz: int,
) -> Any:  # noqa: ANN401
    stream = container.add_stream(wanted.codec, rate=rate_hz)
    stream.width, stream.height, stream.pix_fmt = width_px, height_px, wanted.pixel_format
    stream.codec_context.codec_tag = wanted.fourcc
    # one thread: the slices of FFV1, and so the bytes of the file, must not depend on the machine
    stream.codec_context.thread_count = 1
    stream.codec_context.max_b_frames = wanted.b_frames
    if wanted.bits_per_pixel:
        stream.codec_context.bit_rate = wanted.bits_per_pixel * rate_hz * width_px * height_px
    return stream
