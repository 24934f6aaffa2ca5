"""Writes a movie as large as recordings are, block by block: it never has to fit into memory, as minisim's movies do.

Cells on ground that stands still in the tissue, haze that changes slowly, motion by fractions of pixels, bleaching, and
noise as of counted light. The truth beside it is told as `score_movies` tells it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LARGE_SIZE = (608, 608, 12_000)
"""Rows, columns, frames."""
RATE_HZ = 20.0
_BLOCK = 50
_MARGIN_PX = 16
"""Of the tissue around the picture, which motion brings into it."""
_REACH_PX = 6.0
_APART_PX = 30
_DECAY_S = 0.6
_BURSTS_HZ = 0.05
_N_HAZES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that a movie is drawn from."""

    ground: NDArray[np.float32]
    """Of the tissue, shape (height, width) with the margin."""
    footprints: sparse.csr_array
    """Of cells and of haze, in this order, a row of pixels for each."""
    traces: NDArray[np.float32]
    """Shape (n_frames, cells and hazes): their brightness."""
    spikes: NDArray[np.float32]
    """Shape (n_cells, n_frames)."""
    shift_px: NDArray[np.float32]
    """Shape (n_frames, 2): rows and columns by which the tissue lies further down and right."""


def large_movie(folder: Path, seed: int, size: tuple[int, int, int]) -> Path:
    """A movie and its truth, written where they are not there yet; gives the path that ``-movie.npy`` is added to."""
    stem = folder / f"large-{seed}-{'x'.join(map(str, size))}"
    if not stem.with_name(f"{stem.name}-truth.npz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"partial-{os.getpid()}"
        scene = scene_of(size, np.random.default_rng(seed))
        write_movie(partial, scene, size, np.random.default_rng([seed, 1]))
        partial.rename(stem.with_name(f"{stem.name}-movie.npy"))
        np.savez_compressed(partial.with_suffix(".npz"), **truth_of(scene, size))
        partial.with_suffix(".npz").rename(stem.with_name(f"{stem.name}-truth.npz"))
    return stem


def scene_of(size: tuple[int, int, int], rng: np.random.Generator) -> Scene:
    """Cells, haze, ground and motion, drawn by chance."""
    height, width, n_frames = size
    whole = height + 2 * _MARGIN_PX, width + 2 * _MARGIN_PX
    centers = [
        (row + rng.uniform(-6, 6) + _MARGIN_PX, column + rng.uniform(-6, 6) + _MARGIN_PX)
        for row in range(_APART_PX // 2, height - _APART_PX // 2 + 1, _APART_PX)
        for column in range(_APART_PX // 2, width - _APART_PX // 2 + 1, _APART_PX)
    ]
    cells = [_spot(whole, center, rng.uniform(3.0, 4.5)) for center in centers]
    hazes = [_spot(whole, rng.uniform((0, 0), whole), rng.uniform(25, 45)) for _ in range(_N_HAZES)]
    spikes = _spikes(len(cells), n_frames, rng)
    calcium = _decaying(spikes) * rng.uniform(6, 14, len(cells))[:, None]
    slow = gaussian_filter1d(rng.normal(size=(_N_HAZES, n_frames)), 3 * RATE_HZ, axis=1)
    slow *= 4 / max(float(slow.std()), 1e-9)
    walk = gaussian_filter1d(np.cumsum(rng.normal(size=(n_frames, 2)), axis=0), 3, axis=0)
    walk -= walk.mean(axis=0)
    shift = walk * min(1.0, _REACH_PX / max(float(np.abs(walk).max()), 1e-9))
    return Scene(
        _ground(whole, rng),
        sparse.csr_array(sparse.vstack([*cells, *hazes])),
        np.concatenate([calcium, slow]).T.astype(np.float32),
        spikes,
        shift.astype(np.float32),
    )


def write_movie(path: Path, scene: Scene, size: tuple[int, int, int], rng: np.random.Generator) -> None:
    """Write the frames as an array of numpy, uint8, a block at a time."""
    height, width, n_frames = size
    header = {"descr": "|u1", "fortran_order": False, "shape": (n_frames, height, width)}
    bleaching = np.exp(-np.arange(n_frames) / (4 * n_frames)).astype(np.float32)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for first in range(0, n_frames, _BLOCK):
            block = slice(first, min(first + _BLOCK, n_frames))
            lights = np.asarray(scene.traces[block] @ scene.footprints, dtype=np.float32)
            for frame, light in zip(range(block.start, block.stop), lights, strict=True):
                still = scene.ground + light.reshape(scene.ground.shape)
                seen = _moved(still, scene.shift_px[frame], (height, width)) * bleaching[frame]
                noise = rng.standard_normal(seen.shape, dtype=np.float32) * np.sqrt(np.clip(seen, 1, None) / 6)
                file.write(np.clip(np.rint(seen + noise), 0, 255).astype(np.uint8).tobytes())


def truth_of(scene: Scene, size: tuple[int, int, int]) -> dict[str, NDArray[Any]]:
    """What scores are taken against."""
    height, width, _ = size
    n_cells = len(scene.spikes)
    inside = (slice(None), slice(_MARGIN_PX, _MARGIN_PX + height), slice(_MARGIN_PX, _MARGIN_PX + width))
    footprints = scene.footprints[:n_cells].toarray().reshape(n_cells, *scene.ground.shape)[inside]
    return {
        "footprints": footprints.astype(np.float32),
        "calcium": np.ascontiguousarray(scene.traces[:, :n_cells].T),
        "spikes": scene.spikes,
        "shift_px": scene.shift_px,
    }


def _moved(still: NDArray[np.float32], shift_px: NDArray[np.float32], picture: tuple[int, int]) -> NDArray[np.float32]:
    down, right = map(float, shift_px)
    back = np.array([[1, 0, _MARGIN_PX - right], [0, 1, _MARGIN_PX - down]], dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(still, back, picture[::-1], flags=flags), dtype=np.float32)


def _spot(picture: tuple[int, int], center: tuple[float, float] | NDArray[Any], sigma: float) -> sparse.csr_array:
    """A Gaussian spot of height 1, without its faint rim."""
    rows = np.exp(-((np.arange(picture[0]) - center[0]) ** 2) / (2 * sigma**2))
    columns = np.exp(-((np.arange(picture[1]) - center[1]) ** 2) / (2 * sigma**2))
    spot = np.outer(rows, columns)
    return sparse.csr_array(np.where(spot > 0.02, spot, 0).reshape(1, -1).astype(np.float32))


def _ground(picture: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness that stands still: wide unevenness, fine grain, and dark vessels."""
    wide, fine = (cv2.GaussianBlur(rng.normal(size=picture), (0, 0), sigma) for sigma in (40, 3))
    ground = 70 + 8 * wide / wide.std() + 3 * fine / fine.std()
    vessels = np.zeros(picture, np.float32)
    for _ in range(max(3, sum(picture) // 150)):
        ends = [tuple(int(part) for part in rng.integers(0, picture[::-1])) for _ in range(2)]
        cv2.line(vessels, ends[0], ends[1], 1.0, int(rng.integers(3, 9)))
    shade: NDArray[np.float32] = (ground * (1 - 0.3 * cv2.GaussianBlur(vessels, (0, 0), 2))).astype(np.float32)
    return shade


def _spikes(n_cells: int, n_frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Bursts of some spikes, at rates that differ between cells; every cell has one."""
    rates = rng.uniform(0.5, 1.5, (n_cells, 1)) * _BURSTS_HZ / RATE_HZ
    starts = rng.random((n_cells, n_frames)) < rates
    starts[np.arange(n_cells), rng.integers(n_frames // 10, n_frames - n_frames // 10, n_cells)] = True
    return np.where(starts, rng.integers(3, 7, starts.shape), 0).astype(np.float32)


def _decaying(spikes: NDArray[np.float32]) -> NDArray[np.float32]:
    kept = np.exp(-1 / (_DECAY_S * RATE_HZ))
    calcium = np.zeros_like(spikes)
    level = np.zeros(len(spikes), dtype=np.float32)
    for frame in range(spikes.shape[1]):
        level = level * kept + spikes[:, frame] / 3
        calcium[:, frame] = level
    return calcium
