"""The parameters of the native engine: what was chosen, and what follows from the movie where nothing was."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.analysis.contract import Movie

SEED_VALUES = 100_000_000
"""Values of a filtered tile that a worker holds while it looks for cells."""

_REACH_SHARE, _LEAST_REACH_PX = 0.1, 8
_COARSE_RADII = 2.0
_PATCH_PX = 64
_MIN_CORRELATION = 0.7
_MERGE_CORRELATION = 0.8
_ABOVE_CHANCE = 1.57
"""Peaks of cells are so much higher than the highest of as many values of noise is expected to be."""
_TYPICAL_DECAY_S = 0.5
_WIDE_TILE_PX = 64
_LONGEST_BIN_S = 0.15


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Parameters of the motion correction, in pixels."""

    reach_px: int
    """The largest shift that is looked for."""
    coarse_px: float
    """What is wider than this does not count."""
    patch_px: int
    """Side of the patches that may move by themselves."""
    is_piecewise: bool


@dataclass(frozen=True, slots=True)
class CellSettings:
    """Parameters of the search for cells."""

    radius_px: float
    """Standard deviation of the Gaussian that a cell is like."""
    min_correlation: float
    """Of a pixel with its neighbours, for a cell to begin there."""
    min_peak_to_noise: float
    """Of a pixel, for a cell to begin there."""
    merge_correlation: float
    """Units that touch and whose traces correlate more are one."""
    bin_frames: int
    """Frames that are averaged to one while cells are looked for."""
    decay_per_bin: float
    """Share of the calcium that is left after such a frame, while cells are looked for."""
    decay: float | None
    """Share of the calcium that is left after a frame of the movie; found in the traces where it is None."""

    @property
    def coarse_px(self) -> int:
        """Pixels that are averaged to one along either side, while cells are looked for and for the background."""
        return max(1, round(self.radius_px / 2.5))

    @property
    def seed_border_px(self) -> int:
        """How far around a tile is looked for cells that reach into it."""
        return self.coarse_px * math.ceil(4 * self.radius_px / self.coarse_px)

    def as_parameters(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("decay")}


def motion_settings(movie: Movie, parameters: Mapping[str, Any], radius_px: float) -> MotionSettings:
    """What was chosen, completed."""
    smaller = min(movie.height_px, movie.width_px)
    reach_px = parameters.get("max_shift_px") or max(_LEAST_REACH_PX, _REACH_SHARE * smaller)
    return MotionSettings(
        reach_px=max(1, min(round(reach_px), smaller // 4)),
        coarse_px=_COARSE_RADII * radius_px,
        patch_px=_PATCH_PX,
        is_piecewise=bool(parameters.get("is_piecewise", True)),
    )


def cell_settings(movie: Movie, parameters: Mapping[str, Any], radius_px: float) -> CellSettings:
    """What was chosen, completed."""
    decay_s = parameters.get("decay_s")
    coarse_px = max(1, round(radius_px / 2.5))
    wide = (_WIDE_TILE_PX + 8 * radius_px) / coarse_px
    longest = max(1, int(_LONGEST_BIN_S * movie.rate_hz))
    bin_frames = min(longest, math.ceil(wide**2 * movie.n_frames / SEED_VALUES))
    chance = math.sqrt(2 * math.log(max(2, movie.n_frames // bin_frames)))
    return CellSettings(
        radius_px=radius_px,
        min_correlation=parameters.get("min_correlation", _MIN_CORRELATION),
        min_peak_to_noise=parameters.get("min_peak_to_noise", round(_ABOVE_CHANCE * chance, 2)),
        merge_correlation=parameters.get("merge_correlation", _MERGE_CORRELATION),
        bin_frames=bin_frames,
        decay_per_bin=math.exp(-bin_frames / ((decay_s or _TYPICAL_DECAY_S) * movie.rate_hz)),
        decay=math.exp(-1 / (decay_s * movie.rate_hz)) if decay_s else None,
    )
