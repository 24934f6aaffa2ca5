import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from miniscope_to_nwb_zarr.qc.figures.axis import axis, time_axis
from miniscope_to_nwb_zarr.qc.figures.curves import bars, curve, dots, envelope
from miniscope_to_nwb_zarr.qc.figures.html import Html, escaped, tag
from miniscope_to_nwb_zarr.qc.figures.plot import Plot, as_figure, as_file, mark
from miniscope_to_nwb_zarr.qc.figures.png import encode_png, stretch

GRAY = arrays.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)))
COLOR = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


@given(GRAY | COLOR)
def test_another_program_reads_the_pixels_of_a_picture(pixels):
    png = encode_png(pixels)
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert np.array_equal(np.asarray(image), pixels)
        # nothing of when and by what it was made
        assert not image.info
    assert encode_png(pixels) == png


def test_contrast_takes_the_range_and_leaves_out_what_is_not_there():
    assert stretch(np.array([[np.nan, 0.0, 5.0, 10.0, 99.0]]), 0, 10).tolist() == [[0, 0, 128, 255, 255]]
    assert stretch(np.array([[3.0, 3.0]]), 3, 3).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "'; --", "a\u202eb\x1b[2J\x00"]
)
def test_text_of_others_stays_text(text):
    made = tag("p", text, title=text)
    parsed = ET.fromstring(made)
    assert not list(parsed)
    assert "\x1b" not in made
    assert "\u202e" not in made
    if text.isprintable():
        assert (parsed.text, parsed.get("title")) == (text, text)
    assert tag("p", escaped(text)) == tag("p", text)


def test_parts_are_put_together():
    assert tag("p", "a", None, Html("<br>"), class_="x", aria_label="y", hidden=None) == (
        '<p class="x" aria-label="y">a<br></p>'
    )
    assert tag("meta", name="viewport") == '<meta name="viewport">'


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9))
def test_an_axis_has_some_round_numbers_within_its_range(low, length):
    for made in (axis(low, low + length, ""), time_axis(low, low + length)):
        values = [value for value, _ in made.ticks]
        assert 1 <= len(values) <= 9
        assert all(made.low - 1e-6 * length <= value <= made.high + 1e-6 * length for value in values)
        labels = [label for _, label in made.ticks]
        assert len(set(labels)) == len(labels)


def test_an_axis_without_length_has_one():
    assert axis(3, 3, "").share(3) == 0.5
    assert time_axis(0, 0).share(0) == 0.5
    assert [label for _, label in axis(0, 10, "", is_whole=True).ticks] == ["0", "2", "4", "6", "8", "10"]


@given(
    arrays.arrays(np.float64, st.integers(1, 300), elements=st.floats(0, 100)),
    st.integers(1, 20),
)
def test_an_envelope_leaves_no_extreme_out(values, n):
    x = np.linspace(0, 10, len(values))
    found = envelope(x, values, 0.0, 10.0, n)
    assert len(found.x) <= n
    assert found.high.max() == values.max()
    assert found.low.min() == values.min()
    assert np.all((found.low <= found.mean + 1e-9) & (found.mean <= found.high + 1e-9))


def test_a_long_curve_is_as_short_as_a_page_needs():
    across, up = axis(0, 3600, ""), axis(0, 100, "")
    x = np.linspace(0, 3600, 108_000)
    y = 50 + np.sin(x)
    y[54_321] = 99
    for drawn in (curve(x, y, across, up, "blue"), dots(x, y, across, up, "blue")):
        assert len(drawn) < 25_000
        # the one value that stands out is there: 1 % below the top
        assert " 10" in drawn or "M1006 10V" in drawn


def test_a_curve_ends_where_a_value_is_missing():
    across, up = axis(0, 4, ""), axis(0, 1, "")
    drawn = curve(np.arange(5.0), np.array([0.0, 1.0, np.nan, 1.0, 0.0]), across, up, "blue")
    assert drawn.count("M") == 2
    assert curve(np.arange(2.0), np.array([np.nan, np.nan]), across, up, "blue") == ""
    assert bars(np.arange(3.0), np.zeros(2), across, up, "blue") == ""


def a_plot(text="Brightness"):
    across, up = time_axis(0, 20), axis(0, 10, "")
    layers = (curve(np.arange(20.0), np.arange(20) / 2, across, up, "blue"),)
    return Plot("b", text, text, across, up, layers, (mark(across, up, 30, 99, "bad", text),), (("blue", text),), text)


def test_a_plot_is_a_figure_and_a_file():
    for text in ("Brightness", "<b>&\"'"):
        figure, file = ET.fromstring(as_figure(a_plot(text))), ET.fromstring(as_file(a_plot(text), text))
        assert figure.find("figcaption/b").text == text
        assert figure.find("p").text == text
        assert file.tag.endswith("}svg")
        shown = "".join(file.itertext())
        assert f"{text}: {text}" in shown
        assert "var(" not in shown
    # a mark beyond the range is an arrow at its edge
    assert '<svg x="100.00%" y="0%" overflow="visible" class="mark bad"><path d="M-5 4L0 -5' in as_figure(a_plot())
