"""What the page to decide by hand is made of."""

import json
from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.analysis.outlines import outlines
from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.curation_page import curation_page
from tests.analysis.analyses import analysis, units

DIGEST = "ab" * 32


def test_a_page_without_units_is_none(tmp_path):
    assert curation_page("M1", "ophys", DIGEST, [analysis(tmp_path, with_cells=False)]) is None


def test_long_traces_take_little_room(tmp_path):
    long = analysis(tmp_path, 20_000)
    data = json.loads(curation_page("M1", "ophys", DIGEST, [long]).partition('id="data">')[2].partition("</script>")[0])
    assert len(data["movies"][0]["units"][0]["raw"]) == 1600


def test_outlines_go_around_the_bright_part_of_a_footprint():
    found = outlines(units().footprints, 8)
    (polygon,) = found[1]
    # the brighter pixel lies in row 1 and column 3, the darker one below it
    assert polygon[:, 0].min() == pytest.approx(3, abs=0.6)
    assert polygon[:, 0].max() == pytest.approx(4, abs=0.6)
    assert polygon[:, 1].min() == pytest.approx(1, abs=0.6)
    assert outlines(units().footprints[[0]] * 0, 8) == [[]]


def test_pictures_are_the_same_for_the_same_analysis(tmp_path):
    one = analysis(tmp_path)
    pictures = analysis_figures(one)
    assert list(pictures) == ["footprints", "traces", "motion", "fluorescence"]
    assert pictures == analysis_figures(one)
    bare = replace(one, cells=None, motion=None, phase=None, spectrogram=None)
    assert list(analysis_figures(bare)) == ["fluorescence"]
    rejected = replace(one, cells=replace(one.cells, accepted=np.zeros(3, bool)))
    assert "traces" not in analysis_figures(rejected)
