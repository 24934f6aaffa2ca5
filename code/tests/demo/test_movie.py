import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import sensor
from miniscope_to_nwb_zarr.demo.arena import ArenaMovie
from miniscope_to_nwb_zarr.demo.movie import CENTRE_LEVEL, DARK_LEVEL, ScopeMovie


@pytest.mark.parametrize("level", [40, 80, 120])
def test_noise_grows_with_the_light(level):
    rng = np.random.default_rng(1)
    light = np.full((200, 200), level, np.float32)
    frames = np.stack([sensor.expose(light, sensor.noise_pool(light.size, 3), rng) for _ in range(4)])
    # rounding to whole levels adds a twelfth
    expected = sensor.GAIN * level + sensor.READ_NOISE**2 + 1 / 12
    assert frames.var() == pytest.approx(expected, rel=0.03)
    assert frames.mean() == pytest.approx(level, abs=0.1)


def test_noise_of_frames_is_independent_at_a_pixel():
    rng = np.random.default_rng(2)
    light = np.full((64, 64), 80, np.float32)
    pool = sensor.noise_pool(light.size, 3)
    frames = np.stack([sensor.expose(light, pool, rng) for _ in range(40)]).reshape(40, -1).astype(float)
    between = np.corrcoef(frames)[np.triu_indices(40, 1)]
    assert np.abs(between).max() < 0.1


def test_levels_are_clipped_not_wrapped():
    light = np.array([[0, 255]] * 500, np.float32)
    frame = sensor.expose(light, sensor.noise_pool(light.size, 0), np.random.default_rng(0))
    assert frame[:, 0].max() < 20
    assert frame[:, 1].min() > 220


@pytest.mark.parametrize("kind", [ScopeMovie, ArenaMovie])
def test_a_frame_depends_on_seed_and_number_alone(kind):
    forwards = [kind(64, 48, 6, seed=4).frame(k) for k in range(6)]
    movie = kind(64, 48, 6, seed=4)
    for k in (5, 0, 3):
        np.testing.assert_array_equal(movie.frame(k), forwards[k])
    assert not np.array_equal(forwards[0], forwards[1])
    assert not np.array_equal(kind(64, 48, 6, seed=5).frame(0), forwards[0])


def test_scope_is_bright_in_the_middle_and_within_the_range():
    frame = ScopeMovie(120, 90, 3, has_noise=False).frame(0)
    assert frame.shape == (90, 120)
    assert DARK_LEVEL <= frame.min() < frame.max() <= CENTRE_LEVEL + 60
    assert frame[30:60, 40:80].mean() > frame[:10, :10].mean() + 10


def test_cells_shine_where_and_when_their_traces_say():
    movie = ScopeMovie(200, 160, 300, has_noise=False, has_motion=False)
    cell, peak = np.unravel_index(np.argmax(movie.traces.T), movie.traces.T.shape)
    row, column = movie.corners[cell] + movie.footprints.shape[1] // 2 - 2
    quiet = int(np.argmin(movie.traces[:, cell]))
    rise = movie.traces[peak, cell] - movie.traces[quiet, cell]
    assert rise > 12
    seen = movie.light(int(peak))[row, column] - movie.light(quiet)[row, column]
    assert seen == pytest.approx(rise, abs=2)


def test_tissue_bleaches_and_moves():
    long = ScopeMovie(64, 48, 9001, has_noise=False, has_motion=False)
    assert long.light(9000).mean() < 0.95 * long.light(0).mean()
    moving = ScopeMovie(64, 48, 400, has_noise=False)
    assert set(np.unique(moving.shifts_px)) == {-2, -1, 0, 1, 2}


def test_the_mouse_is_where_the_path_says():
    movie = ArenaMovie(160, 120, 200, has_noise=False)
    for k in (0, 77, 199):
        x, y = movie.path_px[k].astype(int)
        assert movie.frame(k)[y, x].max() < 50
    assert np.linalg.norm(movie.path_px[199] - movie.path_px[0]) > 1
    assert movie.frame(0)[60, 5].max() < 100
