"""The analysis in the report of a recording: one more part of its page, which loads nothing and runs nothing."""

from __future__ import annotations

import base64
import re
from html import escape
from typing import TYPE_CHECKING

import cv2
import numpy as np

from miniscope_to_nwb_zarr.qc.analysis_measures import analysis_measures
from miniscope_to_nwb_zarr.qc.cell_counts import counts_of, in_words, label_of
from miniscope_to_nwb_zarr.qc.measure import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis
    from miniscope_to_nwb_zarr.qc.cell_counts import Counts

_USUAL = "ophys"
_HEADLINE = re.compile(r'<p class="headline">.*?</p>', re.DOTALL)
_TABLE = re.compile(r'<section id="overview">.*?</table></div>', re.DOTALL)
_QUALITY = 82
_CAPTIONS = {
    "footprints": "Pictures of the movie without its motion, with the outlines of the units.",
    "traces": "Traces of accepted cells, denoised (dark) and as demixed (light), each to its own height, with events.",
    "motion": "How far each frame lay from the others, and how it fits once it was moved.",
    "fluorescence": "The mean of the picture as recorded, its phase, and its spectrogram.",
}
_MARKS = {Verdict.GOOD: "●", Verdict.LOOK: "▲", Verdict.BAD: "■"}


def anchor_of(module: str) -> str:
    """How the page links to the part."""
    return f"analysis-{module}"


def analysis_section(
    analyses: Sequence[MovieAnalysis], module: str, pictures: Mapping[str, Mapping[str, bytes]], page: str | None
) -> str:
    """The part of the page on one analysis, as HTML.

    Parameters
    ----------
    analyses : sequence of MovieAnalysis
    module : str
        Of the results in the NWB file.
    pictures : mapping of str to mapping of str to bytes
        PNG files by what they show, by the label of the movie.
    page : str, optional
        The page to decide by hand, seen from this one.
    """
    parts = [
        f"<p>{escape(analyses[0].engine)}; results in <code>processing/{escape(module)}</code> of the NWB file. "
        + (f'<a href="{escape(page)}">Accept or reject units by hand</a>.' if page else _why_no_page(analyses))
        + "</p>"
    ]
    for one in analyses:
        parts.append(f"<h3>{escape(one.movie.label)}</h3>")
        parts.append(_table(one, module))
        parts += [_figure(name, one, content) for name, content in pictures[one.movie.label].items()]
    body = "\n".join(parts)
    return f'<section id="{anchor_of(module)}"><h2>Analysis ({escape(module)})</h2>\n{body}\n</section>'


def _why_no_page(analyses: Sequence[MovieAnalysis]) -> str:
    return "No units were found." if any(one.cells for one in analyses) else "Cells were not looked for."


def with_section(page: str, section: str, module: str, analyses: Sequence[MovieAnalysis]) -> str:
    """A page with a part added at its end, to its menu and to what is read first, in place of one of the same name.

    Parameters
    ----------
    page : str
        HTML with a ``main``, and perhaps a ``nav``.
    section : str
        From `analysis_section`.
    module : str
    analyses : sequence of MovieAnalysis
    """
    page = without_section(page, module)
    before, found, after = page.rpartition("</main>")
    if not found:
        raise ValueError("the page has no main part")
    page = f"{before}{section}\n{found}{after}"
    counts = counts_of(analyses)
    cells = ", ".join(
        f'<span data-cells="{escape(f"{module} {series}")}">{in_words(count)}</span> ({escape(label_of(series))})'
        for series, count in counts.items()
    )
    short = f"Analysis ({escape(module)})"
    where = "" if module == _USUAL else f" in {escape(module)}"
    by = escape(analyses[0].engine)
    page = _after(_HEADLINE, page, _mention(module, f"{cells}{where}", "", ' class="headline"'))
    page = _after(_TABLE, page, _mention(module, short, f" by {by}: {cells}", ' class="note"'))
    # beside the first: a menu that is wider than the page is cut off at its end
    menu = re.compile(r"<nav[^>]*>(?:<a [^>]*>[^<]*</a>)?")
    return _after(menu, page, f'<a href="#{anchor_of(module)}">{short}</a>')


def _mention(module: str, link: str, text: str, attribute: str) -> str:
    return f'<p{attribute} data-analysis="{escape(module)}"><a href="#{escape(anchor_of(module))}">{link}</a>{text}</p>'


def _after(place: re.Pattern[str], page: str, added: str) -> str:
    """A page with something after the first of such places; as it is where it has none."""
    return place.sub(lambda found: found.group() + added, page, count=1)


def without_section(page: str, module: str) -> str:
    """A page without the part on an analysis, and without what else it says of it."""
    anchor = re.escape(anchor_of(module))
    page = re.sub(rf'<section id="{anchor}">.*?\n</section>\n?', "", page, flags=re.DOTALL)
    page = re.sub(rf'<p[^>]* data-analysis="{re.escape(escape(module))}">.*?</p>', "", page, flags=re.DOTALL)
    return re.sub(rf'<a href="#{anchor}">[^<]*</a>', "", page)


def with_counts(page: str, module: str, counts: Counts) -> str:
    """A page that tells how many cells there are now, of the movies that are named."""
    for series, count in counts.items():
        begin = re.escape(f'<span data-cells="{escape(f"{module} {series}")}">')
        page = re.sub(rf"({begin})[^<]*", rf"\g<1>{in_words(count)}", page)
    return page


def _table(one: MovieAnalysis, module: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_MARKS[measure.verdict]} {escape(measure.name)}</th>'
        f"<td>{escape(_shown(measure.value))}</td><td>{escape(measure.rule)}</td></tr>"
        for measure in analysis_measures(one, module)
    )
    used = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td><td>{escape(origin)}</td></tr>'
        for name, value, origin in _used(one)
    )
    return (
        f'<div class="scroll" tabindex="0"><table><tbody>{rows}</tbody></table></div>\n'
        f'<details><summary>Parameters</summary><div class="scroll" tabindex="0"><table><tbody>{used}</tbody></table>'
        "</div></details>"
    )


def _used(one: MovieAnalysis) -> Iterator[tuple[str, str, str]]:
    return ((used.name, _text(used.value), used.origin) for used in one.parameters)


def _shown(value: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_text(number)}" for name, number in value.items())


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figure(name: str, one: MovieAnalysis, content: bytes) -> str:
    caption = _CAPTIONS.get(name, name)
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{name}: is no picture")
    # as a photograph it takes a sixth of the room; the picture itself lies beside the page
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    data = base64.b64encode(packed.tobytes()).decode("ascii")
    height, width = picture.shape[:2]
    alt = f"{caption} {one.movie.label}"
    return (
        f'<figure class="picture"><img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}" width="{width}" '
        f'height="{height}"><figcaption>{escape(caption)}</figcaption></figure>'
    )
