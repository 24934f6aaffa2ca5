import numpy as np

from miniscope_to_nwb_zarr.demo.motion import wander


def test_path_is_bounded_smooth_and_as_lively_at_its_end():
    path = wander(9000, 2, 30.0, 0.5, np.random.default_rng(3))
    assert path.shape == (9000, 2)
    assert np.abs(path).max() <= 1
    assert np.abs(np.diff(path, axis=0)).max() < 2 * np.pi * 0.5 / 30
    assert path[-3000:].std(axis=0).min() > 0.15
