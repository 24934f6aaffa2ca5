"""Cells of a movie without motion, from the first look to the last traces (CNMF-E, tiled and streaming)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from miniscope_to_nwb_zarr.analysis.contract import Units
from miniscope_to_nwb_zarr.analysis.footage import Box, tiles
from miniscope_to_nwb_zarr.analysis.native import footprints as shapes
from miniscope_to_nwb_zarr.analysis.native.fitting import Projection, Setting, TileTask, fit_tile, project_tile
from miniscope_to_nwb_zarr.analysis.native.ring import averaging, interpolation
from miniscope_to_nwb_zarr.analysis.native.seeding import Seed, find_seeds
from miniscope_to_nwb_zarr.analysis.native.settings import SEED_VALUES
from miniscope_to_nwb_zarr.analysis.native.survey import Survey, survey
from miniscope_to_nwb_zarr.analysis.native.traces import Traces, solve_traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress
    from miniscope_to_nwb_zarr.analysis.native.settings import CellSettings
    from miniscope_to_nwb_zarr.analysis.workers import Workers

_ROUNDS = 3
_TILE_PX = 64
_SEED_TILE_PX = 192
_SMALLEST_TILE_PX = 16
_COVARIED = 4500
"""Coarse pixels of a tile with its border: a worker holds the covariance of each with each, some 160 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is known of the cells."""

    footprints: sparse.csr_array
    """Shape (n_cells, n_pixels)."""
    traces: NDArray[np.float32]
    """Of mean 0, shape (n_cells, n_frames)."""


def extract(movie: Movie, settings: CellSettings, workers: Workers, progress: Progress) -> Units:
    """Find the cells of a movie and their traces."""
    look = survey(movie, workers, progress)
    model, images = first_cells(movie, look, settings, workers, progress)
    images |= {"mean": look.mean, "max": look.highest}
    traces = None
    for turn in range(_ROUNDS):
        # at first the background may explain all it can: what it leaves is local
        setting = Setting(movie, look, settings.radius_px, settings.coarse_px, is_first=turn == 0)
        footprints, rings = fit(setting, model, settings, workers, partial(progress, f"fit {turn + 1}"))
        if not footprints.shape[0]:
            break
        kept = np.flatnonzero(np.diff(footprints.indptr))
        model = Model(footprints[kept], model.traces[kept])
        traces = demix(setting, model, rings, settings, workers, partial(progress, f"traces {turn + 1}"))
        footprints, joined = shapes.merge(model.footprints, traces.centered, settings.merge_correlation)
        is_same = len(joined) == len(model.traces)
        model = Model(footprints, joined)
        if turn == _ROUNDS - 1 and not is_same:
            traces = demix(setting, model, rings, settings, workers, partial(progress, "last traces"))
    parameters = settings.as_parameters()
    if traces is not None:
        parameters["decay_s"] = -1 / (math.log(traces.decay) * movie.rate_hz)
    return units_of(look, model, traces, images, parameters)


def first_cells(
    movie: Movie, look: Survey, settings: CellSettings, workers: Workers, progress: Progress
) -> tuple[Model, dict[str, NDArray[np.float32]]]:
    """The cells that the greedy search sees in each tile, and its images."""
    parts = tiles(look.picture, seed_tile_px(movie, settings), settings.coarse_px)
    search = partial(find_seeds, movie, look.shown, settings, picture=look.picture)
    found = workers.map(search, parts, partial(progress, "first cells"))
    images = {name: np.zeros(look.picture, np.float32) for name in ("correlation", "peak_to_noise")}
    for part, (_, *seen) in zip(parts, found, strict=True):
        rows, columns = part.within(Box(0, 0, 0, 0))
        for image, coarse in zip(images.values(), seen, strict=True):
            fine = np.kron(coarse, np.ones((settings.coarse_px,) * 2, np.float32))
            image[rows, columns] = fine[: part.shape[0], : part.shape[1]]
    seeds = [seed for one, *_ in found for seed in one]
    return model_of(seeds, look.picture, movie.n_frames, settings.bin_frames), images


def seed_tile_px(movie: Movie, settings: CellSettings) -> int:
    """Side of the tiles in which cells are looked for: their filtered movie has to fit into memory."""
    n_values = SEED_VALUES * settings.bin_frames * settings.coarse_px**2 / max(1, movie.n_frames)
    return int(np.clip(np.sqrt(n_values) - 2 * settings.seed_border_px, 32, _SEED_TILE_PX))


def model_of(seeds: list[Seed], picture: tuple[int, int], n_frames: int, bin_frames: int) -> Model:
    """Seeds as a model of the whole movie."""
    n_pixels = picture[0] * picture[1]
    if not seeds:
        return Model(sparse.csr_array((0, n_pixels), dtype="f4"), np.zeros((0, n_frames), np.float32))
    rows, columns, values = [], [], []
    for number, seed in enumerate(seeds):
        height, width = seed.footprint.shape
        box = Box(seed.top, seed.top + height, seed.left, seed.left + width)
        rows.append(np.full(height * width, number))
        columns.append(box.pixels(picture[1]))
        values.append(seed.footprint.ravel())
    place = (np.concatenate(rows), np.concatenate(columns))
    footprints = sparse.csr_array((np.concatenate(values), place), shape=(len(seeds), n_pixels), dtype="f4")
    footprints.eliminate_zeros()
    traces = np.repeat(np.stack([seed.trace for seed in seeds]), bin_frames, axis=1)
    traces = np.pad(traces, ((0, 0), (0, n_frames - traces.shape[1])), mode="edge")
    return Model(footprints, traces - traces.mean(axis=1, keepdims=True))


def fit(
    setting: Setting, model: Model, settings: CellSettings, workers: Workers, told: Callable[[float], None]
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Footprints of the model on its traces, and the rings of the background."""
    picture = setting.survey.picture
    may_lie = shapes.allowed(model.footprints, picture, settings.radius_px)
    parts = tiles(picture, fit_tile_px(setting), setting.coarse_px)
    cells_of: list[NDArray[np.int64]] = []

    def tasks() -> Iterator[TileTask]:
        for part in parts:
            box = setting.bordered(part)
            known, allowed = model.footprints[:, box.pixels(picture[1])], may_lie[:, box.pixels(picture[1])]
            cells = np.flatnonzero(np.diff(known.indptr) + np.diff(allowed.indptr))
            cells_of.append(cells)
            yield TileTask(part, known[cells], allowed[cells], model.traces[cells])

    fitted = list(workers.each(partial(fit_tile, setting), tasks(), len(parts), told))
    rings = sum((one.rings for one in fitted[1:]), start=fitted[0].rings)
    pieces = []
    for part, cells, one in zip(parts, cells_of, fitted, strict=True):
        piece = sparse.coo_array(one.footprints)
        place = (cells[piece.row], part.pixels(picture[1])[piece.col])
        pieces.append(sparse.csr_array((piece.data, place), shape=model.footprints.shape))
    footprints = sparse.csr_array(sum(pieces[1:], start=pieces[0]))
    return shapes.cleaned(footprints, model.traces, setting.survey.noise), rings


def fit_tile_px(setting: Setting) -> int:
    """Side of the tiles in which footprints are fitted: small where cells are small, whose pixels are not averaged."""
    most = int(math.sqrt(_COVARIED) * setting.coarse_px) - 2 * setting.border_px
    return min(_TILE_PX, max(_SMALLEST_TILE_PX, most))


def demix(
    setting: Setting,
    model: Model,
    rings: sparse.csr_array,
    settings: CellSettings,
    workers: Workers,
    told: Callable[[float], None],
) -> Traces:
    """Traces of the model's cells."""
    picture = setting.survey.picture
    average, interpolate = averaging(picture, setting.coarse_px), interpolation(picture, setting.coarse_px)
    behind = sparse.csr_array(sparse.csr_array(model.footprints @ interpolate) @ rings)
    weights = sparse.csc_array(model.footprints - behind @ average)
    mixing = sparse.csr_array(model.footprints @ model.footprints.T - behind @ (average @ model.footprints.T))
    tasks = []
    for part in tiles(picture, _TILE_PX, setting.coarse_px):
        own = sparse.csr_array(weights[:, part.pixels(picture[1])])
        cells = np.flatnonzero(np.diff(own.indptr))
        tasks.append(Projection(part, cells, own[cells].toarray()))
    sums = np.zeros(model.traces.shape, np.float32)
    projected = workers.each(partial(project_tile, setting), tasks, len(tasks), told)
    for task, part_sums in zip(tasks, projected, strict=True):
        sums[task.cells] += part_sums
    return solve_traces(sums, mixing, model.traces, setting.movie.rate_hz, settings.decay)


def units_of(
    look: Survey,
    model: Model,
    traces: Traces | None,
    images: dict[str, NDArray[np.float32]],
    parameters: dict[str, Any],
) -> Units:
    """Cells as the contract has them: the brightest pixel of a footprint is 1, traces are its brightness."""
    n_frames = model.traces.shape[1]
    if traces is None:
        none, flat = np.zeros((0, n_frames), np.float32), np.zeros(0, np.float32)
        return Units(model.footprints, none, none, none, flat, flat, images, parameters)
    kept = np.flatnonzero(traces.calcium.max(axis=1) > 0)
    traces, footprints = traces.only(kept), model.footprints[kept]
    peak = footprints.max(axis=1).toarray().ravel()[:, None]
    footprints = sparse.csr_array(sparse.diags_array(1 / peak.ravel()) @ footprints, dtype="f4")
    power = np.asarray(footprints.power(2).sum(axis=1))
    rest = footprints @ look.mean.ravel() / power - (traces.calcium.mean(axis=1) * peak.ravel())
    return Units(
        footprints,
        traces.raw * peak,
        traces.calcium * peak,
        traces.spikes * peak,
        rest.astype(np.float32),
        traces.noise * peak.ravel(),
        images,
        parameters,
    )
