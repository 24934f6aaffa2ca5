"""What can be told of an FFV1 frame without decoding it."""

from __future__ import annotations

# a slice ends with its size in three bytes and, where it has a checksum, a byte for errors and four of the sum
_SIZE_BYTES = 3
_FOOTER_BYTES = 8
# The first bit of a frame, range coded at even odds, says whether its contexts start afresh. The frames after it, 11 as
# OpenCV writes them, go on from it: decoded alone they give noise, and no error is reported.
_KEY_THRESHOLD = 0x7F80


def is_key(first_bytes: bytes) -> bool:
    """Whether a frame can be decoded without those before it, by the first two bytes of its packet."""
    return int.from_bytes(first_bytes[:2], "big") >= _KEY_THRESHOLD


def slices_fill(packet: bytes) -> bool:
    """Whether the slices of a frame fill its packet; of version 3 and later, where each slice ends with its size.

    Slices are found from the end of the packet. Where a crash has left zeros there, libav takes them for empty slices,
    whose checksum is zero too: it gives a wrong picture and reports no error.
    """
    return has_checksums(packet) or _chain_ends(packet, _SIZE_BYTES)


def has_checksums(packet: bytes) -> bool:
    """Whether slices with checksums fill the packet of a frame."""
    return _chain_ends(packet, _FOOTER_BYTES)


def _chain_ends(packet: bytes, footer: int) -> bool:
    """Whether slices, each before a footer of so many bytes, lead from the end of a packet to its beginning."""
    end = len(packet)
    while end > 0:
        size = int.from_bytes(packet[end - footer : end - footer + _SIZE_BYTES], "big") if end > footer else 0
        if size == 0:
            return False
        end -= size + footer
    return end == 0
