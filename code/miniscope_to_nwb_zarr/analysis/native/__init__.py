"""The engine that is part of this program: motion correction and CNMF-E, tiled and streaming.

It needs no parameter: the size of cells, how far a movie moves and how fast its transients fall come from the movie.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.contract import Motion, Movie, Progress, Units

NAME = "native"
EVENT_NOISE = 3.0
"""Jumps of deconvolved traces count as events from this multiple of the noise on."""
_FROM_MOVIE = ("radius_px", "decay_s", "min_peak_to_noise")
"""Parameters that are estimated unless they are given."""


def version() -> str:
    """Of this program."""
    return version_of("miniscope-to-nwb-zarr")


def unavailable() -> str | None:
    """None: it comes with the program."""
    return None


def correct_motion(
    movie: Movie, parameters: Mapping[str, Any], corrected: Path, workers: int, progress: Progress
) -> Motion:
    """Estimate the motion and write the corrected movie as a zarr array (frame, row, column) to `corrected`."""
    # numba and OpenCV are loaded when an analysis begins
    from miniscope_to_nwb_zarr.analysis.estimate import estimate_radius  # noqa: PLC0415
    from miniscope_to_nwb_zarr.analysis.native.motion import correct  # noqa: PLC0415
    from miniscope_to_nwb_zarr.analysis.native.settings import motion_settings  # noqa: PLC0415
    from miniscope_to_nwb_zarr.analysis.workers import open_workers  # noqa: PLC0415

    with open_workers(workers) as pool:
        radius_px = parameters.get("radius_px") or estimate_radius(movie, pool, progress)
        return correct(movie, motion_settings(movie, parameters, radius_px), corrected, pool, progress)


def find_units(
    movie: Movie,
    parameters: Mapping[str, Any],
    workers: int,
    scratch: Path,  # noqa: ARG001 - for engines that exchange files
    progress: Progress,
) -> Units:
    """Find the cells of a movie whose motion was corrected, and demix their traces."""
    from miniscope_to_nwb_zarr.analysis.estimate import estimate_radius  # noqa: PLC0415
    from miniscope_to_nwb_zarr.analysis.native.extraction import extract  # noqa: PLC0415
    from miniscope_to_nwb_zarr.analysis.native.settings import cell_settings  # noqa: PLC0415
    from miniscope_to_nwb_zarr.analysis.workers import open_workers  # noqa: PLC0415

    with open_workers(workers) as pool:
        radius_px = parameters.get("radius_px") or estimate_radius(movie, pool, progress)
        units = extract(movie, cell_settings(movie, parameters, radius_px), pool, progress)
    return replace(units, estimated=tuple(name for name in _FROM_MOVIE if name not in parameters))
