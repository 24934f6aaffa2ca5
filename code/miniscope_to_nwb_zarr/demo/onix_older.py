"""Writes a recording of the older package Bonsai.ONIX: a video and the computer's time of each frame (formats 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.movie import ScopeMovie
from miniscope_to_nwb_zarr.demo.onix import HEADER_RATE_HZ, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TICKS_PER_US = 10
_CLOCK_HZ = 42_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderOnixSpec:
    """One run of the workflow."""

    suffix: str = "2021-11-05T10_15_00"
    first_stamp: datetime = datetime(2021, 11, 5, 10, 15, 1, 250_000, timezone(timedelta(hours=-4)))
    """When the computer received the first frame."""
    width_px: int = 64
    height_px: int = 48
    encoding: Encoding = Encoding.FMP4
    n_frames: int = 25
    rate_hz: float = 30.0
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class OlderOnixTruth:
    """What a run wrote, to hold a conversion against."""

    spec: OlderOnixSpec
    folder: Path
    ticks: NDArray[np.int64]
    """Shape (n_frames,): 100 ns from the first frame to each."""
    clock: NDArray[np.int64]
    """Shape (n_frames,)."""
    movie: ScopeMovie

    @property
    def video(self) -> Path:
        """The video."""
        return self.folder / f"image_{self.spec.suffix}.avi"

    @property
    def times(self) -> Path:
        """The table of times."""
        return self.folder / f"image-time_{self.spec.suffix}.csv"

    def frame(self, number: int) -> NDArray[Any]:
        """A frame before it was encoded, uint8, shape (height_px, width_px)."""
        frame = self.movie.frame(number)
        barcode.draw(frame, number)
        return frame


def write_older_onix(spec: OlderOnixSpec, folder: Path) -> OlderOnixTruth:
    """Write one run into a folder, which is created if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([spec.seed, 0x01D])
    came_s = np.arange(spec.n_frames) / spec.rate_hz
    late_s = np.concatenate([[0], rng.uniform(0, 3e-3, spec.n_frames - 1)])
    ticks = np.rint((came_s + late_s) * _TICKS_PER_US * 1e6).astype(np.int64)
    clock = np.rint((came_s + 4) * _CLOCK_HZ).astype(np.int64)
    movie = ScopeMovie(spec.width_px, spec.height_px, spec.n_frames, spec.rate_hz, spec.seed)
    truth = OlderOnixTruth(spec, folder, ticks, clock, movie)
    frames = map(truth.frame, range(spec.n_frames))
    write_avi(truth.video, frames, spec.width_px, spec.height_px, spec.encoding, HEADER_RATE_HZ)
    rows = (f"{_stamp(spec, tick)},{count}\n" for tick, count in zip(ticks.tolist(), clock.tolist(), strict=True))
    truth.times.write_text("".join(rows), encoding="utf-8", newline="\r\n")
    return truth


def _stamp(spec: OlderOnixSpec, ticks: int) -> str:
    micros, rest = divmod(ticks, _TICKS_PER_US)
    return stamp(spec.first_stamp + timedelta(microseconds=micros), rest)
