import re
from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.analysis_section import analysis_section, with_counts, with_section, without_section
from miniscope_to_nwb_zarr.qc.cell_counts import CellCount
from tests.analysis.analyses import analysis, recorded

HOSTILE = '<img src=x onerror="alert(1)">'
PAGE = (
    '<html><body><header><p class="headline">1 scope</p></header><nav><a href="#overview">At a glance</a>'
    '<a href="#last">last</a></nav>\n<main><section id="overview"><table></table></div><p>legend</p></section></main>'
    "</body></html>"
)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return analysis(tmp_path_factory.mktemp("section"))


@pytest.fixture(scope="module")
def pictures(one):
    return {one.movie.label: analysis_figures(one)}


def test_a_part_is_added_once_and_taken_out_whole(one, pictures):
    section = analysis_section([one], "ophys", pictures, "curation.html")
    page = with_section(PAGE, section, "ophys", [one])
    assert page.index("legend") < page.index('id="analysis-ophys"') < page.index("</main>")
    # beside the headline, in the menu, and at a glance
    assert page.count('href="#analysis-ophys"') == 3
    assert with_section(page, section, "ophys", [one]) == page
    other = with_section(page, analysis_section([one], "ophys_ab12", pictures, None), "ophys_ab12", [one])
    assert other.count("<section") == 3
    assert without_section(without_section(other, "ophys"), "ophys_ab12") == PAGE


def test_what_is_read_first_says_how_many_cells_there_are(one, pictures):
    page = with_section(PAGE, analysis_section([one], "ophys", pictures, None), "ophys", [one])
    said = re.sub(r"<[^>]*>", "", page)
    assert "1 scope2 cells of 3 units (HPC)At a glanceAnalysis (ophys)last" in said
    assert "Analysis (ophys) by test 1: 2 cells of 3 units (HPC)legend" in said
    decided = with_counts(page, "ophys", {"OnePhotonSeries_HPC": CellCount(1, 3)})
    assert decided.count("1 cell of 3 units") == 2
    assert with_counts(decided, "ophys_ab12", {"OnePhotonSeries_HPC": CellCount(3, 3)}) == decided


def test_cells_that_nobody_looked_for_are_not_counted(one, pictures):
    without = replace(one, cells=None)
    page = with_section(PAGE, analysis_section([without], "ophys", pictures, None), "ophys", [without])
    assert page.count("cells not looked for") == 2
    assert "Cells were not looked for." in page
    assert "0 units" not in page


def test_a_part_tells_of_motion_cells_and_parameters_and_loads_nothing(one, pictures):
    section = analysis_section([one], "ophys", pictures, "curation.html")
    assert "units 3, accepted 2" in section
    assert "cells.radius_px" in section
    assert "lab.yml, line 4" in section
    assert '<a href="curation.html">' in section
    assert len(re.findall('<img src="data:image/jpeg;base64,', section)) == section.count("<img") == 4
    assert "style=" not in section
    assert "<script" not in section


def test_names_are_text(one, pictures):
    named = replace(one, movie=recorded(series=f"OnePhotonSeries_{HOSTILE}"), engine=HOSTILE)
    (found,) = pictures.values()
    section = analysis_section([named], "ophys", {named.movie.label: found}, None)
    assert HOSTILE not in section
    assert "No units were found" in section
    assert HOSTILE not in with_section(PAGE, section, "ophys", [named])
