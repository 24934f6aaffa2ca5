"""Video files to frames. The only module that knows codecs.

Packets are read by their place in the container and decoded one at a time, so that an error is pinned to its frame
and a damaged packet costs no other. libav reports FFV1's checksum errors in its log only, and returns a picture that
looks normal: its error counter is compared around each packet.
"""

from __future__ import annotations

import errno
import logging
import os
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self

import av
import av.error
import av.logging

from miniscope_to_nwb_zarr.core.model import Picture
from miniscope_to_nwb_zarr.sources import ffv1, limits
from miniscope_to_nwb_zarr.sources.avi import AviScan, scan_avi
from miniscope_to_nwb_zarr.sources.failed_reads import named
from miniscope_to_nwb_zarr.sources.gray import GRAY_FORMATS, differs_in_color, frame_of, to_color, to_gray
from miniscope_to_nwb_zarr.sources.opened import open_file
from miniscope_to_nwb_zarr.sources.raw_video import RawFormat, raw_format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.sources.opened import OpenedFile

# every frame stands for itself, so that decoding can begin anywhere
INTRA_CODECS = frozenset({
    "asv1", "asv2", "ffvhuff", "huffyuv", "jpeg2000", "lagarith", "ljpeg", "magicyuv", "mjpeg", "png", "rawvideo",
    "utvideo", "v210", "zlib",
})  # fmt: skip
_FRAMES_TRIED = 10

_libav_log = logging.getLogger("libav")


class UndecodableError(ValueError):
    """The file cannot be opened as video, or its codec is unknown."""


class NoPictureError(UndecodableError):
    """The file opens, and none of its first frames decodes."""


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame as it came out of the decoder."""

    array: NDArray[Any] | None
    """Shape (height, width) for gray and (height, width, 3) for colour; None when the decoder gave no picture."""
    is_damaged: bool
    """The decoder reported an error, or gave no picture."""


def listen_to_decoder() -> None:
    """Count the decoder's errors instead of printing them. Once per process."""
    av.logging.set_level(av.logging.ERROR)
    _libav_log.addHandler(logging.NullHandler())
    _libav_log.propagate = False


class VideoFile:
    """Random access to the frames of one AVI file.

    Parameters
    ----------
    path : Path
    as_color : bool
        Give frames as RGB instead of gray.

    Raises
    ------
    UndecodableError
        libav cannot open the file, or its bitmaps are of a kind that is not read.
    NotAnAviError
        The container is damaged beyond use.
    OSError
        The file cannot be read.
    """

    def __init__(self, path: Path, *, as_color: bool = False) -> None:
        self.path = path
        with named(path):
            self.scan: AviScan = scan_avi(path)
        self._as_color = as_color
        self._raw = _raw_format(self.scan, path.name)
        self._container: Any = None
        self._context: Any = None
        self._file = open_file(path)
        if self._raw is None:
            try:
                self._container, self._context = _open(path, self._file)
            except (UndecodableError, OSError):
                self._file.close()
                raise
        self._codec: str = self._context.name if self._context else "rawvideo"
        # versions 0 and 1 of FFV1 have no header of their own, no checksums and no sizes of slices
        self._has_slices = self._codec == "ffv1" and bool(self._context.extradata)
        self._sequence: Iterator[DecodedFrame] | None = None
        self._next = 0
        self._is_tainted = False
        self._n_refused = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._container:
            self._container.close()
        self._file.close()

    def picture(self, *, raw16_is_gray: bool = False) -> Picture:
        """How the frames are stored, judged by the first frame that decodes; whether in colour, by some more.

        Parameters
        ----------
        raw16_is_gray : bool
            The sensor is known to be gray: bitmaps of 16 bits a pixel, which do not say what they hold, are its levels.

        Raises
        ------
        NoPictureError
            None of the first ten frames decodes.
        UndecodableError
            It is not known what the frames hold.
        """
        first_frames = self._raw_frames()
        frame = next(first_frames, None)
        is_gray = frame is not None and frame.format.name in GRAY_FORMATS
        # a camera may begin in the dark; one coloured picture among gray ones is more likely damaged
        more = self._spread_frames() if self._codec in INTRA_CODECS else first_frames
        is_color = (
            frame is not None and not is_gray and (differs_in_color(frame) or sum(map(differs_in_color, more)) > 1)
        )
        # the decoder is now elsewhere than the last `read` left it: the next one begins anew
        if self._context:
            self._context.flush_buffers()
        self._sequence, self._next = None, -1
        if frame is None:
            raise NoPictureError(f"{self.path.name}: none of its first {_FRAMES_TRIED} frames can be decoded")
        pixel_format = frame.format.name
        if self._is_of_16_unknown_bits(pixel_format, raw16_is_gray=raw16_is_gray):
            raise UndecodableError(
                f"{self.path.name}: raw video of 16 bits a pixel without a known code; it may be gray or colour"
            )
        return Picture(
            width_px=frame.width,
            height_px=frame.height,
            codec=self._codec,
            pixel_format=pixel_format,
            bit_depth=16 if is_gray and pixel_format != "gray" else 8,
            is_color=is_color,
            has_checksum=self._has_slices and ffv1.has_checksums(bytes(self._packet(0)[0])),
        )

    def bytes_taken(self, picture: Picture) -> int | None:
        """Bytes of a frame in the file, its rows padded to 4 bytes; None where frames are compressed."""
        if self._codec != "rawvideo":
            return None
        bits = self._raw.bits_per_pixel if self._raw else av.VideoFormat(picture.pixel_format).padded_bits_per_pixel
        row = picture.width_px * bits // 8
        return (row + -row % 4) * picture.height_px

    def _is_of_16_unknown_bits(self, pixel_format: str, *, raw16_is_gray: bool) -> bool:
        if self._raw is not None:
            return self._raw.bits_per_pixel == 16 and not (self._raw.is_surely_gray or raw16_is_gray)
        return self._codec == "rawvideo" and pixel_format.startswith(("rgb555", "rgb565", "rgb444"))

    def read(self, index: int) -> DecodedFrame:
        """Decode one frame.

        Parameters
        ----------
        index : int
            Number of the frame in the file, from 0. Frames of codecs with dependent frames are decoded from the key
            frame or the start of the file, so frames are best asked for in order.
        """
        if self._codec in INTRA_CODECS:
            return self._decode(index)
        if self._codec == "ffv1":
            return self._decode_from_key(index)
        if self._sequence is None or index < self._next:
            self._context.flush_buffers()
            self._sequence, self._next = self._decode_in_order(), 0
        frame = DecodedFrame(None, is_damaged=True)
        while self._next <= index:
            frame = next(self._sequence, DecodedFrame(None, is_damaged=True))
            self._next += 1
        return frame

    def _decode_from_key(self, index: int) -> DecodedFrame:
        """Decode an FFV1 frame; one that follows a damaged frame is damaged too, up to the next key frame."""
        first = index
        if index != self._next:
            while first > 0 and not self._is_key(first):
                first -= 1
        for k in range(first, index + 1):
            self._is_tainted = self._is_tainted and not self._is_key(k)
            frame = self._decode(k)
            self._is_tainted = self._is_tainted or frame.is_damaged
        self._next = index + 1
        return DecodedFrame(frame.array, is_damaged=self._is_tainted)

    def _is_key(self, index: int) -> bool:
        return ffv1.is_key(self._bytes(2, int(self.scan.offsets[index])))

    def _bytes(self, n_bytes: int, offset: int) -> bytes:
        with named(self.path):
            return self._file.read_at(n_bytes, offset)

    def _packet(self, index: int) -> tuple[Any, bool]:
        """A packet, and whether its header in the container still says what the index says and it is all there."""
        offset, size = int(self.scan.offsets[index]), int(self.scan.sizes[index])
        header, data = self._bytes(8, offset - 8), self._bytes(size, offset)
        is_intact = len(data) == size and int.from_bytes(header[4:], "little") == size
        if self._has_slices:
            is_intact = is_intact and ffv1.slices_fill(data)
        # libav reads past the end of a packet: `Packet(bytes)` has nothing there, one made by its size has zeros
        packet = av.Packet(size)
        if len(data) == size > 0:
            packet.update(data)
        packet.pts = packet.dts = index
        return packet, is_intact

    def _decode(self, index: int) -> DecodedFrame:
        packet, is_intact = self._packet(index)
        before = self._errors_so_far()
        frames = self._pictures(packet)
        if not frames:
            return DecodedFrame(None, is_damaged=True)
        array = self._to_array(frames[0])
        return DecodedFrame(array, is_damaged=not is_intact or self._errors_so_far() != before)

    def _decode_in_order(self) -> Iterator[DecodedFrame]:
        """All frames, each in the place of its packet; one that follows a damaged frame is damaged up to a key frame.

        Where the decoder reorders pictures, it gives one for each packet from the first one on, and a key frame comes
        after all pictures of earlier packets: so a lost picture is noticed, and after it a key frame has a sure place.
        """
        place, is_tainted, errors, last_error = 0, False, self._errors_so_far(), -1
        given: set[int] = set()
        for index in range(self.scan.n_frames + 1):
            # after the last packet, none brings out what the decoder still holds
            packet, is_intact = self._packet(index) if index < self.scan.n_frames else (None, True)
            pictures = self._pictures(packet)
            before, errors = errors, self._errors_so_far()
            has_error = errors != before or not is_intact or (packet is not None and packet.size == 0)
            if self._context.has_b_frames and packet is not None and place:
                has_error = has_error or len(pictures) != 1
            is_tainted, last_error = (True, index) if has_error else (is_tainted, last_error)
            for frame in pictures:
                if not self._context.has_b_frames and frame.pts is not None:
                    if frame.pts < place:
                        continue
                    is_tainted = (is_tainted or frame.pts != place) and (has_error or not frame.key_frame)
                    yield from repeat(DecodedFrame(None, is_damaged=True), frame.pts - place)
                    place = frame.pts
                elif is_tainted and frame.key_frame and frame.pts is not None and frame.pts > last_error:
                    due = frame.pts + sum(number > frame.pts for number in given)
                    yield from repeat(DecodedFrame(None, is_damaged=True), due - place)
                    is_tainted, place = due < place, max(due, place)
                given.add(-1 if frame.pts is None else frame.pts)
                yield DecodedFrame(self._to_array(frame), is_damaged=is_tainted)
                place += 1

    def _raw_frames(self) -> Iterator[av.VideoFrame]:
        for index in range(min(self.scan.n_frames, _FRAMES_TRIED)):
            yield from self._pictures(self._packet(index)[0])
        # a decoder that reorders pictures still holds those of a short file
        yield from self._pictures(None)

    def _spread_frames(self) -> Iterator[av.VideoFrame]:
        for index in (self.scan.n_frames // 2, self.scan.n_frames - 1):
            yield from self._pictures(self._packet(index)[0])

    def _pictures(self, packet: Any) -> list[av.VideoFrame]:  # noqa: ANN401 - a packet, or None at the end of the file
        """What the decoder makes of a packet; nothing of an empty one, which it would take for the end of the file."""
        if self._raw is not None:
            pixels = None if packet is None else self._raw.pixels(memoryview(packet))
            return [] if pixels is None else [frame_of(pixels)]
        try:
            return list(self._context.decode(packet)) if packet is None or packet.size else []
        except av.error.FFmpegError:
            self._n_refused += 1
            return []

    def _errors_so_far(self) -> int:
        return int(av.logging.get_last_error()[0]) + self._n_refused

    def _to_array(self, frame: av.VideoFrame) -> NDArray[Any]:
        return to_color(frame) if self._as_color else to_gray(frame)


def _raw_format(scan: AviScan, name: str) -> RawFormat | None:
    try:
        raw = raw_format(scan.stream_format)
    except ValueError as error:
        raise UndecodableError(f"{name}: {error}") from error
    if raw is not None and raw.bits_per_pixel == 8 and scan.changes_palette:
        raise UndecodableError(f"{name}: the palette changes from frame to frame, which is not read")
    return raw


def _open(path: Path, file: OpenedFile) -> tuple[Any, Any]:
    """What libav makes of the file: the container, which must stay open as long as its decoder is used, and that."""
    try:
        # what it says in words is not used, and may be damaged
        container = av.open(file.for_libav, metadata_errors="replace")
    except av.error.FFmpegError as error:
        if error.errno == errno.EIO:
            # of 12,000 damaged files none gave this: it is the disk
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error
        raise UndecodableError(f"{path.name}: libav cannot open the file ({error.strerror})") from error
    context: Any = container.streams.video[0].codec_context if container.streams.video else None
    problem = None
    if not container.streams.video:
        problem = "libav finds no video in the file"
    elif context is None:
        problem = "libav does not know the file's codec"
    elif max(context.width, context.height) > limits.PICTURE_SIDE.value:
        problem = f"pictures of {context.width} x {context.height} pixels; {limits.PICTURE_SIDE.remedy}"
    if problem:
        container.close()
        raise UndecodableError(f"{path.name}: {problem}")
    context.thread_count = 1
    context.thread_type = "NONE"
    return container, context
