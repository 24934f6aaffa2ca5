"""Engines that are other people's programs: what is handed over, what comes back, what is said when they fail."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.analysis.engines import engine_named
from miniscope_to_nwb_zarr.analysis.foreign import exchange
from miniscope_to_nwb_zarr.analysis.foreign.programs import MINIAN, MINIAN_PINS
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie
from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from tests.analysis.analyses import RATE

SHAPE = (12, 16, 20)


@pytest.fixture
def movie(tmp_path):
    frames = np.random.default_rng(0).integers(20, 90, SHAPE).astype(np.float32)
    zarr.save_array(str(tmp_path / "movie"), frames)
    return ArrayMovie(str(tmp_path / "movie"), RATE)


@pytest.mark.parametrize(
    ("name", "variable"), [("minian", "MINISCOPE_MINIAN_PYTHON"), ("caiman", "MINISCOPE_CAIMAN_PYTHON")]
)
def test_an_engine_without_its_environment_is_refused_with_what_to_do(monkeypatch, name, variable):
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match=f"--analysis_engine {name}: .* set {variable} to the Python") as caught:
        engine_named(name)
    assert {"minian": " ".join(MINIAN_PINS), "caiman": "-c conda-forge caiman"}[name] in str(caught.value)
    monkeypatch.setenv(variable, "/none/python")
    with pytest.raises(UsageError, match="there is no such file"):
        engine_named(name)


def test_the_documentation_names_the_versions_of_minian():
    text = (Path(__file__).parents[3] / "docs" / "analysis.md").read_text(encoding="utf-8")
    assert f"pip install {' '.join(MINIAN_PINS)}\n" in text


def test_a_program_that_fails_is_told_with_its_last_words_and_leaves_nothing(movie, tmp_path, monkeypatch):
    # this environment has no MiniAn
    monkeypatch.setenv("MINISCOPE_MINIAN_PYTHON", sys.executable)
    scratch = tmp_path / "scratch"
    with pytest.raises(InputError, match=r"(?s)MiniAn ended with an error \(exit code 1\).*No module named"):
        MINIAN.find_units(movie, {}, 1, scratch, lambda *_: None)
    assert not list(scratch.iterdir())


def test_whole_grey_levels_are_handed_over_as_they_are_and_others_by_their_range(movie, tmp_path):
    assert exchange.levels_for(movie, in_bytes=True) == exchange.Levels()
    frames = movie.read(slice(None)) / 7 - 3
    zarr.save_array(str(tmp_path / "relative"), frames)
    relative = ArrayMovie(str(tmp_path / "relative"), RATE)
    levels = exchange.levels_for(relative, in_bytes=True)
    exchange.write_movie(relative, levels, tmp_path / "movie.npy", in_bytes=True)
    written = np.load(tmp_path / "movie.npy")
    assert (written.dtype, written.min(), written.max()) == (np.uint8, 0, 255)
    assert np.abs(written * levels.step + levels.low - frames).max() <= levels.step / 2 + 1e-5


@pytest.mark.parametrize("sign", [1, -1])
def test_shifts_are_turned_as_the_contract_has_them(tmp_path, sign):
    still = np.zeros(SHAPE, np.float32)
    still[:, 6:9, 8:11] = 50
    shifts = np.zeros((SHAPE[0], 2), np.float32)
    shifts[::2] = 2, -3
    moved = np.array(
        [np.roll(frame, (int(down), int(right)), (0, 1)) for frame, (down, right) in zip(still, shifts, strict=True)]
    )
    zarr.save_array(str(tmp_path / "moved"), moved)
    assert np.array_equal(exchange.as_moved(sign * shifts, ArrayMovie(str(tmp_path / "moved"), RATE), still), shifts)


def test_units_come_back_in_the_brightness_of_the_movie(movie, tmp_path):
    traces = np.ones((2, SHAPE[0]), np.float32)
    np.savez(
        tmp_path / "units.npz",
        shape=np.array([2, *SHAPE[1:]]),
        unit=np.array([0, 0]),
        pixel=np.array([21, 22]),
        weight=np.array([4.0, 2.0]),
        raw=traces,
        denoised=traces,
        deconvolved=traces,
    )
    units = exchange.read_units(tmp_path / "units.npz", movie, exchange.Levels(10, 0.5), MINIAN)
    # the second has no pixel
    assert units.n_units == 1
    assert units.footprints.toarray()[0, 21:23].tolist() == [1, 0.5]
    assert units.raw[0].tolist() == [2] * SHAPE[0]


@pytest.mark.skipif("MINISCOPE_MINIAN_PYTHON" not in os.environ, reason="the environment of MiniAn is not here")
def test_minian_moves_frames_back(tmp_path):
    rng = np.random.default_rng(3)
    picture = np.kron(rng.integers(40, 200, (16, 16)), np.ones((4, 4))).astype(np.float32)
    shifts = rng.integers(-3, 4, (60, 2))
    frames = np.array([np.roll(picture, tuple(shift), (0, 1)) for shift in shifts])
    zarr.save_array(str(tmp_path / "movie"), frames)
    motion = MINIAN.correct_motion(
        ArrayMovie(str(tmp_path / "movie"), RATE), {}, tmp_path / "still", 1, lambda *_: None
    )
    away = motion.shift_px - shifts
    assert np.sqrt(((away - np.median(away, axis=0)) ** 2).mean()) < 0.3
