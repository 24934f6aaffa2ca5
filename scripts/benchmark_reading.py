"""Time to read frames and traces from an array of frames, with plain zarr, as a reader of a store would."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import zarr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

N_RANDOM = 20
N_CONSECUTIVE = 500


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Seconds, page cache warm."""

    one_frame_s: float
    """Mean of `N_RANDOM` frames anywhere."""
    run_s: float
    """`N_CONSECUTIVE` frames at once, from the middle; fewer where the series is shorter."""
    trace_s: float
    """One pixel, all frames."""


def time_reading(array_folder: Path) -> ReadTimes:
    """Read from an array of shape (frame, x, y)."""
    for path in array_folder.iterdir():
        path.read_bytes()
    array = zarr.open_array(str(array_folder), mode="r")
    n_frames, width, height = array.shape
    frames = np.random.default_rng(0).integers(n_frames, size=N_RANDOM)
    first = max(0, (n_frames - N_CONSECUTIVE) // 2)
    return ReadTimes(
        one_frame_s=_seconds(lambda: [array[int(k)] for k in frames]) / N_RANDOM,
        run_s=_seconds(lambda: array[first : first + N_CONSECUTIVE]),
        trace_s=_seconds(lambda: array[:, width // 3, height // 3]),
    )


def _seconds(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    read()
    return time.perf_counter() - began
