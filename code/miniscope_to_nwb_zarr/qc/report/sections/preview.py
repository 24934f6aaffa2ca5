"""The preview movie."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.report.section import Section

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.qc.report.facts import Preview, ReportFacts


def preview_section(facts: ReportFacts) -> Section | None:
    """The movie, or where it lies if it is too large for the page."""
    preview = facts.preview
    if preview is None:
        return None
    return Section("preview", "Preview", joined([_movie(preview), tag("p", _told(preview), class_="note")]), "Preview")


def _movie(preview: Preview) -> Html:
    if not preview.movie:
        return tag("p", tag("a", preview.path, href=preview.path))
    data = base64.b64encode(preview.movie).decode("ascii")
    return tag("video", src=f"data:video/mp4;base64,{data}", controls="", loop="", muted="", playsinline="",
               preload="auto", aria_label="Preview of all devices side by side")  # fmt: skip


def _told(preview: Preview) -> str:
    speed = "at the speed of the recording" if preview.speed == 1 else f"{preview.speed:,.0f} times as fast"
    return (
        f"From left to right: {', '.join(preview.devices)}; {speed}, with the time in the recording. Each picture is "
        "the last frame taken by that time, so a device that has stopped shows a still picture. The contrast of each "
        f"scope is set to the range of its own pictures. Also as {preview.path} beside this page."
    )
