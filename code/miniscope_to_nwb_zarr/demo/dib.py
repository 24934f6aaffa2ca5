"""Writes uncompressed AVI files byte by byte, as OpenCV did through Video for Windows (fourcc ``DIB ``).

Each packet is a Windows bitmap without its header: rows of blue, green, red or of indices into a palette of 256
colours, from the bottom up, each padded to 4 bytes (reference formats 1.9, 2.2, 3.3). libav's muxer writes other
headers, so its files would not show that these are read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

GRAY_PALETTE = bytes(level for k in range(256) for level in (k, k, k, 0))
"""Blue, green, red and a zero for each of 256 indices: index k is gray level k."""
BITMAP = b"DIB "
# the list of packets begins at the end of a sector of an optical disk
_HEADER_BYTES = 2048
_HAS_INDEX, _IS_KEY = 0x10, 0x10


class _Format(NamedTuple):
    width_px: int
    height_px: int
    bits_per_pixel: int
    is_top_down: bool
    palette: bytes
    rate_hz: int
    fourcc: bytes

    @property
    def packet_bytes(self) -> int:
        return (self.width_px * self.bits_per_pixel + 31) // 32 * 4 * self.height_px


def write_dib(
    path: Path,
    frames: Iterable[NDArray[Any]],
    width_px: int,
    height_px: int,
    bits_per_pixel: int,
    *,
    rate_hz: int = 20,
    fourcc: bytes = BITMAP,
    is_top_down: bool = False,
    palette: bytes = GRAY_PALETTE,
) -> int:
    """Write frames to a new AVI file of bitmaps, one at a time.

    Parameters
    ----------
    path : Path
        Overwritten if it exists.
    frames : iterable of arrays, shape (height_px, width_px) or (height_px, width_px, 3)
        Gray or blue-green-red; none leaves a file of a header, an empty list and an empty index.
    width_px, height_px : int
        Size of the frames; odd sizes are kept.
    bits_per_pixel : int
        8: indices into the palette. 16: gray levels, in what a reader must take for colours of 5 bits. 24: BGR.
    rate_hz : int
        Frames per second in the header.
    fourcc : bytes
        ``DIB `` for bitmaps; another stands in the header as the name of the compression, though there is none.
    is_top_down : bool
        Rows begin at the top, which a negative height in the header tells.
    palette : bytes
        256 times blue, green, red and a zero. It stands behind the header in all three cases.

    Returns
    -------
    int
        The number of frames written.
    """
    wanted = _Format(width_px, height_px, bits_per_pixel, is_top_down, palette, rate_hz, fourcc)
    with path.open("wb") as file:
        file.write(bytes(_HEADER_BYTES))
        count = 0
        for frame in frames:
            file.write(_chunk(b"00db", _packet(frame, wanted)))
            count += 1
        _write_index(file, count, wanted.packet_bytes)
        size = file.tell()
        file.seek(0)
        file.write(_header(wanted, count, size))
    return count


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body


def _packet(frame: NDArray[Any], wanted: _Format) -> bytes:
    if wanted.bits_per_pixel == 24 and frame.ndim == 2:
        frame = frame[..., None].repeat(3, axis=2)
    dtype = np.dtype("<u2" if wanted.bits_per_pixel == 16 else "u1")
    rows = np.ascontiguousarray(frame, dtype).reshape(wanted.height_px, -1).view(np.uint8)
    padding = -rows.shape[1] % 4
    rows = np.pad(rows, ((0, 0), (0, padding)))
    return (rows if wanted.is_top_down else rows[::-1]).tobytes()


def _write_index(file: BinaryIO, count: int, packet_bytes: int) -> None:
    """Offsets count from the word `movi`, which stands 4 bytes before the first packet."""
    step = 8 + packet_bytes
    entries = (struct.pack("<4sIII", b"00db", _IS_KEY, 4 + k * step, packet_bytes) for k in range(count))
    file.write(_chunk(b"idx1", b"".join(entries)))


def _header(wanted: _Format, count: int, size: int) -> bytes:
    """All that stands before the first packet."""
    main = struct.pack(
        "<10I16x",
        1_000_000 // wanted.rate_hz,
        wanted.packet_bytes * wanted.rate_hz,
        0,
        _HAS_INDEX,
        count,
        0,
        1,
        wanted.packet_bytes,
        wanted.width_px,
        wanted.height_px,
    )
    # OpenCV asks for the finest scale
    scale = 0x7FFFFFFF // wanted.rate_hz
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4h",
        *(b"vids", wanted.fourcc, 0, 0, 0, 0, scale, scale * wanted.rate_hz, 0, count, wanted.packet_bytes, 10_000, 0),
        *(0, 0, wanted.width_px, wanted.height_px),
    )
    height = -wanted.height_px if wanted.is_top_down else wanted.height_px
    compression = bytes(4) if wanted.fourcc == BITMAP else wanted.fourcc
    # no number of colours: all that there are
    bitmap = struct.pack("<IiiHH4s20x", 40, wanted.width_px, height, 1, wanted.bits_per_pixel, compression)
    strl = b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", bitmap + wanted.palette)
    header = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", main) + _chunk(b"LIST", strl))
    packets = 4 + count * (8 + wanted.packet_bytes)
    padding = _HEADER_BYTES - 12 - len(header) - 8 - 12
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", size - 8, b"AVI "),
            header,
            _chunk(b"JUNK", bytes(padding)),
            struct.pack("<4sI4s", b"LIST", packets, b"movi"),
        )
    )
