"""The analysis of one movie, step by step. Each step that takes long is kept until the analysis is published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.analysis.cells import cells_of, thresholds
from miniscope_to_nwb_zarr.analysis.crop import crop_of, whole
from miniscope_to_nwb_zarr.analysis.detrend import Detrend, find_trend, without_trend
from miniscope_to_nwb_zarr.analysis.engine_parameters import engine_parameters, of_engine, used_parameters
from miniscope_to_nwb_zarr.analysis.evaluation import evaluate
from miniscope_to_nwb_zarr.analysis.mean_trace import mean_trace
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie, StoredMovie
from miniscope_to_nwb_zarr.analysis.normalise import Normalise, relative, write_baseline
from miniscope_to_nwb_zarr.analysis.phase import phase_of
from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis
from miniscope_to_nwb_zarr.analysis.sharpness import sharpness
from miniscope_to_nwb_zarr.analysis.spectrogram import spectrogram_of
from miniscope_to_nwb_zarr.analysis.step_values import motion_of, motion_values, units_of, units_values
from miniscope_to_nwb_zarr.analysis.workers import open_workers
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Engine, Motion, Movie, Progress, Units
    from miniscope_to_nwb_zarr.analysis.crop import Crop
    from miniscope_to_nwb_zarr.analysis.kept_steps import Arrays, KeptSteps
    from miniscope_to_nwb_zarr.analysis.parameters import Choices
    from miniscope_to_nwb_zarr.analysis.recorded import RecordedMovie
    from miniscope_to_nwb_zarr.analysis.result import Cells
    from miniscope_to_nwb_zarr.analysis.spectrogram import Spectrogram

_CORRECTED = "corrected"
_SMALLEST_PX = 16
_WINDOWS = 4
"""Windows of the spectrogram that lie side by side in a short recording."""
_LONGEST_WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with one movie.

    Attributes
    ----------
    file : Path
        The NWB file.
    movie : RecordedMovie
    choices : Choices
        Of this movie's scope.
    origins : mapping of str to str
        Where each choice comes from, by its name.
    engine : Engine
    workers : int
    """

    file: Path
    movie: RecordedMovie
    choices: Choices
    origins: Mapping[str, str]
    engine: Engine
    workers: int

    @property
    def crop(self) -> Crop:
        """The part of the picture that is analysed."""
        movie, picture = self.movie, self.choices.picture
        if picture.crop_px is None:
            return whole(movie.width_px, movie.height_px)
        return crop_of(picture.crop_px, picture.crop_origin, width_px=movie.width_px, height_px=movie.height_px)

    @property
    def source(self) -> StoredMovie:
        """The movie as it was recorded, cut and made coarser."""
        movie = self.movie
        return StoredMovie(
            str(self.file),
            movie.path,
            movie.n_frames,
            movie.rate_hz,
            self.crop,
            self.choices.picture.bin_px,
            movie.replaced,
        )

    def check(self) -> None:
        """Refuse choices that do not fit the movie, before hours are spent on it.

        Raises
        ------
        InputError
            Naming the choice.
        """
        movie, highest = self.movie, self.choices.phase.high_hz
        source = self.source
        if min(source.height_px, source.width_px) < _SMALLEST_PX:
            raise InputError(
                f"{movie.series}: {source.width_px} x {source.height_px} pixels are left of the picture; expected at "
                f"least {_SMALLEST_PX} x {_SMALLEST_PX} (picture.crop_px, picture.bin_px)"
            )
        if highest >= movie.rate_hz / 2:
            raise InputError(
                f"{movie.series}: the band of the phase reaches {highest:g} Hz, and the movie has {movie.rate_hz:.3g} "
                "frames/s: expected less than half of that (phase.high_hz)"
            )


def analyse(plan: Plan, steps: KeptSteps, progress: Progress) -> MovieAnalysis:
    """Analyse a movie.

    Parameters
    ----------
    plan : Plan
    steps : KeptSteps
        Of this movie.
    progress : callable
        Told the step and which share of it is done.

    Raises
    ------
    InputError
        The choices do not fit the movie.
    """
    choices, movie, source = plan.choices, plan.movie, plan.source
    picture = choices.picture.model_dump(mode="json")
    trace = steps.step("mean trace", picture, lambda _: ({"trace": mean_trace(source, progress)}, {})).arrays["trace"]
    detrended = _detrended(plan, source, trace, steps, progress)
    motion, still = _without_motion(plan, detrended, steps, progress)
    # what stands still is what motion is seen by: it is divided away only when the motion is gone
    measured, rest = _relative(plan, still, steps, progress)
    units = _units(plan, measured, steps, progress)
    judged_by = thresholds(choices, plan.engine.EVENT_NOISE)
    spectrogram = _spectrogram(plan, trace)
    return MovieAnalysis(
        movie=movie,
        crop=plan.crop,
        bin_px=source.bin_px,
        normalise=choices.movie.normalise,
        trace=trace,
        motion=motion,
        corrected=None if motion is None else still,
        cells=None if units is None else _judged(units, measured, judged_by, plan, steps, progress),
        phase=phase_of(movie.time_s, trace, low_hz=choices.phase.low_hz, high_hz=choices.phase.high_hz),
        spectrogram=spectrogram,
        engine=" ".join(engine_id(plan.engine)),
        parameters=used_parameters(
            choices, plan.origins, judged_by, _found(spectrogram), of_engine(motion, units, source.bin_px)
        ),
        steps=tuple(steps.done),
        rest=rest,
    )


def engine_id(engine: Engine) -> list[str]:
    """What tells one engine from another."""
    return [engine.NAME, engine.version()]


def _detrended(
    plan: Plan, source: StoredMovie, trace: NDArray[np.float32], steps: KeptSteps, progress: Progress
) -> Movie:
    """The movie without its trend, where that was chosen."""
    choices = plan.choices.movie
    if choices.detrend is Detrend.NONE:
        return source

    def find(folder: Path) -> tuple[Arrays, Mapping[str, Any]]:
        slowest_s, time_s = choices.detrend_slowest_s, plan.movie.time_s
        method = choices.detrend
        return find_trend(source, method, trace, time_s, slowest_s=slowest_s, folder=folder, progress=progress), {}

    step = steps.step("trend", choices.model_dump(mode="json", include={"detrend", "detrend_slowest_s"}), find)
    return without_trend(source, step.arrays, step.folder)


def _relative(
    plan: Plan, still: Movie, steps: KeptSteps, progress: Progress
) -> tuple[Movie, NDArray[np.float32] | None]:
    """The movie relative to its baseline, where that was chosen, and the mean of the baseline over time."""
    choices = plan.choices.movie
    if choices.normalise is Normalise.NONE or not plan.choices.cells.find:
        return still, None
    window_s, quantile = choices.baseline_window_s, choices.baseline_quantile

    def write(folder: Path) -> tuple[Arrays, Mapping[str, Any]]:
        rest = write_baseline(still, window_s=window_s, quantile=quantile, folder=folder, progress=progress)
        return {"rest": rest}, {}

    depends = {"method": choices.normalise, "window_s": window_s, "quantile": quantile}
    step = steps.step("baseline", depends, write)
    return relative(still, choices.normalise, window_s, step.folder), step.arrays["rest"]


def _without_motion(plan: Plan, movie: Movie, steps: KeptSteps, progress: Progress) -> tuple[Motion | None, Movie]:
    choices = plan.choices
    if not choices.motion.correct:
        return None, movie
    parameters = engine_parameters(choices, choices.picture.bin_px)

    def correct(folder: Path) -> tuple[Arrays, Mapping[str, Any]]:
        found = plan.engine.correct_motion(movie, parameters, folder / _CORRECTED, plan.workers, progress)
        border_px = ceil(float(np.abs(found.shift_px).max()))
        corrected = ArrayMovie(str(folder / _CORRECTED), movie.rate_hz)
        return motion_values(found), {"sharpness": [sharpness(one, border_px) for one in (movie, corrected)]}

    depends = {
        "engine": engine_id(plan.engine),
        "choices": choices.motion.model_dump(mode="json"),
        # engines look for motion of structures as fine as cells
        "radius_px": choices.cells.radius_px,
    }
    step = steps.step("motion", depends, correct)
    before, after = step.facts["sharpness"]
    motion = replace(motion_of(step.arrays), sharpness=(before, after))
    return motion, ArrayMovie(str(step.folder / _CORRECTED), movie.rate_hz)


def _units(plan: Plan, movie: Movie, steps: KeptSteps, progress: Progress) -> Units | None:
    choices = plan.choices
    if not choices.cells.find:
        return None
    parameters = engine_parameters(choices, choices.picture.bin_px)

    def find(folder: Path) -> tuple[Arrays, Mapping[str, Any]]:
        return units_values(plan.engine.find_units(movie, parameters, plan.workers, folder, progress))

    depends = {"engine": engine_id(plan.engine), "choices": choices.cells.model_dump(mode="json")}
    step = steps.step("cells", depends, find)
    return units_of(step.arrays, step.facts)


def _judged(
    units: Units, movie: Movie, judged_by: Mapping[str, Any], plan: Plan, steps: KeptSteps, progress: Progress
) -> Cells:
    """The units with their scores, whichever engine found them."""

    def score(_folder: Path) -> tuple[Arrays, Mapping[str, Any]]:
        with open_workers(plan.workers) as workers:
            return evaluate(units, movie, workers, progress), {}

    scores = dict(steps.step("scores", {}, score).arrays)
    scores["area_px"] = scores["area_px"] * np.float32(plan.choices.picture.bin_px**2)
    return cells_of(units, scores, judged_by, movie.rate_hz)


def _spectrogram(plan: Plan, trace: NDArray[np.float32]) -> Spectrogram | None:
    choices, movie = plan.choices.spectrogram, plan.movie
    duration_s = movie.n_frames / movie.rate_hz
    return spectrogram_of(
        movie.time_s,
        trace,
        window_s=choices.window_s or min(_LONGEST_WINDOW_S, duration_s / _WINDOWS),
        step_s=choices.step_s,
        time_bandwidth=choices.time_bandwidth,
        highest_hz=choices.highest_hz,
    )


def _found(spectrogram: Spectrogram | None) -> Mapping[str, float]:
    """What the spectrogram was made with, in whole frames."""
    if spectrogram is None:
        return {}
    return {"spectrogram.window_s": spectrogram.window_s, "spectrogram.step_s": spectrogram.step_s}
