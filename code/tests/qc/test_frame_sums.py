from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from miniscope_to_nwb_zarr.qc.frame_sums import FrameSums, binned, in_order, level_of
from miniscope_to_nwb_zarr.qc.sampling import Sampling, plan_sampling

MOVIES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(2, 9), st.integers(2, 9)))
ANY = 1 << 32


def sums_of(movie, sampling, first=0, n_looks=ANY):
    sums = FrameSums.of_none(movie.shape[1:], movie.dtype, sampling, n_looks)
    for number, frame in enumerate(movie):
        sums.look(first + number, frame, sampling)
    return sums


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 300), st.integers(1, 5))), st.integers(0, 255))
def test_the_level_of_a_frame_is_exact(frame, white):
    # `white` is the largest value of the format: a frame has none above
    frame = np.minimum(frame, white)
    assert level_of(frame, white) == (int(frame.sum(dtype=np.int64)), int(np.sum(frame == white)))


@pytest.mark.parametrize("value", [255, 65_535])
def test_the_level_of_the_brightest_frame_does_not_run_over(value):
    frame = np.full((700, 600), value, np.uint8 if value == 255 else np.uint16)
    assert level_of(frame, value) == (value * frame.size, frame.size)


@given(MOVIES)
def test_sums_are_those_of_the_frames(movie):
    sums = sums_of(movie, Sampling(1, 1, 1))
    wide = movie.astype(np.int64)
    assert sums.n_frames == len(movie)
    assert np.array_equal(sums.largest, movie.max(axis=0))
    assert np.array_equal(sums.total, wide.sum(axis=0))
    mean = wide.sum(axis=(1, 2)) * 8 // wide[0].size
    value, square, next_x, next_y, with_mean = sums.small.astype(np.int64)
    assert np.array_equal(value, wide.sum(axis=0))
    assert np.array_equal(square, (wide**2).sum(axis=0))
    assert np.array_equal(next_x[:-1], (wide[:, :-1] * wide[:, 1:]).sum(axis=0))
    assert np.array_equal(next_y[:, :-1], (wide[:, :, :-1] * wide[:, :, 1:]).sum(axis=0))
    assert np.array_equal(with_mean, (wide * mean[:, None, None]).sum(axis=0))
    assert sums.means == [int(mean.sum()), int((mean**2).sum())]


@given(MOVIES, st.data())
def test_it_makes_no_difference_who_looked_at_which_frame(movie, data):
    sampling = Sampling(2, 2, 1, examples=(0, len(movie) - 1), spares=(1,), previewed=frozenset({0, 4}))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(movie)), max_size=4)))
    bounds = [0, *cuts, len(movie)]
    parts = [sums_of(movie[a:b], sampling, a, max(1, b - a)) for a, b in pairwise(bounds)]
    together = FrameSums.of_none(movie.shape[1:], movie.dtype, sampling, ANY)
    for part in data.draw(st.permutations(parts)):
        together.add(part)
    whole = sums_of(movie, sampling)
    assert (together.n_frames, together.means) == (whole.n_frames, whole.means)
    for name in ("largest", "total", "small"):
        assert np.array_equal(getattr(together, name), getattr(whole, name))
    for name in ("tiny", "preview", "examples"):
        for mine, theirs in zip(in_order(getattr(together, name)), in_order(getattr(whole, name)), strict=True):
            assert np.array_equal(mine, theirs)


def test_sums_of_the_brightest_frames_do_not_run_over():
    movie = np.full((260, 4, 4), 255, np.uint8)
    assert sums_of(movie, Sampling(1, 1, 1), n_looks=260).total.max() == 260 * 255
    deep = np.full((3, 4, 4), 65_535, np.uint16)
    assert sums_of(deep, Sampling(1, 1, 1), n_looks=3).small[1].max() == 3 * 65_535**2


def test_small_pictures_are_rounded_means():
    frame = np.arange(48, dtype=np.uint8).reshape(6, 8)
    expected = np.floor(frame[:, :6].reshape(2, 3, 2, 3).mean(axis=(1, 3)) + 0.5)
    assert np.array_equal(binned(frame, 3), expected)
    assert binned(np.full((40, 40), 65_535, np.uint16), 20).tolist() == [[65_535] * 2] * 2
    color = np.dstack([frame, frame + 1, frame + 2])
    assert np.array_equal(binned(color, 2)[..., 2], binned(frame + 2, 2))


@pytest.mark.parametrize(
    ("n_frames", "sides", "n_series", "step", "small", "tiny"),
    [
        (1, (64, 48), 1, 1, 1, 1),
        (600, (256, 256), 1, 2, 1, 3),
        (12_000, (600, 600), 1, 20, 2, 3),
        (108_000, (600, 600), 1, 54, 2, 3),
        (108_000, (752, 480), 20, 720, 2, 4),
    ],
)
def test_how_closely_is_looked(n_frames, sides, n_series, step, small, tiny):
    plan = plan_sampling(n_frames, sides, n_series)
    assert (plan.step, plan.small, plan.tiny) == (step, small, tiny)
    assert plan.examples == tuple(sorted({0, n_frames // 2, n_frames - 1}))
    assert not set(plan.spares) & set(plan.examples)
    assert all(0 <= number < n_frames for number in plan.spares)
    # as many are shown as before where those in the middle are damaged
    assert len(plan.shown({*plan.examples, *plan.spares} - {n_frames // 2})) == len(plan.examples) or n_frames < 4
