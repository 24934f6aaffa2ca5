"""The page to decide by hand, in a real browser, from a file, without a server."""

import json
from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.analysis.curation import load_curation
from miniscope_to_nwb_zarr.analysis.outlines import outlines
from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.curation_page import curation_page, with_decisions
from tests.analysis.analyses import analysis, cells, recorded, units
from tests.browser import browser, needs_chromium

DIGEST = "ab" * 32
HOSTILE = '</script><img src=x onerror="window.hit=1"><!--'


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A browser with the page of two movies, one of them with names that want to be markup."""
    folder = tmp_path_factory.mktemp("browser")
    first = analysis(folder)
    named = cells()
    named = replace(named, scores={f"<b>{HOSTILE}": named.scores["snr"]}, meanings={f"<b>{HOSTILE}": HOSTILE})
    second = analysis(folder, movie=recorded(series=f"OnePhotonSeries_{HOSTILE}"), cells=named)
    text = curation_page(f"M1{HOSTILE}", "ophys", DIGEST, [first, second])
    (folder / "curation.html").write_text(text, encoding="utf-8")
    with browser(folder) as made:
        made.folder = folder
        yield made


@pytest.fixture
def fresh(page):
    """The page as it opens for the first time."""
    page.open(page.folder / "curation.html")
    page.evaluate("localStorage.clear()")
    page.open(page.folder / "curation.html")
    return page


def counts(page):
    return page.evaluate("document.getElementById('counts').textContent")


def chosen(page):
    return page.evaluate("document.querySelector('#units [aria-current=true]').textContent")


@needs_chromium
def test_keys_are_enough_to_decide(fresh):
    assert counts(fresh) == "2 accepted, 1 rejected; 0 of 3 decided by hand"
    assert chosen(fresh) == "0"
    for key in ("r", "ArrowDown", "k", "a"):
        fresh.press(key)
    # rejected 0 and went on to 1, there and back, accepted 1 and went on to 2
    assert counts(fresh) == "2 accepted, 1 rejected; 2 of 3 decided by hand"
    assert chosen(fresh) == "2"
    fresh.press("ArrowUp")
    fresh.press("u")
    assert counts(fresh) == "1 accepted, 2 rejected; 1 of 3 decided by hand"
    assert not fresh.complaints


@needs_chromium
def test_a_click_on_an_outline_or_a_number_chooses_the_unit(fresh):
    fresh.click("polygon[data-unit='2']")
    assert chosen(fresh) == "2"
    fresh.click("#units button[data-unit='1']")
    assert fresh.evaluate("document.querySelector('#unit b').textContent") == "unit 1"
    fresh.click("#reject")
    assert counts(fresh).endswith("1 of 3 decided by hand")


@needs_chromium
def test_what_is_saved_can_be_applied_and_gone_on_from(fresh):
    fresh.press("r")
    fresh.evaluate("document.getElementById('curator').value = 'Jane Doe'")
    fresh.click("#save")
    path = fresh.folder / "curation.json"
    for _ in range(200):
        if path.exists() and path.stat().st_size:
            break
        fresh.evaluate("new Promise((done) => setTimeout(done, 20))")
    curation = load_curation(path)
    assert curation.decisions == {"OnePhotonSeries_HPC": {0: False}}
    assert (curation.analysis, curation.curator, curation.module) == (DIGEST, "Jane Doe", "ophys")
    fresh.click("#clear")
    assert counts(fresh).endswith("0 of 3 decided by hand")
    fresh.put_file("#file", path)
    fresh.wait("document.getElementById('said').textContent.includes('was taken over')")
    assert counts(fresh).endswith("1 of 3 decided by hand")
    path.write_text(json.dumps({**json.loads(path.read_text()), "analysis": "other"}))
    fresh.put_file("#file", path)
    fresh.wait("document.getElementById('said').textContent.includes('belongs to another analysis')")
    path.unlink()


@needs_chromium
def test_decisions_are_still_there_when_the_page_is_opened_again(fresh):
    fresh.press("r")
    fresh.open(fresh.folder / "curation.html")
    assert counts(fresh).endswith("1 of 3 decided by hand")


@needs_chromium
def test_a_page_that_was_applied_begins_with_what_was_decided(fresh):
    text = (fresh.folder / "curation.html").read_text(encoding="utf-8")
    applied = with_decisions(text, {"OnePhotonSeries_HPC": {"0": False, "2": True}}, "Jane")
    (fresh.folder / "applied.html").write_text(applied, encoding="utf-8")
    fresh.open(fresh.folder / "applied.html")
    assert counts(fresh) == "1 accepted, 2 rejected; 2 of 3 decided by hand"
    assert fresh.evaluate("document.getElementById('curator').value") == "Jane"


@needs_chromium
def test_names_are_text_and_nothing_is_loaded(fresh):
    fresh.evaluate("document.getElementById('movie').selectedIndex = 1")
    fresh.evaluate("document.getElementById('movie').dispatchEvent(new Event('change'))")
    assert fresh.evaluate("document.getElementById('session').textContent").startswith(f"M1{HOSTILE}")
    assert HOSTILE in fresh.evaluate("document.getElementById('scores').textContent")
    assert fresh.evaluate("window.hit") is None
    assert fresh.evaluate("document.querySelectorAll('img').length") == 1
    assert not fresh.complaints
    assert set(fresh.asked_for) <= {(fresh.folder / name).as_uri() for name in ("curation.html", "applied.html")}


@needs_chromium
@pytest.mark.parametrize("width", [1400, 820, 360])
def test_nothing_is_wider_than_the_window(fresh, width):
    fresh.open(fresh.folder / "curation.html", width=width)
    assert fresh.evaluate("document.documentElement.scrollWidth") <= width
    assert fresh.evaluate("document.getElementById('trace').clientWidth") > 200


# what the page is made of


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
