"""The parameters of the native engine."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Parameters of the motion correction."""

    reach_px: int
    """The largest shift that is looked for."""
    coarse_px: float = 10.0
    patch_px: int = 64
    is_piecewise: bool = True


@dataclass(frozen=True, slots=True)
class CellSettings:
    """Parameters of the search for cells."""

    radius_px: float
    """Standard deviation of the Gaussian that a cell is like."""
    min_correlation: float
    min_peak_to_noise: float
    bin_frames: int
    """Frames that are averaged to one while cells are looked for."""
    decay_per_bin: float
    """Share of the calcium that is left after such a frame."""
    decay: float | None = None
    """Share of the calcium that is left after a frame of the movie; found in the traces where it is None."""
    merge_correlation: float = 0.8
    """Units that touch and whose traces correlate more are one."""

    @property
    def coarse_px(self) -> int:
        """Pixels that are averaged to one along either side, while cells are looked for and for the background."""
        return max(1, round(self.radius_px / 2.5))

    @property
    def seed_border_px(self) -> int:
        """How far around a tile is looked for cells that reach into it."""
        return self.coarse_px * math.ceil(4 * self.radius_px / self.coarse_px)
