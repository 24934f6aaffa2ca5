"""Motion, in the NWB file: the corrected movie, how far each frame was moved, and how well it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pynwb import TimeSeries
from pynwb.ophys import CorrectedImageStack, MotionCorrection, OnePhotonSeries

from miniscope_to_nwb_zarr.analysis.nwb_arrays import RoundedMovie, clock_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile
    from pynwb.base import ProcessingModule

    from miniscope_to_nwb_zarr.analysis.contract import Motion
    from miniscope_to_nwb_zarr.analysis.nwb_arrays import Wrap
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

MOTION = "MotionCorrection"


def add_motion(
    nwbfile: NWBFile, module: ProcessingModule, analyses: Sequence[MovieAnalysis], wrap: Wrap, *, with_movies: bool
) -> None:
    """Add what is known of the motion of each movie; the corrected movies only where `with_movies`."""
    moved = [one for one in analyses if one.motion is not None]
    if not moved:
        return
    stacks = MotionCorrection(name=MOTION) if with_movies else None
    if stacks is not None:
        module.add(stacks)
    for one in moved:
        shifts = _shifts(nwbfile, one, wrap, "xy_translation" if stacks else f"MotionShifts_{one.movie.label}")
        if stacks is None:
            module.add(shifts)
        else:
            stacks.add_corrected_image_stack(
                CorrectedImageStack(
                    name=f"CorrectedImageStack_{one.movie.label}",
                    corrected=_corrected(nwbfile, one, wrap),
                    original=nwbfile.acquisition[one.movie.series],
                    xy_translation=shifts,
                )
            )
        _add_more(nwbfile, module, one, wrap)


def _shifts(nwbfile: NWBFile, one: MovieAnalysis, wrap: Wrap, name: str) -> TimeSeries:
    # rows and columns by which the content lies too far down and right
    xy = -one.motion.shift_px[:, ::-1] * np.float32(one.bin_px) if one.motion else np.zeros((0, 2), np.float32)
    return TimeSeries(
        name=name,
        description="By how many pixels of the recording the content of each frame was moved in x (to the right) and y "
        "(downwards) to lie where it lies in all others.",
        data=wrap.values(np.ascontiguousarray(xy)),
        unit="pixels",
        **clock_of(nwbfile.acquisition[one.movie.series]),
    )


def _corrected(nwbfile: NWBFile, one: MovieAnalysis, wrap: Wrap) -> OnePhotonSeries:
    if one.corrected is None:
        raise ValueError(f"{one.movie.series}: there is no corrected movie")
    rounded = RoundedMovie(one.corrected)
    original = nwbfile.acquisition[one.movie.series]
    crop = one.crop
    return OnePhotonSeries(
        name="corrected",
        description=f"The frames of {one.movie.series} without their motion, (frame, x, y): columns {crop.left_px} to "
        f"{crop.left_px + crop.width_px} and rows {crop.top_px} to {crop.top_px + crop.height_px} of the picture"
        + (f", of which {one.bin_px} x {one.bin_px} pixels were averaged to one" if one.bin_px > 1 else "")
        + "; grey levels. Computed as float32; rounded for storage to steps of {rounded.step:g}, which add at most a "
        "fiftieth to the variance of the noise.",
        data=wrap.movie(rounded),
        conversion=rounded.step,
        offset=rounded.offset,
        unit="n.a.",
        imaging_plane=original.imaging_plane,
        **clock_of(original),
    )


def _add_more(nwbfile: NWBFile, module: ProcessingModule, one: MovieAnalysis, wrap: Wrap) -> None:
    motion, frames = one.motion, nwbfile.acquisition[one.movie.series]
    if motion is None:
        return
    module.add(
        TimeSeries(
            name=f"MotionQuality_{one.movie.label}",
            description="Correlation of each corrected frame with the picture on which all were laid.",
            data=wrap.values(motion.quality),
            unit="n.a.",
            **clock_of(frames),
        )
    )
    if motion.local_px is not None:
        xy = -motion.local_px[..., ::-1] * np.float32(one.bin_px)
        module.add(
            TimeSeries(
                name=f"LocalMotion_{one.movie.label}",
                description="The same as xy_translation for patches of the picture that lie side by side, (frame, row "
                f"of patches, column of patches, x and y): the picture was bent.{_place(one, motion)}",
                data=wrap.values(np.ascontiguousarray(xy)),
                unit="pixels",
                **clock_of(frames),
            )
        )


def _place(one: MovieAnalysis, motion: Motion) -> str:
    """Where the patches lie in the recorded picture, as a sentence."""
    if motion.patch_edges_px is None:
        return ""
    corner = one.crop.top_px, one.crop.left_px
    rows, columns = (
        ", ".join(str(int(first + edge * one.bin_px)) for edge in edges)
        for first, edges in zip(corner, motion.patch_edges_px, strict=True)
    )
    return f" The patches meet, and the outermost end, at rows {rows} and columns {columns} of the recording."
