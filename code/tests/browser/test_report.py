"""The pages as people see them: opened in Chromium, their pixels looked at."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.qc.figures.style import DARK, LIGHT
from miniscope_to_nwb_zarr.run.summary import RunFolder, SessionResult
from tests.conversions import convert, sessions_in
from tests.recordings import CAMERA, SCOPE, small_recording

pytestmark = pytest.mark.chromium
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
WIDTHS = (360, 800, 1400)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of a recording with a lost frame, and with a note and a setting that would be code if they could."""
    folder = tmp_path_factory.mktemp("seen")
    scope = replace(SCOPE, width_px=96, height_px=80, n_frames=60, lost=(31,), settings={"gain": HOSTILE})
    small_recording(folder / "data", devices=(scope, replace(CAMERA, n_frames=60)), notes=((700, HOSTILE),))
    (session,) = sessions_in(folder / "data")
    outcome = convert(session, folder / "results")
    run = RunFolder(folder / "results", {}, [session.name], datetime(2026, 3, 14, tzinfo=UTC))
    findings = outcome.receipt.findings
    rows = [
        SessionResult(session.name, ExitCode.DONE, "written", str(outcome.output), 120, 2.5, 10_000, findings),
        SessionResult("other", ExitCode.INVALID_INPUT, "failed", HOSTILE),
    ]
    run.finish(rows, [Finding(Code.FILE_IGNORED, Severity.INFO, HOSTILE, HOSTILE)], datetime(2026, 3, 15, tzinfo=UTC))
    return {"session": outcome.output / "qc" / "report.html", "run": run.path / "report.html"}


@pytest.mark.parametrize("page", ["session", "run"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_opens_without_a_word_and_fits(browser, results, page, width):
    browser.open(results[page], width)
    assert browser.complaints == []
    assert browser.requests == [results[page].as_uri()]
    assert browser.run("document.documentElement.scrollWidth") <= width
    # no text is set so small that it cannot be read
    assert browser.run("Math.min(...[...document.querySelectorAll('p,td,th,figcaption,small')].map(e => "
                       "parseFloat(getComputedStyle(e).fontSize)))") >= 12  # fmt: skip


@pytest.mark.parametrize("page", ["session", "run"])
@pytest.mark.parametrize("width", [360, 390, 700])
def test_on_a_phone_a_recording_is_seen_whole_at_once(browser, results, page, width):
    browser.open(results[page], width)
    edges = "[...document.querySelectorAll('.numbers td, .numbers th, .run td, .run th, .device *')]"
    edges += ".map(e => e.getBoundingClientRect()).filter(r => r.width).map(r => r.right)"
    assert 300 < max(browser.run(edges)) <= width
    # each figure is named, since there are no columns
    said = browser.run(
        "[...document.querySelectorAll('[data-name]')].map(e => getComputedStyle(e, '::before').content)"
    )
    assert {'"frames"', '"missing"' if page == "session" else '"findings"'} <= set(said)


@pytest.mark.parametrize("page", ["session", "run"])
def test_text_of_others_is_shown_and_never_run(browser, results, page):
    browser.open(results[page])
    assert HOSTILE in browser.run("document.body.innerText")
    assert browser.run("document.scripts.length") == 0
    assert browser.run("[...document.images].every(i => i.src.startsWith('data:'))")
    # even what would have become code could load and run nothing
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/x.png\">')")
    browser.run("new Promise(done => setTimeout(done, 200))")
    refused = [params["entry"]["text"] for method, params in browser.complaints if method == "Log.entryAdded"]
    assert any("Content Security Policy" in text for text in refused)


def test_every_picture_is_drawn(browser, results):
    browser.open(results["session"])
    n_pictures = browser.run("document.images.length")
    assert n_pictures == 4 + 3 + 5
    for index in range(n_pictures):
        pixels = browser.picture("img", index).astype(float)
        assert pixels.shape[1] > 100
        assert pixels.std() > 10, index


def test_every_plot_is_drawn_in_its_colours(browser, results):
    browser.open(results["session"])
    names = browser.run("[...document.querySelectorAll('.chart')].map(c => c.querySelector('b').textContent)")
    assert len(names) == 7 + 3
    colors = dict(pair.split(":#") for pair in LIGHT.replace("--", "").strip(";").split(";"))
    for index, name in enumerate(names):
        pixels = browser.picture(".chart svg.wide", index)
        used = {one for one in ("blue", "orange", "green", "purple", "bad") if has_color(pixels, colors[one])}
        assert used >= EXPECTED[name.partition(":")[0].partition(",")[0]], name
    assert has_color(browser.picture(".timeline"), colors["bad"])
    assert has_color(browser.picture(".timeline"), colors["blue"])


EXPECTED = {
    "Brightness": {"blue"},
    "Saturated pixels": {"orange"},
    "Interval to the frame before": {"blue"},
    "Intervals": {"blue"},
    "Frames waiting for the disk": {"purple"},
    "Motion of the picture": {"blue", "orange"},
    "Head orientation": {"blue", "orange", "green"},
}


def has_color(pixels, color):
    wanted = np.array([int(color[k : k + 2], 16) for k in (0, 2, 4)])
    return int(np.sum(np.abs(pixels.astype(int) - wanted).max(axis=2) < 24)) >= 3


def test_the_lost_frame_is_marked_where_it_is(browser, results):
    browser.open(results["session"])
    said = browser.run("[...document.querySelectorAll('.mark title, .hole title')].map(t => t.textContent)")
    assert len(said) == 2
    assert all("1 missing after" in text for text in said)
    marked = browser.picture(".chart svg.wide", 2)
    red = np.argwhere((marked[..., 0] > 150) & (marked[..., 1] < 80) & (marked[..., 2] < 80))
    # about half of the way through the recording
    assert 0.4 < red[:, 1].mean() / marked.shape[1] < 0.6


def test_the_preview_plays(browser, results):
    browser.open(results["session"])
    ready = "new Promise(done => { const v = document.querySelector('video'); v.muted = true; v.play(); "
    ready += "const look = () => v.currentTime > 0.3 ? done(v.videoWidth) : setTimeout(look, 50); look(); })"
    assert browser.run(ready) > 200
    browser.run("document.querySelector('video').pause(), document.querySelector('video').controls = false")
    assert browser.picture("video").astype(float).std() > 10


@pytest.mark.parametrize("page", ["session", "run"])
def test_a_page_is_dark_where_all_is(browser, results, page):
    brightness = {}
    for dark in (False, True):
        browser.open(results[page], dark=dark)
        brightness[dark] = browser.picture("header").mean()
    assert brightness[True] < 60 < 200 < brightness[False]


def test_a_page_is_printed_whole_and_without_what_paper_cannot_do(browser, results):
    browser.open(results["session"], dark=True)
    browser.ask(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    # what is folded on a screen is on paper, and no word is white where paper has no ground behind it
    folded = browser.run("[...document.querySelectorAll('details')].map(d => [d.getBoundingClientRect().height, "
                         "d.querySelector('summary').getBoundingClientRect().height])")  # fmt: skip
    assert len(folded) >= 4
    assert all(whole > 2 * line for whole, line in folded)
    colors = browser.run("[...document.querySelectorAll('.badge')].map(b => getComputedStyle(b).color)")
    assert "rgb(154, 103, 0)" in colors
    assert "rgb(255, 255, 255)" not in colors
    pdf = browser.ask("Page.printToPDF", printBackground=False)["data"]
    assert len(pdf) > 50_000


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_curves_stand_out_from_the_paper(palette):
    """By the rule of WCAG: 4.5 to 1 for text, 3 to 1 for what is drawn."""
    colors = dict(pair.split(":") for pair in palette.replace("--", "").strip(";").split(";"))

    def light(color):
        parts = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for paper in ("paper", "card"):
        for name in set(colors) - {"paper", "card", "grid"}:
            a, b = sorted((light(colors[name]), light(colors[paper])))
            assert (b + 0.05) / (a + 0.05) >= (3 if name in {"orange", "green", "purple"} else 4.5), (name, paper)
