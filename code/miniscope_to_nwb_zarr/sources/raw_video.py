"""Uncompressed frames whose header libav does not know how to read, or whose palette does not reach its decoder.

These are Windows bitmaps (fourcc ``DIB ``: the V3 software and ONIX), which may be indices into a palette and lie from
the bottom up, and gray levels under names that mean something else to libav (reference formats 1.9, 2.2, 3.3).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER_BYTES = 40
_BITMAP = b"\0\0\0\0"
# planar colours by name; OpenCV stores gray frames under it as the first plane alone
_PLANAR = {b"I420", b"IYUV", b"YV12"}
_LEVELS = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class RawFormat:
    """Where the pixels of a frame are in its packet.

    Attributes
    ----------
    bits_per_pixel : int
        8: gray levels or indices. 16: gray levels, or colours of 5 bits. 24 and 32: blue, green, red.
    is_bottom_up : bool
        The last row of the frame is stored first.
    palette : uint8, shape (256, 3)
        Blue, green and red of each index; levels of gray where the file has none.
    is_surely_gray : bool
        The file says that its 16 bits are gray levels.
    """

    width_px: int
    height_px: int
    bits_per_pixel: int
    is_bottom_up: bool
    palette: NDArray[np.uint8]
    is_surely_gray: bool = False

    def pixels(self, packet: bytes | memoryview) -> NDArray[Any] | None:
        """The frame in a packet, top row first; None where the packet is too short for one.

        Returns
        -------
        uint8 or uint16 array, shape (height_px, width_px), or uint8, shape (height_px, width_px, 3)
            Gray; or blue, green and red.
        """
        data = np.frombuffer(packet, np.uint8)
        used = self.width_px * self.bits_per_pixel // 8
        # bitmaps pad each row to 4 bytes; some writers do not
        row = next((n for n in (used + -used % 4, used) if n * self.height_px <= len(data)), None)
        if row is None:
            return None
        rows = data[: row * self.height_px].reshape(self.height_px, row)[:, :used]
        if self.is_bottom_up:
            rows = rows[::-1]
        if self.bits_per_pixel == 8:
            return self._levels_of(rows)
        rows = np.ascontiguousarray(rows)
        if self.bits_per_pixel == 16:
            return rows.view("<u2")
        return rows.reshape(self.height_px, self.width_px, -1)[..., :3]

    def _levels_of(self, indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        blue, green, red = self.palette.T
        if not np.array_equal(blue, green) or not np.array_equal(blue, red):
            colors: NDArray[np.uint8] = self.palette[indices]
            return colors
        return indices if np.array_equal(blue, _LEVELS) else blue[indices]


def raw_format(stream_format: bytes) -> RawFormat | None:
    """How to read packets, by the stream's format in the header (`strf`); None where libav reads them.

    Raises
    ------
    ValueError
        A bitmap of fewer than 8 bits a pixel.
    """
    if len(stream_format) < _HEADER_BYTES:
        return None
    begin, width, height, _, bits, compression, *_, n_colors = struct.unpack_from("<IiiHH4sIiiI", stream_format)
    if width <= 0 or height == 0:
        return None
    if compression == b"Y16 " and bits == 16:
        return RawFormat(width, abs(height), bits, is_bottom_up=False, palette=_gray(), is_surely_gray=True)
    if compression in _PLANAR and bits == 8:
        return RawFormat(width, abs(height), bits, is_bottom_up=False, palette=_gray())
    if compression != _BITMAP:
        return None
    if bits not in {8, 16, 24, 32}:
        raise ValueError(f"bitmaps of {bits} bits a pixel; expected 8, 16, 24 or 32")
    return RawFormat(
        width, abs(height), bits, is_bottom_up=height > 0, palette=_palette(stream_format, begin, n_colors)
    )


def _gray() -> NDArray[np.uint8]:
    return _LEVELS[:, None].repeat(3, axis=1)


def _palette(stream_format: bytes, begin: int, n_colors: int) -> NDArray[np.uint8]:
    """The colours behind the header; 0 of them stands for all 256."""
    stored = np.frombuffer(stream_format[max(begin, _HEADER_BYTES) :], np.uint8)[: 4 * (n_colors or 256)]
    colors = stored[: len(stored) // 4 * 4].reshape(-1, 4)[:256, :3]
    palette = _gray()
    palette[: len(colors)] = colors
    return palette
