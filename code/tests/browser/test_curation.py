"""The page to decide by hand, in a real browser, from a file, without a server."""

import json
from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.analysis.curation import load_curation
from miniscope_to_nwb_zarr.qc.curation_page import curation_page, with_decisions
from tests.analysis.analyses import analysis, cells, recorded

pytestmark = pytest.mark.chromium
DIGEST = "ab" * 32
HOSTILE = '</script><img src=x onerror="window.hit=1"><!--'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds the page of two movies, one of them with names that want to be markup."""
    folder = tmp_path_factory.mktemp("curation")
    first = analysis(folder)
    named = cells()
    named = replace(named, scores={f"<b>{HOSTILE}": named.scores["snr"]}, meanings={f"<b>{HOSTILE}": HOSTILE})
    second = analysis(folder, movie=recorded(series=f"OnePhotonSeries_{HOSTILE}"), cells=named)
    text = curation_page(f"M1{HOSTILE}", "ophys", DIGEST, [first, second])
    (folder / "curation.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def fresh(browser, folder):
    """The page as it opens for the first time."""
    browser.open(folder / "curation.html")
    browser.run("localStorage.clear()")
    browser.open(folder / "curation.html")
    return browser


def counts(page):
    return page.run("document.getElementById('counts').textContent")


def chosen(page):
    return page.run("document.querySelector('#units [aria-current=true]').textContent")


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


def test_a_click_on_an_outline_or_a_number_chooses_the_unit(fresh):
    fresh.click("polygon[data-unit='2']")
    assert chosen(fresh) == "2"
    fresh.click("#units button[data-unit='1']")
    assert fresh.run("document.querySelector('#unit b').textContent") == "unit 1"
    fresh.click("#reject")
    assert counts(fresh).endswith("1 of 3 decided by hand")


def test_what_is_saved_can_be_applied_and_gone_on_from(fresh):
    fresh.press("r")
    fresh.run("document.getElementById('curator').value = 'Jane Doe'")
    fresh.click("#save")
    path = fresh.downloads / "curation.json"
    for _ in range(200):
        if path.exists() and path.stat().st_size:
            break
        fresh.run("new Promise((done) => setTimeout(done, 20))")
    curation = load_curation(path)
    assert curation.decisions == {"OnePhotonSeries_HPC": {0: False}}
    assert (curation.analysis, curation.curator, curation.module) == (DIGEST, "Jane Doe", "ophys")
    fresh.click("#clear")
    assert counts(fresh).endswith("0 of 3 decided by hand")
    fresh.put_file("#file", path)
    fresh.wait("document.getElementById('said').textContent.includes('was loaded')")
    assert counts(fresh).endswith("1 of 3 decided by hand")
    path.write_text(json.dumps({**json.loads(path.read_text()), "analysis": "other"}))
    fresh.put_file("#file", path)
    fresh.wait("document.getElementById('said').textContent.includes('belongs to another analysis')")
    path.unlink()


def test_decisions_are_still_there_when_the_page_is_opened_again(fresh, folder):
    fresh.press("r")
    fresh.open(folder / "curation.html")
    assert counts(fresh).endswith("1 of 3 decided by hand")


def test_a_page_that_was_applied_begins_with_what_was_decided(fresh, folder):
    text = (folder / "curation.html").read_text(encoding="utf-8")
    applied = with_decisions(text, {"OnePhotonSeries_HPC": {"0": False, "2": True}}, "Jane")
    (folder / "applied.html").write_text(applied, encoding="utf-8")
    fresh.open(folder / "applied.html")
    assert counts(fresh) == "1 accepted, 2 rejected; 2 of 3 decided by hand"
    assert fresh.run("document.getElementById('curator').value") == "Jane"


def test_names_are_text_and_nothing_is_loaded(fresh, folder):
    fresh.run("document.getElementById('movie').selectedIndex = 1")
    fresh.run("document.getElementById('movie').dispatchEvent(new Event('change'))")
    assert fresh.run("document.getElementById('session').textContent").startswith(f"M1{HOSTILE}")
    assert HOSTILE in fresh.run("document.getElementById('scores').textContent")
    assert fresh.run("window.hit") is None
    assert fresh.run("document.querySelectorAll('img').length") == 1
    assert not fresh.complaints
    assert fresh.requests == [(folder / "curation.html").as_uri()]


@pytest.mark.parametrize("width", [1400, 820, 360])
def test_nothing_is_wider_than_the_window(fresh, folder, width):
    fresh.open(folder / "curation.html", width=width)
    assert fresh.run("document.documentElement.scrollWidth") <= width
    assert fresh.run("document.getElementById('trace').clientWidth") > 200
