"""Where the frames of an AVI file are, found from the container alone: nothing is decoded.

Acquisition software is killed, disks fill up: the counts in an AVI header are written when the file is closed, and are
wrong or zero in a file that never was. So frames are counted by their packets, through the index where there is one and
by walking from packet to packet where there is none. Files beyond 1 GB continue in further RIFF lists (OpenDML).
"""

from __future__ import annotations

import re
import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.avi_lists import frames_of_list, read_super_index
from miniscope_to_nwb_zarr.sources.opened import open_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.opened import OpenedFile

_CONTAINERS = (b"RIFF", b"LIST")
_INDEX_ENTRY = np.dtype([("id", "S4"), ("flags", "<u4"), ("offset", "<u4"), ("size", "<u4")])
_FRAME_SUFFIXES = (b"dc", b"db")
# what stands among packets: frames, palettes, sound and text of any stream, indices, padding
_PASSED = re.compile(rb"[0-9]{2}(?:dc|db|pc|wb|tx)|ix[0-9]{2}|idx1|indx|JUNK")


class NotAnAviError(ValueError):
    """The file is no AVI file, its header is damaged beyond use, or it is beyond the limits."""


@dataclass(frozen=True, slots=True)
class AviScan:
    """The frames of one AVI file.

    Attributes
    ----------
    offsets, sizes : int64, shape (n_frames,)
        Where the data of each frame's packet begins in the file and how long it is, in bytes. Complete packets only.
    is_closed : bool
        The writer closed the file: it has an index.
    cut_bytes : int
        Bytes of a last packet that is not all there.
    header_frames : int
        What the header claims.
    stream_format : bytes
        How the header describes a frame (`strf`): a bitmap header and what follows it.
    changes_palette : bool
        There are packets that change the palette from some frame on.
    """

    width_px: int
    height_px: int
    fourcc: str
    header_rate_hz: float
    header_frames: int
    is_closed: bool
    cut_bytes: int
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    stream_format: bytes
    changes_palette: bool

    @property
    def n_frames(self) -> int:
        """Complete frame packets in the file."""
        return len(self.offsets)


@dataclass(slots=True)
class _Header:
    width_px: int = 0
    height_px: int = 0
    fourcc: str = ""
    rate_hz: float = 0.0
    frames: int = 0
    stream: int = -1
    movi: int = 0
    n_streams: int = 0
    stream_format: bytes = b""
    is_complete: bool = False
    """The file is as long as its first list says."""
    indices: tuple[int, ...] = ()
    """Where the index of each further list is."""


@dataclass(frozen=True, slots=True, eq=False)
class _Packets:
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    sizes: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    change_palette: bool = False


def scan_avi(path: Path) -> AviScan:
    """Find every frame packet of an AVI file.

    Raises
    ------
    NotAnAviError
        The file is empty, no AVI, has no video stream, or more or larger frames than the limits allow.
    OSError
        The file cannot be read.
    """
    file = open_file(path)
    try:
        size = file.size_bytes
        header = _read_header(file, size)
        frame_ids = tuple(b"%02d%s" % (header.stream, suffix) for suffix in _FRAME_SUFFIXES)
        indexed, is_closed, next_riff = _from_index(file, size, header, frame_ids)
        parts = [indexed] if indexed else []
        while indexed and (listed := frames_of_list(file, next_riff, header.indices, frame_ids)):
            parts.append(_Packets(listed.offsets, listed.sizes))
            next_riff = listed.next_at
        walked, cut_bytes = _walk(file, next_riff if indexed else header.movi, size, frame_ids)
    finally:
        file.close()
    parts.append(walked)
    sizes = np.concatenate([part.sizes for part in parts])
    if len(sizes) and sizes.max() > limits.FRAME_BYTES.value:
        raise NotAnAviError(f"a frame of {sizes.max():,} bytes; {limits.FRAME_BYTES.remedy}")
    return AviScan(
        width_px=header.width_px,
        height_px=header.height_px,
        fourcc=header.fourcc,
        header_rate_hz=header.rate_hz,
        header_frames=header.frames,
        is_closed=is_closed,
        cut_bytes=cut_bytes,
        offsets=np.concatenate([part.offsets for part in parts]),
        sizes=sizes,
        stream_format=header.stream_format,
        changes_palette=any(part.change_palette for part in parts),
    )


def _read_header(file: OpenedFile, size: int) -> _Header:
    start = file.read_at(12, 0)
    if size == 0:
        raise NotAnAviError("the file is empty")
    if start[:4] != b"RIFF" or start[8:12] != b"AVI ":
        raise NotAnAviError("the file does not begin as an AVI file does")
    header = _Header(is_complete=abs(8 + struct.unpack("<I", start[4:8])[0] - size) <= 1)
    pos = 12
    while pos + 12 <= min(size, limits.AVI_HEADER_BYTES):
        chunk = file.read_at(12, pos)
        if chunk[:4] in _CONTAINERS:
            pos += 12
            if chunk[8:12] == b"movi":
                header.movi = pos
                break
            continue
        length = struct.unpack("<I", chunk[4:8])[0]
        if chunk[:4] in {b"avih", b"strh", b"strf", b"dmlh", b"indx"}:
            _take_header_chunk(header, chunk[:4], file.read_at(min(length, limits.AVI_FORMAT_BYTES), pos + 8))
        pos += 8 + length + (length & 1)
    if header.movi == 0 or header.stream < 0:
        raise NotAnAviError("no video stream was found in the header")
    return header


def _take_header_chunk(header: _Header, name: bytes, body: bytes) -> None:
    if name == b"avih" and len(body) >= 40:
        header.frames = struct.unpack_from("<I", body, 16)[0]
    elif name == b"dmlh" and len(body) >= 4:
        # of all RIFF lists together; `avih` counts those of the first
        header.frames = struct.unpack_from("<I", body)[0]
    elif name == b"strh" and len(body) >= 36:
        if body[:4] == b"vids" and header.stream < 0:
            header.stream = header.n_streams
            header.fourcc = body[4:8].decode("latin-1").strip("\0 ")
            scale, rate = struct.unpack_from("<II", body, 20)
            header.rate_hz = rate / scale if scale else 0.0
        header.n_streams += 1
    elif name == b"indx" and header.stream == header.n_streams - 1 and not header.indices:
        header.indices = read_super_index(body)
    elif name == b"strf" and header.stream == header.n_streams - 1 and header.width_px == 0 and len(body) >= 40:
        width, height = struct.unpack_from("<ii", body, 4)
        # a negative height means that the rows are stored from the top
        header.width_px, header.height_px = width, abs(height)
        header.fourcc = body[16:20].decode("latin-1").strip("\0 ") or header.fourcc
        header.stream_format = body


def _from_index(
    file: OpenedFile, size: int, header: _Header, frame_ids: tuple[bytes, ...]
) -> tuple[_Packets | None, bool, int]:
    """Frames by the `idx1` index of the first RIFF list, None if it cannot be used.

    Returns
    -------
    packets : _Packets or None
    is_closed : bool
        There is an index, or the file is complete and holds no packet.
    next_riff : int
        Where the next list begins.
    """
    movi = header.movi
    riff_size, movi_size = (struct.unpack("<I", file.read_at(4, at))[0] for at in (4, movi - 8))
    next_riff = 8 + riff_size + (riff_size & 1)
    index_at = movi - 4 + movi_size + (movi_size & 1)
    name = file.read_at(8, index_at)
    while name[:4] == b"JUNK" and len(name) == 8:
        index_at += 8 + struct.unpack("<I", name[4:])[0]
        name = file.read_at(8, index_at)
    is_empty = movi_size <= 4
    if name[:4] != b"idx1" or len(name) < 8 or 8 + riff_size > size + 1:
        # a program that was killed leaves no sizes in the header
        is_closed = is_empty and header.is_complete
        return _Packets() if is_closed else None, is_closed, next_riff
    _refuse_beyond(struct.unpack("<I", name[4:])[0] // _INDEX_ENTRY.itemsize)
    body = file.read_at(struct.unpack("<I", name[4:])[0], index_at + 8)
    entries = np.frombuffer(body[: len(body) // 16 * 16], _INDEX_ENTRY)
    if len(entries) == 0:
        return _Packets() if is_empty else None, True, next_riff
    return _from_entries(file, entries, movi, index_at, frame_ids), True, next_riff


def _from_entries(
    file: OpenedFile, entries: NDArray[Any], movi: int, index_at: int, frame_ids: tuple[bytes, ...]
) -> _Packets | None:
    """The frames of an index; None if it does not fit the packets.

    An entry that is damaged or left out would shift all frames after it, so packets must follow without a gap.
    """
    # offsets count from the word `movi` or, in files of some writers, from the start of the file
    base = movi - 4 if int(entries["offset"][0]) < movi - 4 else 0
    offsets = base + entries["offset"].astype(np.int64) + 8
    sizes = entries["size"].astype(np.int64)
    ends = offsets + sizes + (sizes & 1)
    names = np.unique(entries["id"]).tolist()
    if offsets[0] != movi + 8 or np.any(ends[:-1] + 8 != offsets[1:]) or not all(map(_PASSED.fullmatch, names)):
        return None
    for k in (0, -1):
        packet = file.read_at(8, int(offsets[k]) - 8)
        if packet[:4] != entries["id"][k] or struct.unpack("<I", packet[4:8])[0] != sizes[k]:
            return None
    rest = file.read_at(4, int(ends[-1]))
    if int(ends[-1]) != index_at and rest not in {b"JUNK", b"idx1"} and not rest.startswith(b"ix"):
        return None
    is_frame = np.isin(entries["id"], frame_ids)
    return _Packets(offsets[is_frame], sizes[is_frame], frame_ids[0][:2] + b"pc" in names)


def _walk(file: OpenedFile, pos: int, size: int, frame_ids: tuple[bytes, ...]) -> tuple[_Packets, int]:
    """Frames from one packet to the next, and the bytes of a last packet that is cut off."""
    offsets, sizes = array("q"), array("q")
    change_palette = False
    cut_bytes, n_passed = 0, 0
    while pos + 8 <= size:
        n_passed += 1
        _refuse_beyond(n_passed)
        name, length = struct.unpack("<4sI", file.read_at(8, pos))
        if name in _CONTAINERS:
            pos += 12
            continue
        if not _PASSED.fullmatch(name):
            # a damaged name: were it passed over, every later frame would be taken for the one before it
            if sizes and _lacks_bytes(file, size, offsets[-1], sizes[-1], frame_ids):
                cut_bytes = size - offsets.pop()
                sizes.pop()
            break
        if name in frame_ids:
            if pos + 8 + length > size:
                cut_bytes = size - pos
                break
            offsets.append(pos + 8)
            sizes.append(length)
        change_palette = change_palette or name == frame_ids[0][:2] + b"pc"
        pos += 8 + length + (length & 1)
    return _Packets(np.array(offsets, np.int64), np.array(sizes, np.int64), change_palette), cut_bytes


def _lacks_bytes(file: OpenedFile, size: int, offset: int, length: int, frame_ids: tuple[bytes, ...]) -> bool:
    """Whether another packet begins within the data of a packet, which is then not all there."""
    if length > limits.FRAME_BYTES.value:
        return False
    for found in re.finditer(b"|".join(map(re.escape, frame_ids)), file.read_at(length, offset)):
        at = offset + found.start()
        inner = int.from_bytes(file.read_at(4, at + 4), "little")
        after = at + 8 + inner + (inner & 1)
        if after == size or _PASSED.fullmatch(file.read_at(4, after)):
            return True
    return False


def _refuse_beyond(n_packets: int) -> None:
    most = limits.VIDEO_FRAMES
    if n_packets > most.value:
        raise NotAnAviError(f"it has more than {most.value:,} packets; {most.remedy}")
