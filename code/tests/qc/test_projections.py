import numpy as np

from miniscope_to_nwb_zarr.qc import projections
from miniscope_to_nwb_zarr.qc.sampling import Sampling
from tests.qc.test_frame_sums import sums_of

RNG = np.random.default_rng(5)


def movie_with_a_cell():
    """Noise that brightens and fades as a whole, and four pixels that fire together."""
    common = 20 * np.sin(np.arange(400) / 9)
    firing = 40 * (RNG.random(400) < 0.1)
    movie = 100 + RNG.normal(0, 3, (400, 10, 12)) + common[:, None, None]
    movie[:, 4:6, 5:7] += firing[:, None, None]
    return np.clip(np.rint(movie), 0, 255).astype(np.uint8)


def test_projections_are_those_of_numpy():
    movie = movie_with_a_cell()
    sums = sums_of(movie, Sampling(1, 1, 1))
    assert np.array_equal(projections.maximum(sums), movie.max(axis=0))
    assert np.allclose(projections.mean(sums), movie.mean(axis=0))
    assert np.allclose(projections.deviation(sums), movie.std(axis=0))


def test_correlation_is_partial_and_shows_what_fires_together():
    movie = movie_with_a_cell()
    found = projections.correlation(sums_of(movie, Sampling(1, 1, 1)))
    mean = np.floor(movie.mean(axis=(1, 2)) * 8)
    rest = movie.reshape(400, -1).astype(float)
    design = np.stack([np.ones(400), mean], axis=1)
    rest = (rest - design @ np.linalg.lstsq(design, rest, rcond=None)[0]).reshape(movie.shape)

    def pair(a, b):
        return np.corrcoef(rest[:, *a], rest[:, *b])[0, 1]

    for x, y in ((4, 5), (0, 0), (9, 11), (7, 2)):
        near = [(x + i, y + j) for i, j in ((1, 0), (-1, 0), (0, 1), (0, -1)) if 0 <= x + i < 10 and 0 <= y + j < 12]
        assert np.isclose(found[x, y], np.mean([pair((x, y), other) for other in near]), atol=1e-6)
    inside = np.zeros((10, 12), bool)
    inside[4:6, 5:7] = True
    # each has two of its four neighbours in the cell
    assert found[inside].min() > 0.3
    # without the partial correlation all of it would be near 1
    assert np.abs(np.median(found[~inside])) < 0.1


def test_a_movie_without_change_has_no_correlation():
    still = np.full((5, 4, 4), 7, np.uint8)
    assert np.array_equal(projections.correlation(sums_of(still, Sampling(1, 1, 1))), np.zeros((4, 4)))
    assert projections.contrast(np.empty((0, 3))) == (0.0, 0.0)
