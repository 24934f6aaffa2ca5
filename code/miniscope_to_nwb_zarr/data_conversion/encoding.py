"""How chunks of frames are compressed.

Sensor noise is what fills a store. Measured on 600 x 600 frames of a simulated scope and on a real video, on one core
(scripts/benchmark.py --only codecs): the difference to the pixel before it along a column takes the smooth background
away (to 0.54 of the raw size instead of 0.69), after which zstd's fastest level packs as well as its slower ones.
Differences of 16-bit words (two pixels at a time) cost 0-6 % of size against differences of bytes and read back 1.3 to
1.5 times as fast. Blosc's blocks of 512 kB instead of its own choice of 32 kB encode 1.5 to 1.9 times and read back 1.3
times as fast. Levels of 16 bits have high bytes that hardly change: apart from the low ones they pack to 0.49 (10 bits
used) and 0.77 (all used) of the raw size instead of 0.57 and 0.87.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numcodecs import Blosc, Delta

if TYPE_CHECKING:
    import numpy as np

_BLOCK_BYTES = 1 << 19


@dataclass(frozen=True, slots=True)
class Encoding:
    """The codecs of an array of frames."""

    compressor: Blosc
    filters: tuple[Delta, ...]


def encode_frames(level: int, chunks: tuple[int, ...], dtype: np.dtype[Any]) -> Encoding:
    """Blosc-zstd of the given level behind a delta filter, for an array of (frame, x, y).

    Frames in colour, (frame, x, y, channel), have no delta filter: the value before is of another channel.
    """
    shuffle = Blosc.SHUFFLE if dtype.itemsize > 1 else Blosc.NOSHUFFLE
    compressor = Blosc(cname="zstd", clevel=level, shuffle=shuffle, blocksize=_BLOCK_BYTES)
    if len(chunks) > 3:
        return Encoding(compressor, ())
    is_whole_words = chunks[-1] * dtype.itemsize % 2 == 0
    return Encoding(compressor, (Delta("<u2" if is_whole_words else "|u1"),))


def encode_table() -> Blosc:
    """Compressor of everything that is not frames: stamps, counters, tables."""
    return Blosc(cname="zstd", clevel=5, shuffle=Blosc.SHUFFLE)


def encode_array(level: int, n_axes: int, dtype: np.dtype[Any]) -> Encoding:
    """Codecs of a large array of numbers of an NWB file, none of which loses a bit.

    Measured on LFP as the Allen's files have it, on time stamps, spike times and two-photon frames, on one core
    (scripts/benchmark.py --only nwb). Differences are those of the bits, taken as whole numbers: stamps pack to a 300th
    instead of a 60th, spike times to 0.70 instead of 0.76, channels that lie in a chunk one after the other to 0.61
    instead of 0.74. Frames of photons gain nothing by them, and are packed bit by bit twice as fast as byte by byte
    with differences.
    """
    is_number = dtype.kind in "iuf" and dtype.itemsize > 1
    delta = (Delta(dtype.str.replace("i", "u").replace("f", "u")),) if is_number and n_axes < 3 else ()
    by_bits = dtype.names is None and n_axes != 2
    shuffle = Blosc.BITSHUFFLE if by_bits else Blosc.SHUFFLE
    return Encoding(Blosc(cname="zstd", clevel=level, shuffle=shuffle, blocksize=_BLOCK_BYTES), delta)
