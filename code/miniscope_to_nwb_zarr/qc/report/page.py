"""The page as one file: it holds its style and its pictures, runs nothing and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.figures.style import DARK, LIGHT, PLOT_STYLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.qc.report.section import Section


def page(title: str, head: Html, sections: Sequence[Section]) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Of the browser's window.
    head : Html
        What stands above everything.
    sections : sequence of Section
    """
    style = Html(_style())
    # nothing but this very style and what is in the page: not even a text that became HTML could load anything
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    menu = tag(
        "nav",
        *(tag("a", one.menu, href=f"#{one.anchor}") for one in sections if one.menu),
        aria_label="Parts of this page",
    )
    body = [tag("section", tag("h2", one.title), one.body, id=one.anchor) for one in sections]
    document = tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("title", title),
            tag("style", style),
        ),
        tag("body", tag("header", head), menu, tag("main", joined(body, Html("\n")))),
        lang="en",
    )
    return f"<!doctype html>\n{document}\n"


def _style() -> str:
    own = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return (
        f":root{{{LIGHT}}}\n@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}\n@media print{{:root{{{LIGHT}}}}}\n"
        f"{PLOT_STYLE}\n{own}"
    )
