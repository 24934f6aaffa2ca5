"""Which units are taken for cells."""

from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.analysis import evaluation
from tests.analysis import analyses


def is_accepted(**scores):
    sound = {"snr": 10.0, "footprint_correlation": 0.85, "surround_share": 0.2, "area_px": 100.0, "relative_area": 1.0}
    return bool(evaluation.accept({name: np.array([value]) for name, value in {**sound, **scores}.items()})[0])


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ({}, True),
        ({"snr": 5.9}, False),
        ({"footprint_correlation": 0.79}, False),
        ({"surround_share": 0.6}, True),
        ({"surround_share": 0.61}, False),
        # a cell with scattered light, or with tissue around it that is active when it is
        ({"surround_share": 0.89, "snr": 20, "footprint_correlation": 0.9}, True),
        ({"surround_share": 0.91, "snr": 20, "footprint_correlation": 0.9}, False),
        ({"surround_share": 0.65, "snr": 19}, False),
        ({"surround_share": 0.65, "snr": 40, "footprint_correlation": 0.89}, False),
        # a piece of the background, and a cell out of focus
        ({"surround_share": 0.5, "snr": 40, "footprint_correlation": 0.95, "relative_area": 3}, False),
        ({"surround_share": 0.4, "relative_area": 3}, True),
    ],
)
def test_the_surround_may_brighten_as_the_unit_is_clear_and_large(scores, wanted):
    assert is_accepted(**scores) is wanted


def test_areas_are_told_in_that_of_a_cell_of_the_size_that_was_looked_for():
    units = analyses.units()
    area = evaluation.bright_pixels(units.footprints)
    wanted = np.pi * (1.177 * units.parameters["radius_px"]) ** 2
    assert evaluation._usual_area(units, area) == pytest.approx(wanted)
    assert evaluation._usual_area(replace(units, parameters={}), np.array([3, 5, 40])) == 5
