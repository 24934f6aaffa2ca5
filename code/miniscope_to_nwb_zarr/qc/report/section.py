"""A part of the page. The page is a list of them, each made by a function of its own."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.measure import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    anchor: str
    """Letters, digits and hyphens: how the page links to it."""
    title: str
    body: Html
    menu: str = ""
    """What it is called in the list of parts; empty where it is not listed."""


_SIGNS = {Verdict.GOOD: ("●", "good"), Verdict.LOOK: ("▲", "look at it"), Verdict.BAD: ("■", "bad")}


_LISTED_ON_PHONES = frozenset({"numbers", "run"})


def sign(verdict: Verdict) -> Html:
    """A verdict as a sign that is told from the others by colour, shape and word."""
    shape, word = _SIGNS[verdict]
    return tag("span", tag("span", shape, aria_hidden="true"), tag("span", word, class_="unseen"),
               class_=f"sign {verdict}")  # fmt: skip


def named_sign(verdict: Verdict) -> Html:
    """A sign with its word beside it, for a legend; who does not see the sign is told the word once."""
    shape, word = _SIGNS[verdict]
    return joined([tag("span", shape, aria_hidden="true", class_=f"sign {verdict}"), " ", word])


def table(head: Sequence[object], rows: Iterable[Sequence[object]], style: str = "") -> Html:
    """A table that scrolls by itself where it is wider than the page; on a phone some are lists of what they say."""
    names = [cell if style in _LISTED_ON_PHONES and cell else None for cell in head]
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head))),
            tag(
                "tbody",
                *(
                    tag(
                        "tr",
                        tag("th", row[0], scope="row"),
                        *(tag("td", cell, data_name=name) for cell, name in zip(row[1:], names[1:], strict=True)),
                    )
                    for row in rows
                ),
            ),
            class_=style or None,
        ),
        class_="scroll",
        tabindex="0",
    )  # fmt: skip


def picture(png: bytes, size_px: tuple[int, int], alt: str, caption: object, style: str = "") -> Html:
    """A picture with its caption; the picture itself is in the page."""
    data = base64.b64encode(png).decode("ascii")
    image = tag("img", src=f"data:image/png;base64,{data}", alt=alt, width=size_px[0], height=size_px[1])
    return tag("figure", image, tag("figcaption", caption), class_=f"picture {style}".strip())
