import re
from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.analysis_section import analysis_section, with_section, without_section
from tests.analysis.analyses import analysis, recorded

HOSTILE = '<img src=x onerror="alert(1)">'
PAGE = "<html><body><nav><a href='#a'>a</a></nav>\n<main><section id='a'>first</section></main></body></html>"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return analysis(tmp_path_factory.mktemp("section"))


@pytest.fixture(scope="module")
def pictures(one):
    return {one.movie.label: analysis_figures(one)}


def test_a_part_is_added_once_and_taken_out_whole(one, pictures):
    section = analysis_section([one], "ophys", pictures, "curation.html")
    page = with_section(PAGE, section, "ophys")
    assert page.index("first") < page.index('id="analysis-ophys"') < page.index("</main>")
    assert page.count('href="#analysis-ophys"') == 1
    assert with_section(page, section, "ophys") == page
    other = with_section(page, analysis_section([one], "ophys_ab12", pictures, None), "ophys_ab12")
    assert other.count("<section") == 3
    assert without_section(without_section(other, "ophys"), "ophys_ab12") == PAGE.replace("</main>", "</main>")


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
