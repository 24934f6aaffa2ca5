"""What is reached of the bar, by scores that are given; and a large movie that is as its truth says."""

import numpy as np
import pytest

from score_judgement import judge
from score_large import large_movie

GOOD = {"good_f1": 0.99, "trace_r": 0.99, "event_f1": 0.9, "motion_px": 0.1, "n_units": 40, "wall_s": 20, "peak_gb": 1}


def run(family="quick", engine="native", seed=21, **changes):
    return {"family": family, "engine": engine, "seed": seed, **GOOD, **changes}


def failed(lines):
    return [one.what for one in judge(lines) if not one.is_reached]


def test_scores_at_the_bar_pass():
    bar = {"good_f1": 0.95, "trace_r": 0.97, "motion_px": 0.15, "event_f1": 0.80}
    assert failed([run(**bar), run(engine="minian", **bar, wall_s=60)]) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"good_f1": 0.94}, "good_f1"),
        ({"motion_px": 0.16}, "motion_px"),
        ({"event_f1": float("nan")}, "event_f1"),
        ({"motion_px": None}, "motion_px"),
    ],
)
def test_a_score_that_is_not_reached_fails(changes, what):
    assert failed([run(**changes)]) == [what]


def test_the_median_over_the_seeds_counts_and_of_limits_the_worst():
    lines = [run(seed=seed, good_f1=value) for seed, value in ((1, 0.5), (2, 0.96), (3, 0.97))]
    assert failed(lines) == []
    assert failed([run("null", seed=1, n_units=1), run("null", seed=2, n_units=3, peak_gb=2.1)]) == [
        "n_units",
        "peak_gb",
    ]


def test_minian_is_compared_on_the_same_movies():
    ours = [run(seed=1), run(seed=2, good_f1=0.95)]
    assert failed([*ours, run(engine="minian", seed=1, good_f1=1.0, wall_s=59)]) == [
        "good_f1 (MiniAn)",
        "wall_s (a third of MiniAn)",
    ]
    assert failed([*ours, run(engine="minian", seed=3, good_f1=1.0, wall_s=1)]) == []


def test_a_large_movie_is_judged_by_time_and_memory():
    assert failed([run("large", bin=1, wall_s=5399, peak_gb=5.9, good_f1=0)]) == []
    assert failed([run("large", bin=2, wall_s=1501, peak_gb=6.1)]) == ["peak_gb (bin 2)", "wall_s (bin 2)"]


def test_a_large_movie_is_as_its_truth_says(tmp_path):
    stem = large_movie(tmp_path, 3, (64, 96, 120))
    movie = np.load(f"{stem}-movie.npy", mmap_mode="r")
    truth = np.load(f"{stem}-truth.npz")
    assert (movie.shape, movie.dtype) == ((120, 64, 96), np.uint8)
    assert truth["footprints"].shape == (6, 64, 96)
    # moved back by its shift, and not moved further, each frame is like the others
    shifts = np.rint(truth["shift_px"]).astype(int)
    turned = {
        sign: np.array([np.roll(one, tuple(sign * shift), (0, 1)) for one, shift in zip(movie, shifts, strict=True)])
        for sign in (-1, 0, 1)
    }
    back, still, forth = (turned[sign][:, 8:-8, 8:-8].std(axis=0).mean() for sign in (-1, 0, 1))
    assert back < still < forth
    # where a cell is, the movie goes with its calcium
    cell = int(np.argmax(truth["calcium"].max(axis=1)))
    bright = truth["footprints"][cell][8:-8, 8:-8] > 0.5
    assert np.corrcoef(turned[-1][:, 8:-8, 8:-8][:, bright].mean(axis=1), truth["calcium"][cell])[0, 1] > 0.7
    assert large_movie(tmp_path, 3, (64, 96, 120)) == stem
