"""CaImAn (Giovannucci et al. 2019, 10.7554/eLife.38173) as an engine: in the user's environment, through files.

CaImAn is on no package index, so `caiman_program` was written by its documentation (1.12) and was not run with it by
those who wrote it; only the exchange of files around it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.analysis.foreign import exchange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.contract import Motion, Movie, Progress, Units

NAME = "caiman"
EVENT_NOISE = 3.0
"""Jumps of deconvolved traces count as events from this multiple of the noise on."""

PROGRAM = exchange.Program("CaImAn", "MINISCOPE_CAIMAN_PYTHON", "caiman_program", in_bytes=False)


def version() -> str:
    """Of CaImAn."""
    return PROGRAM.version()


def unavailable() -> str | None:
    """Why CaImAn cannot be used here; None where it can."""
    return PROGRAM.unavailable()


def correct_motion(
    movie: Movie, parameters: Mapping[str, Any], corrected: Path, workers: int, progress: Progress
) -> Motion:
    """Let CaImAn correct the motion of a movie."""
    return exchange.correct_motion(PROGRAM, movie, parameters, corrected, workers, progress)


def find_units(movie: Movie, parameters: Mapping[str, Any], workers: int, scratch: Path, progress: Progress) -> Units:
    """Let CaImAn find the units of a movie; which of them are cells is not asked of it."""
    return exchange.find_units(PROGRAM, movie, parameters, workers, scratch, progress)
