"""MiniAn (Dong et al. 2022, 10.7554/eLife.70661) as an engine: in its own environment, through files.

MiniAn 2.0.2 needs ``xarray<=2026.2.0``. Its licence is GPL-3.0-or-later; nothing of it is part of this program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.analysis.foreign import exchange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.contract import Motion, Movie, Progress, Units

NAME = "minian"
EVENT_NOISE = 1.0
"""Jumps of deconvolved traces count as events from this multiple of the noise on: MiniAn's are smaller than others."""

PROGRAM = exchange.Program("MiniAn", "MINISCOPE_MINIAN_PYTHON", "minian_program", in_bytes=True)


def version() -> str:
    """Of MiniAn."""
    return PROGRAM.version()


def unavailable() -> str | None:
    """Why MiniAn cannot be used here; None where it can."""
    return PROGRAM.unavailable()


def correct_motion(
    movie: Movie, parameters: Mapping[str, Any], corrected: Path, workers: int, progress: Progress
) -> Motion:
    """Let MiniAn correct the motion of a movie; what comes in at its border is 0."""
    return exchange.correct_motion(PROGRAM, movie, parameters, corrected, workers, progress)


def find_units(movie: Movie, parameters: Mapping[str, Any], workers: int, scratch: Path, progress: Progress) -> Units:
    """Let MiniAn find the units of a movie."""
    return exchange.find_units(PROGRAM, movie, parameters, workers, scratch, progress)
