"""Motion of a movie that is read in blocks: a template from a sample, then every block by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
import zarr
from numcodecs import Blosc

from miniscope_to_nwb_zarr.analysis.contract import Motion
from miniscope_to_nwb_zarr.analysis.movie import frames_in_chunk
from miniscope_to_nwb_zarr.analysis.native.bending import (
    PatchGrid,
    difference,
    field_of,
    gain_of,
    grid_of,
    move_back_field,
)
from miniscope_to_nwb_zarr.analysis.native.registration import Template, band_pass, move_back, rigid_shift
from miniscope_to_nwb_zarr.analysis.native.sample import sampled
from miniscope_to_nwb_zarr.analysis.native.template import MOST_ROUNDS, find_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress
    from miniscope_to_nwb_zarr.analysis.native.sample import Sample
    from miniscope_to_nwb_zarr.analysis.native.settings import MotionSettings
    from miniscope_to_nwb_zarr.analysis.native.template import Laid
    from miniscope_to_nwb_zarr.analysis.workers import Workers

SIDE_PX = 64
"""Chunks of the corrected movie are so high and wide: tiles are read without reading whole frames."""
_BLOCK_BYTES = 96_000_000
_USUAL_FRAMES = 128
"""Of a block, and of a chunk of the corrected movie, where nothing makes them longer or shorter."""
_SAMPLE = "sample.npy"


def correct(movie: Movie, settings: MotionSettings, corrected: Path, workers: Workers, progress: Progress) -> Motion:
    """Find the motion of a movie and write it without.

    Parameters
    ----------
    corrected : Path
        Becomes a zarr array of shape (frame, row, column), float32.
    """
    template, bending = look_for_motion(movie, settings, corrected.with_name(_SAMPLE), workers, progress)
    n_block = block_frames(movie)
    zarr.open(
        zarr.DirectoryStore(str(corrected)),
        mode="w",
        shape=(movie.n_frames, movie.height_px, movie.width_px),
        chunks=(corrected_chunk(n_block), min(SIDE_PX, movie.height_px), min(SIDE_PX, movie.width_px)),
        dtype="f4",
        compressor=Blosc(cname="lz4", clevel=1, shuffle=Blosc.BITSHUFFLE),
    )
    lay = partial(correct_block, movie, template, settings, bending, corrected)
    blocks = [slice(first, min(first + n_block, movie.n_frames)) for first in range(0, movie.n_frames, n_block)]
    found = workers.map(lay, blocks, partial(progress, "motion"))
    shift, quality, local = (np.concatenate(parts) for parts in zip(*found, strict=True))
    edges = None if bending is None else bending[0].edges
    return Motion(
        shift, template.picture, quality, local if edges else None, float(settings.reach_px), patch_edges_px=edges
    )


def look_for_motion(
    movie: Movie, settings: MotionSettings, file: Path, workers: Workers, progress: Progress
) -> tuple[Template, tuple[PatchGrid, NDArray[np.float64]] | None]:
    """The template of a movie, and how it is bent; `file` takes a sample of the movie for so long."""

    def told(stage: int, share: float) -> None:
        # the sample is read, laid in rounds, and looked at for bending
        progress("template", (stage + share) / (MOST_ROUNDS + 2))

    with sampled(movie, settings.coarse_px, file, workers, partial(told, 0)) as sample:
        template, laid = find_template(sample, settings.reach_px, workers, lambda done, share: told(1 + done, share))
        bending = find_bending(sample, template, laid, settings, workers, partial(told, 1 + MOST_ROUNDS))
    progress("template", 1.0)
    return template, bending


def block_frames(movie: Movie) -> int:
    """Frames that a worker holds at once: whole chunks of the movie, or a whole part of one that is too large."""
    most = max(8, _BLOCK_BYTES // (4 * movie.height_px * movie.width_px))
    chunk = frames_in_chunk(movie)
    if chunk <= most:
        return chunk * max(1, min(most, _USUAL_FRAMES) // chunk)
    part = largest_divisor(chunk, most)
    return part if part >= 8 else most


def corrected_chunk(n_block: int) -> int:
    """Frames in a chunk of the corrected movie: blocks are whole chunks, of which no two workers write the same."""
    part = largest_divisor(n_block, _USUAL_FRAMES)
    return part if part >= min(n_block, _USUAL_FRAMES // 4) else n_block


def largest_divisor(number: int, most: int) -> int:
    """The largest whole part of a number that is not larger than `most`."""
    return next(part for part in range(min(number, most), 0, -1) if number % part == 0)


def find_bending(
    sample: Sample,
    template: Template,
    laid: Laid,
    settings: MotionSettings,
    workers: Workers,
    told: Callable[[float], None],
) -> tuple[PatchGrid, NDArray[np.float64]] | None:
    """The patches and how they answer; None where the movie is not bent, or is not to be looked at for it."""
    grid = grid_of(template.picture, settings.reach_px, settings.patch_px) if settings.is_piecewise else None
    if grid is None:
        return None
    found = workers.map(partial(pulls_of, sample, laid.shift_px, grid), sample.parts, told)
    gain = gain_of(grid, np.concatenate(found)[laid.quality > 0])
    return None if gain is None else (grid, gain)


def pulls_of(sample: Sample, shift_px: NDArray[np.float64], grid: PatchGrid, part: slice) -> NDArray[np.float64]:
    """Which way each patch is drawn in some frames of a sample whose shift is undone, (frame, patch, axis)."""
    moved = (move_back(frame, shift) for frame, shift in zip(sample.read(part), shift_px[part], strict=True))
    return np.array([grid.pull(difference(grid.picture, frame)) for frame in moved])


def correct_block(
    movie: Movie,
    template: Template,
    settings: MotionSettings,
    bending: tuple[PatchGrid, NDArray[np.float64]] | None,
    corrected: Path,
    block: slice,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Write a block of frames without their motion; gives shifts, quality and shifts of patches."""
    frames = movie.read(block)
    passed = [band_pass(frame, settings.coarse_px) for frame in frames]
    found = np.array([rigid_shift(frame, template) for frame in passed])
    shift, quality = bridge(found[:, :2], found[:, 2] > 0), found[:, 2]
    written = np.empty_like(frames)
    fields = np.zeros((len(frames), *(bending[0].shape if bending else (0, 0)), 2), dtype=np.float32)
    for place, frame in enumerate(frames):
        if bending is None:
            written[place] = move_back(frame, shift[place])
            continue
        grid, gain = bending
        fields[place] = field_of(grid, gain, passed[place], shift[place]) if quality[place] > 0 else shift[place]
        written[place] = move_back_field(frame, grid, fields[place], cv2.INTER_CUBIC)
    zarr.open(zarr.DirectoryStore(str(corrected)), mode="r+")[block] = written
    return shift.astype(np.float32), quality.astype(np.float32), fields


def bridge(shift: NDArray[np.float64], is_found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give frames whose shift was not found one between those of their neighbours."""
    if not is_found.any():
        return np.zeros_like(shift)
    at = np.arange(len(shift))
    return np.stack([np.interp(at, at[is_found], axis[is_found]) for axis in shift.T], axis=1)
