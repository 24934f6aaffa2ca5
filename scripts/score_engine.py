"""Runs the native engine on a movie in a file, as an analysis does, and writes what it found.

Started by score_analysis: python score_engine.py MOVIE.npy FOLDER WORKERS BIN
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import zarr

from miniscope_to_nwb_zarr.analysis import evaluation, native
from miniscope_to_nwb_zarr.analysis.events import find_events
from miniscope_to_nwb_zarr.analysis.workers import open_workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ = 20.0
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class FileMovie:
    """A movie in a file of numpy or in a zarr array, (frame, row, column)."""

    path: str
    bin_px: int
    rate_hz: float = RATE_HZ

    @property
    def n_frames(self) -> int:
        """Frames."""
        return int(self._opened().shape[0])

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(self._opened().shape[1]) // self.bin_px

    @property
    def width_px(self) -> int:
        """Columns."""
        return int(self._opened().shape[2]) // self.bin_px

    def _opened(self) -> NDArray[np.generic]:
        if self.path.endswith(".npy"):
            return np.load(self.path, mmap_mode="r")
        opened: NDArray[np.generic] = zarr.open(self.path, mode="r")
        return opened

    def read(self, frames: slice, rows: slice = _ALL, columns: slice = _ALL) -> NDArray[np.float32]:
        """A part of the movie."""
        size = self.bin_px
        top, bottom, _ = rows.indices(self.height_px)
        left, right, _ = columns.indices(self.width_px)
        window = (frames, slice(top * size, bottom * size), slice(left * size, right * size))
        part = np.asarray(self._opened()[window], dtype=np.float32)
        if size == 1:
            return part
        return part.reshape(len(part), bottom - top, size, right - left, size).mean(axis=(2, 4), dtype=np.float32)


def main(movie: str, folder: Path, workers: int, bin_px: int) -> None:
    """Correct motion, find units, judge them, find events; tells how long each step took."""
    began = time.perf_counter()

    def told(step: str, share: float) -> None:
        if share >= 1:
            print(f"{time.perf_counter() - began:8.1f} s  {step}", flush=True)

    source = FileMovie(movie, bin_px)
    motion = native.correct_motion(source, {}, folder / "corrected", workers, told)
    still = FileMovie(str(folder / "corrected"), 1)
    units = native.find_units(still, {}, workers, folder, told)
    with open_workers(workers) as pool:
        scores = evaluation.evaluate(units, still, pool, told)
    events = find_events(units.deconvolved, units.noise, native.EVENT_NOISE, source.rate_hz)
    parts = units.footprints.tocoo()
    np.savez(folder / "motion.npz", shift_px=motion.shift_px * bin_px)
    np.savez(
        folder / "units.npz",
        shape=np.array([units.n_units, source.height_px, source.width_px]),
        unit=parts.row,
        pixel=parts.col,
        weight=parts.data,
        calcium=units.denoised,
        deconvolved=units.deconvolved,
        raw=units.raw,
        accepted=evaluation.accept(scores),
        event_unit=events.unit,
        event_frame=events.frame,
    )
    print(units.parameters)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
