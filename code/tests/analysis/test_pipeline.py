"""All steps of an analysis together, by the native engine, on a small movie whose cells and motion are known."""

from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.analysis import native, pipeline, workers
from miniscope_to_nwb_zarr.analysis.kept_steps import KeptSteps
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie
from miniscope_to_nwb_zarr.analysis.native.registration import move_back
from miniscope_to_nwb_zarr.analysis.parameter_file import DEFAULT
from miniscope_to_nwb_zarr.analysis.parameters import Choices
from miniscope_to_nwb_zarr.analysis.pipeline import Plan
from miniscope_to_nwb_zarr.analysis.result import relative_change
from miniscope_to_nwb_zarr.analysis.sharpness import sharpness
from tests.analysis.analyses import recorded
from tests.analysis.test_native import N_FRAMES, PLACES, RADIUS_PX, RATE_HZ, SIDE_PX, made
from tests.conversions import no_processes

__all__ = ["made"]


@pytest.fixture(scope="module")
def file(made, tmp_path_factory):
    """The movie as a recording has it: whole grey levels, (frame, x, y)."""
    path = tmp_path_factory.mktemp("recorded") / "movie.nwb"
    frames = np.clip(made[0], 0, 255).round().astype("u1")
    with h5py.File(path, "w") as stored:
        stored[recorded().path] = frames.transpose(0, 2, 1)
    return path


@pytest.fixture(scope="module")
def analysed(file, tmp_path_factory):
    """Analyses the movie with some choices, once for each."""
    done = {}

    def analyse(**choices):
        key = repr(choices)
        if key not in done:
            time_s = np.arange(N_FRAMES) / RATE_HZ
            movie = recorded(N_FRAMES, SIDE_PX, SIDE_PX, time_s=time_s, rate_hz=RATE_HZ)
            plan = Plan(file, movie, Choices.model_validate(choices), {"cells.radius_px": "lab.yml"}, native, 1)
            steps = KeptSteps(tmp_path_factory.mktemp("steps"), {}, lambda: datetime.now(UTC))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(workers, "open_pool", no_processes)
                done[key] = pipeline.analyse(plan, steps, lambda *_: None)
        return done[key]

    return analyse


@pytest.mark.parametrize("method", ["df_over_f", "df_over_sqrt_f"])
def test_motion_is_found_before_what_stands_still_is_divided_away(analysed, method):
    plain, relative = analysed(), analysed(movie={"normalise": method})
    assert np.array_equal(relative.motion.shift_px, plain.motion.shift_px)
    # the corrected movie is one of grey levels
    frames = slice(0, 5)
    assert np.array_equal(relative.corrected.read(frames), plain.corrected.read(frames))
    assert all(found_at(relative, place) is not None for place in PLACES)


def test_the_corrected_movie_is_sharper_and_one_that_was_moved_wrongly_is_not(analysed, made, tmp_path):
    before, after = analysed().motion.sharpness
    assert after > 1.1 * before
    shifts = analysed().motion.shift_px
    zarr.save_array(str(tmp_path / "wrong"), moved_on(made[0], shifts))
    assert sharpness(ArrayMovie(str(tmp_path / "wrong"), RATE_HZ), 4) < 0.9 * before


def moved_on(frames, shifts):
    """The frames, moved further instead of back."""
    return np.array([move_back(frame, -shift) for frame, shift in zip(frames, shifts, strict=True)])


@pytest.mark.parametrize("method", ["df_over_f", "df_over_sqrt_f"])
def test_relative_change_is_the_same_whatever_the_cells_were_found_in(analysed, method):
    plain, relative = analysed(), analysed(movie={"normalise": method})
    for place in PLACES:
        wanted, change = (relative_change(one, one.cells.units)[found_at(one, place)] for one in (plain, relative))
        assert np.corrcoef(wanted, change)[0, 1] > 0.9
        assert np.quantile(change, 0.99) == pytest.approx(np.quantile(wanted, 0.99), rel=0.25)


def found_at(one, place):
    """The unit that lies there; None where there is none."""
    pictures = one.cells.units.footprints.toarray().reshape(-1, SIDE_PX, SIDE_PX)
    peaks = np.array([np.unravel_index(picture.argmax(), picture.shape) for picture in pictures])
    away = np.hypot(*(peaks - place).T)
    return int(away.argmin()) if away.min() <= 3 else None


def test_what_was_estimated_and_what_was_chosen_is_told_apart(analysed):
    def told(**choices):
        return {one.name: (one.value, one.origin) for one in analysed(**choices).parameters}

    usual = told()
    assert usual["cells.radius_px"] == (pytest.approx(RADIUS_PX, rel=0.5), "estimated from the movie")
    assert usual["cells.merge_correlation"] == (0.8, "default of the engine")
    assert usual["accept.min_snr"] == (6.0, DEFAULT)
    assert usual["spectrogram.window_s"] == (pytest.approx(5, rel=0.01), "estimated from the movie")
    chosen = told(cells={"radius_px": 3.5}, spectrogram={"window_s": 4.01})
    assert chosen["cells.radius_px"] == (3.5, "lab.yml")
    assert chosen["spectrogram.window_s"] == (4.01, DEFAULT)
    assert "engine.radius_px" not in chosen


def test_lengths_are_those_of_the_recording_also_where_pixels_were_averaged(analysed):
    whole, coarse = analysed(), analysed(picture={"bin_px": 2})
    assert coarse.value("cells.radius_px") == pytest.approx(whole.value("cells.radius_px"), rel=0.35)
    assert coarse.value("motion.max_shift_px") == pytest.approx(16)
    # what else is accepted lies at the border, and is smaller
    area = [one.cells.scores["area_px"][one.cells.accepted].max() for one in (whole, coarse)]
    assert area[1] == pytest.approx(area[0], rel=0.5)
