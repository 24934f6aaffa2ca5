"""Motion of a movie that is read in blocks: a template from a sample, then every block by itself.

The template begins as the mean of frames that lie spread over the movie, or of a few that follow each other if those
fit better; the sample is laid on it, and the mean of what was laid makes the next template (Pnevmatikakis &
Giovannucci 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
import zarr
from numcodecs import Blosc

from miniscope_to_nwb_zarr.analysis.contract import Motion
from miniscope_to_nwb_zarr.analysis.native.bending import (
    PatchGrid,
    difference,
    field_of,
    gain_of,
    grid_of,
    move_back_field,
)
from miniscope_to_nwb_zarr.analysis.native.registration import Template, band_pass, move_back, rigid_shift

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress
    from miniscope_to_nwb_zarr.analysis.native.settings import MotionSettings
    from miniscope_to_nwb_zarr.analysis.workers import Workers

SIDE_PX = 64
"""Chunks of the corrected movie are so high and wide: tiles are read without reading whole frames."""
_BLOCK_BYTES = 96_000_000
_SAMPLE_BYTES = 300_000_000
_SAMPLE_FRAMES = 480
_RUN_FRAMES = 4
"""Frames of the sample that follow each other: a movie is stored in blocks, of which each is decoded whole."""
_ROUNDS = 3
_WORST_SHARE = 0.1
"""Frames that fit least do not enter the template."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What a run of frames gave when it was laid on a template."""

    shift_px: NDArray[np.float64]
    quality: NDArray[np.float64]
    mean: NDArray[np.float32]
    """Of the band-passed frames, moved back."""
    pulls: tuple[NDArray[np.float64], ...] = ()


def correct(movie: Movie, settings: MotionSettings, corrected: Path, workers: Workers, progress: Progress) -> Motion:
    """Find the motion of a movie and write it without.

    Parameters
    ----------
    corrected : Path
        Becomes a zarr array of shape (frame, row, column), float32.
    """
    template = find_template(movie, settings, workers, progress)
    grid, gain = find_bending(movie, template, settings, workers)
    n_block = block_frames(movie)
    zarr.open(
        zarr.DirectoryStore(str(corrected)),
        mode="w",
        shape=(movie.n_frames, movie.height_px, movie.width_px),
        chunks=(n_block, min(SIDE_PX, movie.height_px), min(SIDE_PX, movie.width_px)),
        dtype="f4",
        compressor=Blosc(cname="lz4", clevel=1, shuffle=Blosc.BITSHUFFLE),
    )
    lay = partial(correct_block, movie, template, settings, (grid, gain), corrected)
    blocks = [slice(first, min(first + n_block, movie.n_frames)) for first in range(0, movie.n_frames, n_block)]
    found = workers.map(lay, blocks, partial(progress, "motion"))
    shift, quality, local = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Motion(shift, template.picture, quality, local if gain is not None else None, float(settings.reach_px))


def block_frames(movie: Movie) -> int:
    """Frames that a worker holds at once; also the length of the chunks of the corrected movie."""
    return int(np.clip(_BLOCK_BYTES // (4 * movie.height_px * movie.width_px), 8, 128))


def sample_runs(movie: Movie) -> list[slice]:
    """Short runs of frames, spread evenly over the movie."""
    n_sample = min(_SAMPLE_FRAMES, _SAMPLE_BYTES // (4 * movie.height_px * movie.width_px), movie.n_frames)
    n_runs = max(1, n_sample // _RUN_FRAMES)
    starts = np.linspace(0, max(0, movie.n_frames - _RUN_FRAMES), n_runs).round().astype(int)
    return [slice(int(start), min(int(start) + _RUN_FRAMES, movie.n_frames)) for start in np.unique(starts)]


def find_template(movie: Movie, settings: MotionSettings, workers: Workers, progress: Progress) -> Template:
    """The mean of the sample, laid on itself until it is sharp."""
    runs = sample_runs(movie)
    means = workers.map(partial(mean_of, movie, settings.coarse_px), runs)
    best: tuple[float, Template] | None = None
    for first in (np.mean(means, axis=0), means[len(means) // 2]):
        template = Template(np.asarray(first, dtype=np.float32), settings.reach_px)
        for done in range(_ROUNDS):
            laid = workers.map(partial(lay_run, movie, template, settings.coarse_px), runs)
            template = Template(mean_laid(laid), settings.reach_px)
            progress("template", (done + 1) / _ROUNDS)
        quality = float(np.median(np.concatenate([one.quality for one in laid])))
        if best is None or quality > best[0] + 1e-3:
            best = (quality, template)
    return best[1] if best else template


def mean_of(movie: Movie, coarse_px: float, run: slice) -> NDArray[np.float32]:
    """The mean of some band-passed frames."""
    return np.asarray(np.mean([band_pass(frame, coarse_px) for frame in movie.read(run)], axis=0), dtype=np.float32)


def mean_laid(laid: list[Laid]) -> NDArray[np.float32]:
    """The mean of runs that fit, in the middle of the range of their shifts."""
    quality = np.array([one.quality.mean() for one in laid])
    weights = (quality >= np.quantile(quality, _WORST_SHARE)).astype(float)
    picture = sum(weight * one.mean.astype(np.float64) for weight, one in zip(weights, laid, strict=True))
    return np.asarray(picture / weights.sum(), dtype=np.float32)


def lay_run(movie: Movie, template: Template, coarse_px: float, run: slice, grid: PatchGrid | None = None) -> Laid:
    """Lay some frames on a template."""
    frames = [band_pass(frame, coarse_px) for frame in movie.read(run)]
    found = np.array([rigid_shift(frame, template) for frame in frames])
    moved = [move_back(frame, shift) for frame, shift in zip(frames, found[:, :2], strict=True)]
    pulls = () if grid is None else tuple(grid.pull(difference(grid.picture, frame)) for frame in moved)
    return Laid(found[:, :2], found[:, 2], np.asarray(np.mean(moved, axis=0), dtype=np.float32), pulls)


def find_bending(
    movie: Movie, template: Template, settings: MotionSettings, workers: Workers
) -> tuple[PatchGrid | None, NDArray[np.float64] | None]:
    """The patches and how they answer; no gain where the movie is not bent, or is not to be looked at for it."""
    if not settings.is_piecewise or min(template.picture.shape) < 2 * settings.reach_px + settings.patch_px:
        return None, None
    grid = grid_of(template.picture, settings.reach_px, settings.patch_px)
    laid = workers.map(partial(lay_run, movie, template, settings.coarse_px, grid=grid), sample_runs(movie))
    pulls = [pull for one in laid for pull, quality in zip(one.pulls, one.quality, strict=True) if quality > 0]
    gain = gain_of(grid, pulls)
    return (None, None) if gain is None else (grid, gain)


def correct_block(
    movie: Movie,
    template: Template,
    settings: MotionSettings,
    bending: tuple[PatchGrid | None, NDArray[np.float64] | None],
    corrected: Path,
    block: slice,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Write a block of frames without their motion; gives shifts, quality and shifts of patches."""
    frames = movie.read(block)
    passed = [band_pass(frame, settings.coarse_px) for frame in frames]
    found = np.array([rigid_shift(frame, template) for frame in passed])
    shift, quality = bridge(found[:, :2], found[:, 2] > 0), found[:, 2]
    grid, gain = bending
    written = np.empty_like(frames)
    fields = np.zeros((len(frames), *(grid.shape if grid is not None else (0, 0)), 2), dtype=np.float32)
    for place, frame in enumerate(frames):
        if grid is None or gain is None:
            written[place] = move_back(frame, shift[place])
            continue
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
