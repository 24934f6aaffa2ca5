"""The parameters of the native engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Parameters of the motion correction."""

    reach_px: int
    """The largest shift that is looked for."""
    coarse_px: float = 10.0
    patch_px: int = 64
    is_piecewise: bool = True
