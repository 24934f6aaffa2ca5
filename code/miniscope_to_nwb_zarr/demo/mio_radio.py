"""What a wireless Miniscope sends, what the radio makes of it, and how mio puts frames together of that.

mio's rules are those of its source (`_buffer_to_frame`): it waits for the first buffer of a frame, begins a frame where
`frame_num` changes, lays each buffer at its place on black, and writes a frame when the next one begins; the last frame
is never written. Before 0.8.1 it also writes the black canvas that it has before the first frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.demo.movie import Movie


class MioVersion(StrEnum):
    """Versions of mio that write differently."""

    V0_6 = "0.6"
    """No numbers of frames, `unix_time` when a row is written, a black picture ahead of the first frame."""
    V0_9 = "0.9"
    """From 0.8.1 on: numbers of frames, black padding, times of reception."""
    UNRELEASED = "unreleased"
    """A flag for checked headers; the last frame, which is not written, has its number in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """A piece of a frame with its header, as the computer gets it."""

    header: Mapping[str, int]
    """By the names of the columns."""
    pixels: NDArray[np.uint8]
    sent_ms: int
    """`timestamp` as the device sent it."""
    received_s: float
    """Seconds since 1970 UTC."""

    @property
    def has_sound_stamp(self) -> bool:
        """Whether the stamp came through the radio whole."""
        return self.header["timestamp"] == self.sent_ms


@dataclass(frozen=True, slots=True)
class Flip:
    """A bit of a header that the radio turns over."""

    frame: int
    buffer: int
    column: str
    bit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """What happens to buffers on the way; each is named by the device's frame and its place in it, from 0."""

    lost: Collection[tuple[int, int]] = ()
    dropped: Collection[tuple[int, int]] = ()
    """Never sent, because the device was too slow; it counts them."""
    cut: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """How many pixels of a buffer are missing."""
    flips: Collection[Flip] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A device and its clock."""

    movie: Movie
    n_frames: int
    buffer_pixels: int
    """Of a buffer; the last one of a frame has the rest."""
    rate_hz: float
    start: datetime
    """When the first buffer is received."""
    first_ms: int
    """The device's clock then."""
    clock_ppm: float = 0.0
    """How much faster the device's clock runs than the computer's."""
    restart_at: int | None = None
    """Frame before which the device is started again, so that its clock and counts begin at 0."""
    first_frame: int = 2514
    """`frame_num` of the first frame."""
    seed: int = 0


def send(sender: Sender, radio: Radio) -> Iterator[Buffer]:
    """The buffers that reach the computer."""
    rng = np.random.default_rng([sender.seed, 0x310])
    n_dropped = 0
    for k in range(sender.n_frames):
        is_again = sender.restart_at is not None and k >= sender.restart_at
        age = k - (sender.restart_at or 0) if is_again else k
        jitter_s = rng.uniform(0, 0.002)
        clock_s = (age / sender.rate_hz + jitter_s) * (1 + sender.clock_ppm / 1e6)
        clock_ms = 1000 * clock_s + (0 if is_again else sender.first_ms)
        number = age if is_again else sender.first_frame + k
        picture = sender.movie.frame(k).reshape(-1)
        for slot, at in enumerate(range(0, len(picture), sender.buffer_pixels)):
            n_dropped += (k, slot) in radio.dropped
            pixels = picture[at : at + sender.buffer_pixels]
            count = number * -(-len(picture) // sender.buffer_pixels) + slot
            header = {
                "linked_list": count % 32,
                "frame_num": number,
                "buffer_count": count,
                "frame_buffer_count": slot,
                "write_buffer_count": count - slot // 2,
                "dropped_buffer_count": n_dropped,
                "timestamp": round(clock_ms + 2.4 * slot),
                "pixel_count": len(pixels),
                "write_timestamp": 0,
                "battery_voltage_raw": 189 - k // 8,
                "input_voltage_raw": 108,
            }
            sent_ms = header["timestamp"]
            for flip in radio.flips:
                if (flip.frame, flip.buffer) == (k, slot):
                    header[flip.column] ^= 1 << flip.bit
            if (k, slot) not in radio.dropped and (k, slot) not in radio.lost:
                yield Buffer(
                    header=header,
                    pixels=pixels[: len(pixels) - radio.cut.get((k, slot), 0)],
                    sent_ms=sent_ms,
                    received_s=sender.start.timestamp() + k / sender.rate_hz + jitter_s + 0.005 * slot,
                )


@dataclass(slots=True)
class Row:
    """A row of the table: a buffer, and what mio says of it."""

    buffer: Buffer
    received_index: int
    index: int = -1
    """The frame of the video, -1 for none."""
    padding: int = 0


@dataclass(slots=True)
class Frame:
    """A frame of the video."""

    picture: NDArray[np.uint8]
    """Shape (n_pixels,)."""
    rows: list[Row]

    @property
    def stamp_ms(self) -> int | None:
        """The time on the device's clock: of its first buffer that brought it whole; None where there is none."""
        return next((row.buffer.sent_ms for row in self.rows if row.buffer.has_sound_stamp), None)


def combine(
    buffers: Iterable[Buffer], n_pixels: int, buffer_pixels: int, version: MioVersion, skipped: Collection[int] = ()
) -> tuple[list[Frame], list[Row]]:
    """Put frames together as mio does.

    Parameters
    ----------
    buffers : iterable of Buffer
    n_pixels, buffer_pixels : int
        Of a frame and of a buffer.
    version : MioVersion
    skipped : collection of int
        Frames that are counted and then dropped with their rows, because a queue is full.

    Returns
    -------
    list of Frame
        The video.
    list of Row
        The table.
    """
    is_old = version is MioVersion.V0_6
    done = [Frame(np.zeros(n_pixels, np.uint8), [])] if is_old else []
    rows: list[Row] = []
    waiting: list[Row] = []
    current: Frame | None = None
    for buffer in buffers:
        slot, row = buffer.header["frame_buffer_count"], Row(buffer, len(rows))
        room = min(buffer_pixels, n_pixels - slot * buffer_pixels)
        if current is None and slot != 0:
            rows += [row] * is_old
            continue
        if room <= 0:
            # of a place that frames do not have; before 0.7.1 all rows since the frame began come twice by that
            rows += [row, *waiting, row] if is_old else []
            waiting.append(row)
            continue
        if current is None or buffer.header["frame_num"] != current.rows[0].buffer.header["frame_num"]:
            _finish(current, done)
            current, waiting = Frame(np.zeros(n_pixels, np.uint8), []), []
        else:
            waiting.append(row)
        at = slot * buffer_pixels
        current.picture[at : at + len(buffer.pixels)] = buffer.pixels
        current.rows.append(row)
        row.padding = room - len(buffer.pixels)
        rows.append(row)
    if current and version is MioVersion.UNRELEASED:
        _number(current, len(done))
    kept = [frame for k, frame in enumerate(done) if k not in skipped]
    return kept, [row for row in rows if row.index not in skipped]


def _finish(frame: Frame | None, done: list[Frame]) -> None:
    if frame:
        _number(frame, len(done))
        done.append(frame)


def _number(frame: Frame, index: int) -> None:
    for row in frame.rows:
        row.index = index
