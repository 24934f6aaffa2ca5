"""The frames of the lists in which a video goes on beyond its first gigabyte, by the index that each list has.

Without it they are found from packet to packet, which a video in a bucket would be fetched for.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.opened import OpenedFile

_HEAD = struct.Struct("<HBBI4s")
_SUPER_BYTES, _LIST_BYTES = 24, 24
_OF_INDICES, _OF_CHUNKS = 0, 1
_NOT_KEY = 0x80000000
_ENTRY = np.dtype([("offset", "<u4"), ("size", "<u4")])


@dataclass(frozen=True, slots=True, eq=False)
class ListedFrames:
    """The frames of one list."""

    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    next_at: int
    """Where the next list begins."""


def read_super_index(body: bytes) -> tuple[int, ...]:
    """Where the index of each list is, by the chunk `indx` of a stream; none where that is of another kind."""
    if len(body) < _SUPER_BYTES:
        return ()
    _, _, kind, n_entries, _ = _HEAD.unpack_from(body)
    if kind != _OF_INDICES:
        return ()
    places = range(_SUPER_BYTES, min(len(body) // 16 * 16, _SUPER_BYTES + 16 * n_entries), 16)
    return tuple(struct.unpack_from("<Q", body, at)[0] for at in places if at + 16 <= len(body))


def frames_of_list(
    file: OpenedFile, at: int, indices: Sequence[int], frame_ids: Sequence[bytes]
) -> ListedFrames | None:
    """The frames of the list that begins at `at`; None where its index does not fit its packets, or there is none.

    Parameters
    ----------
    file : OpenedFile
    at : int
    indices : sequence of int
        Of `read_super_index`.
    frame_ids : sequence of bytes
        What packets of frames are called.
    """
    head = file.read_at(_LIST_BYTES, at)
    if len(head) < _LIST_BYTES or head[:4] != b"RIFF" or head[8:16] != b"AVIXLIST" or head[20:] != b"movi":
        return None
    riff_size, movi_size = struct.unpack_from("<I", head, 4)[0], struct.unpack_from("<I", head, 16)[0]
    movi, end = at + _LIST_BYTES, at + 20 + movi_size
    inside = [place for place in indices if movi <= place < end]
    next_at = at + 8 + riff_size + (riff_size & 1)
    if len(inside) != 1 or next_at > file.size_bytes + 1:
        return None
    found = _read_index(file, inside[0], end, frame_ids)
    if found is None:
        return None
    offsets, sizes = found
    ends = offsets + sizes + (sizes & 1)
    # as in the index of the first list: a packet that is left out would shift all that follow
    fits = offsets[0] == movi + 8 and ends[-1] == inside[0] and not np.any(ends[:-1] + 8 != offsets[1:])
    is_there = fits and all(_is_packet(file, int(offsets[k]), int(sizes[k]), frame_ids) for k in (0, -1))
    return ListedFrames(offsets, sizes, next_at) if is_there else None


def _read_index(
    file: OpenedFile, at: int, end: int, frame_ids: Sequence[bytes]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    head = file.read_at(8 + _SUPER_BYTES, at)
    if len(head) < 8 + _SUPER_BYTES or not head.startswith(b"ix"):
        return None
    _, _, kind, n_entries, chunk_id = _HEAD.unpack_from(head, 8)
    base = struct.unpack_from("<Q", head, 20)[0]
    if kind != _OF_CHUNKS or chunk_id not in frame_ids or at + 32 + 8 * n_entries > end or not n_entries:
        return None
    entries = np.frombuffer(file.read_at(8 * n_entries, at + 32), _ENTRY)
    if len(entries) < n_entries:
        return None
    return entries["offset"].astype(np.int64) + base, (entries["size"] & ~np.uint32(_NOT_KEY)).astype(np.int64)


def _is_packet(file: OpenedFile, offset: int, size: int, frame_ids: Sequence[bytes]) -> bool:
    packet = file.read_at(8, offset - 8)
    return packet[:4] in frame_ids and int.from_bytes(packet[4:], "little") == size
