"""A movie in a file for another program, its run, and its results from files.

The other program is a module beside this one that another Python runs: it imports nothing of this program, and gets one
argument, the folder of the exchange. In it lie ``job.json`` and ``movie.npy``; the program leaves ``motion.npz`` with
``corrected.npy``, or ``units.npz``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from numcodecs import Blosc
from scipy import sparse

from miniscope_to_nwb_zarr.analysis.contract import Motion, Units
from miniscope_to_nwb_zarr.analysis.native.deconvolution import noise_of
from miniscope_to_nwb_zarr.analysis.native.registration import move_back
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Movie, Progress

_BLOCK_BYTES = 64_000_000
_LOG_CHARACTERS = 1500
_ASKED_FRAMES = 10
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Program:
    """Another program as an engine (`Engine`): how it is run here, in its own environment, through files."""

    NAME: str
    EVENT_NOISE: float
    title: str
    """As people know it."""
    variable: str
    """The environment variable that names the Python of its environment."""
    module: str
    """Of this package: what that Python runs."""
    in_bytes: bool
    """Whether it wants pixels as whole numbers from 0 to 255."""
    install: str
    """How its environment is made, as messages say it."""

    def unavailable(self) -> str | None:
        """Why it cannot be used here; None where it can."""
        python = os.environ.get(self.variable, "")
        if not python:
            return (
                f"{self.title} must be installed in an environment of its own ({self.install}): set {self.variable} to "
                "the Python of that environment"
            )
        if not Path(python).is_file():
            return (
                f"{self.variable} is {python}, and there is no such file: name the Python of {self.title}'s environment"
            )
        return None

    def command(self, folder: Path) -> list[str]:
        """Runs it on a folder; isolated, so that it finds the modules of its own environment alone."""
        script = Path(__file__).with_name(f"{self.module}.py")
        return [os.environ[self.variable], "-I", str(script), str(folder)]

    def version(self) -> str:
        """As its environment has it."""
        code = f"import importlib.metadata as m; print(m.version('{self.module.partition('_')[0]}'))"
        done = subprocess.run(  # noqa: S603 - the interpreter is what the user named
            [os.environ[self.variable], "-c", code], capture_output=True, text=True, check=False, timeout=120
        )
        return done.stdout.strip() or "unknown"

    def correct_motion(
        self, movie: Movie, parameters: Mapping[str, Any], corrected: Path, workers: int, progress: Progress
    ) -> Motion:
        """Let it correct the motion of a movie, and put the corrected movie at `corrected`."""
        with _done(self, "motion", movie, parameters, workers, corrected.parent, progress) as (folder, levels):
            found = np.load(folder / "motion.npz")
            shift = np.asarray(found["shift_px"], dtype=np.float32)
            still = np.load(folder / "corrected.npy", mmap_mode="r")
            _expect(self, "frames", (len(shift), *still.shape), (movie.n_frames, *_shape(movie)))
            reach_px = float(found["reach_px"]) if "reach_px" in found else None
            shift = as_moved(shift, movie, still)
            template, quality = _write_still(still, levels, corrected)
        return Motion(shift, template, quality, reach_px=reach_px)

    def find_units(
        self, movie: Movie, parameters: Mapping[str, Any], workers: int, scratch: Path, progress: Progress
    ) -> Units:
        """Let it find the units of a movie."""
        with _done(self, "units", movie, parameters, workers, scratch, progress) as (folder, levels):
            return read_units(folder / "units.npz", movie, levels, self)


def as_moved(shift: NDArray[np.float32], movie: Movie, still: NDArray[np.floating]) -> NDArray[np.float32]:
    """Shifts as the contract has them, whichever way a program counts: those that make still frames of moved ones."""
    most = np.argsort(-np.hypot(*shift.T), kind="stable")[:_ASKED_FRAMES]
    errors = np.zeros(2)
    for frame in most:
        moved = movie.read(slice(int(frame), int(frame) + 1))[0]
        for turn, sign in enumerate((1, -1)):
            back = move_back(moved, sign * shift[frame])
            errors[turn] += 1 - np.corrcoef(back.ravel(), np.asarray(still[frame]).ravel())[0, 1]
    return shift if errors[0] <= errors[1] else -shift


@dataclass(frozen=True, slots=True)
class Levels:
    """How brightness is written: ``brightness = low + step * written``."""

    low: float = 0.0
    step: float = 1.0


def levels_for(movie: Movie, *, in_bytes: bool) -> Levels:
    """Whole grey levels as they are; anything else so that its range fills 0 to 255."""
    if not in_bytes:
        return Levels()
    low, high, is_whole = np.inf, -np.inf, True
    for _, block in blocks(movie):
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        is_whole = is_whole and bool((block == np.round(block)).all())
    if is_whole and low >= 0 and high <= 255:
        return Levels()
    return Levels(low, max(high - low, 1e-30) / 255)


def blocks(movie: Movie) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The frames of a movie, some at a time."""
    step = max(1, _BLOCK_BYTES // (4 * movie.height_px * movie.width_px))
    for first in range(0, movie.n_frames, step):
        block = slice(first, min(first + step, movie.n_frames))
        yield block, movie.read(block)


def write_movie(movie: Movie, levels: Levels, path: Path, *, in_bytes: bool) -> None:
    """Write a movie as an array of numpy, (frame, height, width)."""
    dtype = np.uint8 if in_bytes else np.float32
    out = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=_shape(movie))
    for at, block in blocks(movie):
        written = (block - levels.low) / levels.step
        out[at] = np.clip(np.round(written), 0, 255) if in_bytes else written
    out.flush()


@contextmanager
def _done(
    program: Program,
    step: str,
    movie: Movie,
    parameters: Mapping[str, Any],
    workers: int,
    scratch: Path,
    progress: Progress,
) -> Iterator[tuple[Path, Levels]]:
    """The folder in which a program has done its work; it is removed afterwards."""
    folder = scratch / f"{program.module}-{step}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        progress(f"{program.title}: {step}", 0.0)
        levels = levels_for(movie, in_bytes=program.in_bytes)
        write_movie(movie, levels, folder / "movie.npy", in_bytes=program.in_bytes)
        job = {"step": step, "workers": workers, "rate_hz": movie.rate_hz, "parameters": dict(parameters)}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        _run(program, folder)
        progress(f"{program.title}: {step}", 1.0)
        yield folder, levels
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: Program, folder: Path) -> None:
    log = folder / "log"
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - the interpreter is what the user named
            program.command(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | ONE_THREAD,
            check=False,
        )
    if done.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")[-_LOG_CHARACTERS:]
        raise InputError(f"{program.title} ended with an error (exit code {done.returncode}); its last output:\n{said}")


def _write_still(
    still: NDArray[np.floating], levels: Levels, corrected: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Write a corrected movie; gives its mean and the correlation of each frame with that."""
    n_frames, height, width = still.shape
    step = max(1, _BLOCK_BYTES // (4 * height * width))
    total = np.zeros((height, width))
    out = zarr.open(
        zarr.DirectoryStore(str(corrected)),
        mode="w",
        shape=still.shape,
        chunks=(min(step, 64), min(64, height), min(64, width)),
        dtype="f4",
        compressor=Blosc(cname="lz4", clevel=1, shuffle=Blosc.BITSHUFFLE),
    )
    for first in range(0, n_frames, step):
        block = np.asarray(still[first : first + step], dtype=np.float32) * levels.step + levels.low
        out[first : first + step] = block
        total += block.sum(axis=0, dtype=np.float64)
    mean = (total / n_frames).astype(np.float32)
    centered = (mean - mean.mean()).ravel()
    quality = []
    for first in range(0, n_frames, step):
        block = np.asarray(still[first : first + step], dtype=np.float32).reshape(-1, height * width)
        block = block - block.mean(axis=1, keepdims=True)
        size = np.linalg.norm(block, axis=1) * np.linalg.norm(centered)
        quality.append(block @ centered / np.where(size > 0, size, 1))
    return mean, np.concatenate(quality).astype(np.float32)


def read_units(path: Path, movie: Movie, levels: Levels, program: Program) -> Units:
    """Units as the contract has them; the brightest pixel of a footprint is 1, traces are its brightness."""
    found = np.load(path)
    n_units, *picture = (int(size) for size in found["shape"])
    _expect(program, "pixels", tuple(picture), _shape(movie)[1:])
    place = (found["unit"], found["pixel"])
    footprints = sparse.csr_array((found["weight"], place), shape=(n_units, picture[0] * picture[1]), dtype="f4")
    peak = footprints.max(axis=1).toarray().ravel() if n_units else np.zeros(0)
    kept = np.flatnonzero(peak > 0)
    footprints = sparse.csr_array(sparse.diags_array(1 / peak[kept]) @ footprints[kept], dtype="f4")
    scale = (peak[kept] * levels.step)[:, None].astype(np.float32)
    raw, denoised, spikes = (
        np.asarray(found[name], dtype=np.float32).reshape(n_units, -1)[kept] * scale
        for name in ("raw", "denoised", "deconvolved")
    )
    _expect(program, "frames", (raw.shape[1],), (movie.n_frames,))
    images = {"mean": np.mean([block.mean(axis=0) for _, block in blocks(movie)], axis=0).astype(np.float32)}
    power = footprints.power(2).sum(axis=1)
    baseline = (footprints @ images["mean"].ravel() / np.where(power > 0, power, 1)) - denoised.mean(axis=1)
    noise = np.array([noise_of(trace) for trace in raw], dtype=np.float32)
    return Units(footprints, raw, denoised, spikes, baseline.astype(np.float32), noise, images, {})


def _shape(movie: Movie) -> tuple[int, int, int]:
    return movie.n_frames, movie.height_px, movie.width_px


def _expect(program: Program, what: str, given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if tuple(given) != tuple(wanted):
        raise InputError(f"{program.title} gave back {what} {given}; expected {wanted}")
