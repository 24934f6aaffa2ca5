"""Writes a recording of a wireless Miniscope as mio does, and tells what is in it (reference formats 4)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.mio_radio import Frame, MioVersion, Radio, Row, Sender, combine, send
from miniscope_to_nwb_zarr.demo.movie import ScopeMovie

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.demo.movie import Movie
    from miniscope_to_nwb_zarr.demo.real_video import VideoMovie

RATE_HZ = 20
"""`fs` of mio's configuration unless it says otherwise; stands in the header of the video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MioSpec:
    """One recording: what the device sends, what the radio does to it, how the files are written and damaged."""

    name: str = "wl_200px"
    """The files are this and ``.avi``, ``.csv``, ``.bin``."""
    version: MioVersion = MioVersion.V0_9
    width_px: int = 64
    height_px: int = 48
    buffer_pixels: int = 400
    n_frames: int = 25
    """Frames that the device sends; the last one is never written."""
    radio: Radio = field(default_factory=Radio)
    start: datetime = datetime(2026, 3, 14, 16, 26, 53, 589_000, UTC)
    first_ms: int = 124_429
    first_frame: int = 2514
    """`frame_num` of the first frame: the device counts from when it was started."""
    clock_ppm: float = 0.0
    restart_at: int | None = None
    skipped: tuple[int, ...] = ()
    """Frames of the video that are counted and then dropped with their rows, because a queue is full."""
    first_slot: int = 0
    """Place of the first buffer that the computer gets; its frame is dropped unless it is 0."""
    has_raw_stream: bool = False
    has_noise: bool = True
    repeated_headers: tuple[int, ...] = ()
    """Rows before which the header stands again."""
    has_byte_order_mark: bool = False
    line_end: str = "\r\n"
    columns: tuple[str, ...] = ()
    """The columns in their order; empty: as the version writes them."""
    lost_rows: tuple[int, ...] = ()
    """Rows that are not in the table."""
    cut_bytes: int = 0
    """How many bytes are missing at the end of the table."""
    cut_frames: int = 0
    """How many frames are missing at the end of the video."""
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MioTruth:
    """What a recording holds, to hold a conversion against."""

    spec: MioSpec
    folder: Path
    frames: tuple[Frame, ...]
    """The video."""
    rows: tuple[Row, ...]
    """The table, whatever was then cut off."""

    @property
    def video(self) -> Path:
        """The video file."""
        return self.folder / f"{self.spec.name}.avi"

    @property
    def table(self) -> Path:
        """The table of buffers."""
        return self.folder / f"{self.spec.name}.csv"

    def picture(self, number: int) -> NDArray[np.uint8]:
        """A frame of the video, shape (height_px, width_px)."""
        return self.frames[number].picture.reshape(self.spec.height_px, self.spec.width_px)

    @property
    def time_s(self) -> list[float | None]:
        """The stamp of each frame of the video, in seconds from the first that has one; None for the black one."""
        stamps = [frame.stamp_ms for frame in self.frames]
        first = next(stamp for stamp in stamps if stamp is not None)
        return [None if stamp is None else (stamp - first) / 1000 for stamp in stamps]


@dataclass(frozen=True)
class _Numbered:
    """A movie with the number of each frame in its corner."""

    movie: Movie

    def frame(self, index: int) -> NDArray[np.uint8]:
        frame = self.movie.frame(index)
        barcode.draw(frame, index)
        return frame


@dataclass(frozen=True)
class _Prolonged:
    """A movie whose last frame stays."""

    movie: Movie
    n_frames: int

    def frame(self, index: int) -> NDArray[np.uint8]:
        return self.movie.frame(min(index, self.n_frames - 1))


def write_mio(spec: MioSpec, folder: Path, video: VideoMovie | None = None) -> MioTruth:
    """Write a recording into a folder.

    Parameters
    ----------
    spec : MioSpec
    folder : Path
        Created if missing.
    video : VideoMovie, optional
        An existing video that is copied in the place of a made one, byte for byte. Its frames must be one fewer than
        those of the spec, because the last is never written, and of the same size; nothing may change a picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = spec.width_px, spec.height_px
    made = _Numbered(ScopeMovie(*size, spec.n_frames, RATE_HZ, spec.seed, spec.has_noise))
    movie = _Prolonged(video, spec.n_frames - 1) if video else made
    sender = Sender(
        movie=movie,
        n_frames=spec.n_frames,
        buffer_pixels=spec.buffer_pixels,
        rate_hz=RATE_HZ,
        start=spec.start,
        first_ms=spec.first_ms,
        first_frame=spec.first_frame,
        clock_ppm=spec.clock_ppm,
        restart_at=spec.restart_at,
        seed=spec.seed,
    )
    buffers = list(send(sender, spec.radio))[spec.first_slot :]
    frames, rows = combine(buffers, size[0] * size[1], spec.buffer_pixels, spec.version, spec.skipped)
    truth = MioTruth(spec, folder, tuple(frames), tuple(rows))
    if video is None:
        n_written = len(frames) - spec.cut_frames
        write_avi(truth.video, map(truth.picture, range(n_written)), *size, Encoding.Y800, RATE_HZ)
    else:
        shutil.copyfile(video.path, truth.video)
    text = spec.line_end.join([*_lines(spec, rows), ""]).encode("utf-8-sig" if spec.has_byte_order_mark else "utf-8")
    truth.table.write_bytes(text[: len(text) - spec.cut_bytes])
    if spec.has_raw_stream:
        truth.table.with_suffix(".bin").write_bytes(b"".join(buffer.pixels.tobytes() for buffer in buffers))
    return truth


def _lines(spec: MioSpec, rows: list[Row]) -> Iterator[str]:
    columns = spec.columns or columns_of(spec.version)
    yield ",".join(columns)
    for k, row in enumerate(rows):
        if k in spec.repeated_headers:
            yield ",".join(columns)
        if k not in spec.lost_rows:
            told = _told(row)
            yield ",".join(str(told[name]) for name in columns)


def _told(row: Row) -> dict[str, object]:
    return {
        **row.buffer.header,
        "unix_time": f"{row.buffer.received_s + 0.04:.7f}",
        "buffer_recv_index": row.received_index,
        "buffer_recv_unix_time": f"{row.buffer.received_s:.7f}",
        "black_padding_px": row.padding,
        "reconstructed_frame_index": row.index,
        "header_crc_ok": True,
    }


def columns_of(version: MioVersion) -> tuple[str, ...]:
    """The columns that a version writes, in its order."""
    device = (
        *("linked_list", "frame_num", "buffer_count", "frame_buffer_count", "write_buffer_count"),
        *("dropped_buffer_count", "timestamp", "pixel_count", "write_timestamp"),
        *("battery_voltage_raw", "input_voltage_raw"),
    )
    if version is MioVersion.V0_6:
        return (*device, "unix_time")
    told = ("buffer_recv_index", "buffer_recv_unix_time", "black_padding_px", "reconstructed_frame_index")
    return (*device, *told, "header_crc_ok") if version is MioVersion.UNRELEASED else (*device, *told)
