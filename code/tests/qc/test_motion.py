import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo.movie import ScopeMovie
from miniscope_to_nwb_zarr.qc.frame_sums import binned
from miniscope_to_nwb_zarr.qc.motion import Motion, estimate_motion


def test_the_motion_of_a_movie_is_found_to_about_a_pixel():
    movie = ScopeMovie(200, 160, 60, seed=3)
    tiny = np.array([binned(movie.frame(k).T, 2) for k in range(60)])
    found = estimate_motion(np.arange(60), tiny, 2)
    # the tissue moves against the window that is cut from it
    moved = -movie.shifts_px[:, ::-1]
    error = (found.shift_px - found.shift_px.mean(axis=0)) - (moved - moved.mean(axis=0))
    assert moved.std() > 0.8
    assert np.sqrt((error**2).mean()) < 0.8


def test_large_steps_are_found_exactly():
    rng = np.random.default_rng(1)
    scene = np.kron(rng.integers(40, 200, (30, 30)), np.ones((4, 4)))
    steps = [(0, 0), (8, 0), (0, -6), (4, 4), (0, 0), (0, 0)]
    tiny = np.array([scene[20 - x : 84 - x, 20 - y : 84 - y] for x, y in steps]).astype(np.uint8)
    found = estimate_motion(np.arange(6), tiny, 3)
    assert np.allclose(found.shift_px - found.shift_px[0], 3 * np.array(steps), atol=1.0)
    assert np.allclose(found.distance_px[[0, 4, 5]], 0, atol=1.5)


@pytest.mark.parametrize(
    "tiny", [np.zeros((1, 40, 40), np.uint8), np.zeros((9, 12, 40), np.uint8)], ids=["one picture", "a narrow one"]
)
def test_what_cannot_be_judged_is_not(tiny):
    assert estimate_motion(np.arange(len(tiny)), tiny, 1) is None


def test_a_movie_without_detail_has_no_motion():
    assert estimate_motion(np.arange(4), np.full((4, 32, 32), 50, np.uint8), 1) is None
    assert Motion(np.empty(0, np.int64), np.empty((0, 2))).distance_px.size == 0
