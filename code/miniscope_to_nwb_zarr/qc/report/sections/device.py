"""One device: pictures and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import every
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.figures.plot import as_figure
from miniscope_to_nwb_zarr.qc.report.section import Section, picture
from miniscope_to_nwb_zarr.qc.report.sections.overview import anchor
from miniscope_to_nwb_zarr.qc.report.stream_plots import plots

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, ReportFacts, Thumbnail
    from miniscope_to_nwb_zarr.qc.seen import Picture

_CORRELATION = (
    "How strongly each pixel changes together with its neighbours. Cells that fire are bright spots; double lines "
    "along vessels show motion."
)
_PROJECTIONS = {
    "maximum": ("Maximum", "The brightest value of each pixel. Cells that fired stand out."),
    "mean": ("Mean", "Shows vessels and focus, and cells only if they are always bright."),
    "deviation": ("Standard deviation", "How much each pixel varies over time: cells that fire, and edges that move."),
    "correlation": ("Correlation", _CORRELATION),
}


def device_sections(facts: ReportFacts) -> tuple[Section, ...]:
    """A part for each device that has frames, scopes first."""
    devices = [device for device in (*facts.scopes, *facts.cameras) if device.stream.n_frames]
    is_combined = len(facts.session.recordings) > 1
    return tuple(_section(device, facts, is_combined=is_combined) for device in devices)


def _section(device: DeviceFacts, facts: ReportFacts, *, is_combined: bool) -> Section:
    title = f"{device.name}, {device.recording.shown_name}" if is_combined else device.name
    parts = [_about(device)]
    if device.seen:
        parts.append(_projections(device))
        parts.append(_examples(device))
    if device.thumbnails:
        parts.append(_thumbnails(device, facts))
    parts.append(tag("div", *(as_figure(plot) for plot in plots(device)), class_="charts"))
    if device.stored and device.stored.n_values and not device.stored.n_white:
        parts.append(tag("p", "No pixel was saturated, so there is no plot of saturation.", class_="note"))
    return Section(anchor(device), title, joined(parts), menu=title)


def _about(device: DeviceFacts) -> Html:
    given, seen = device.stream.device, device.stream.picture
    size = f"{seen.width_px} x {seen.height_px} pixels, {seen.codec}" if seen else ""
    settings = (
        ("gain", given.gain),
        ("LED", None if given.led_percent is None else f"{given.led_percent:g} %"),
        ("focus", None if given.focus is None else f"{given.focus:g}"),
        ("asked for", None if given.nominal_rate_hz is None else f"{given.nominal_rate_hz:g} Hz"),
    )
    told = [given.model or "", size, *(f"{name} {value}" for name, value in settings if value is not None)]
    return tag("p", " · ".join(text for text in told if text), class_="about")


def _projections(device: DeviceFacts) -> Html:
    seen = device.seen
    if seen is None:
        return Html("")
    shown = [(seen.picture(name), title, how) for name, (title, how) in _PROJECTIONS.items()]
    figures = [_projection(device, one, title, how) for one, title, how in shown if one]
    if not figures:
        return Html("")
    note = (
        f"Made of {every(seen.step)} frame ({seen.n_looks:,}). Larger ones lie in the output, in qc/{device.folder}/."
    )
    return joined([tag("div", *figures, class_="pictures"), tag("p", note, class_="note")])


def _projection(device: DeviceFacts, one: Picture, title: str, how: str) -> Html:
    limits = f" Black is {one.low:.3g}, white {one.high:.3g}."
    alt = f"{title} of {device.name}, as a gray picture"
    return picture(one.shown, one.size_px, alt, joined([tag("b", title), " ", how, tag("small", limits)]))


def _examples(device: DeviceFacts) -> Html:
    frames = [one for one in device.seen.pictures if one.frame >= 0] if device.seen else []
    if not frames:
        return Html("")
    figures = [
        picture(
            one.shown,
            one.size_px,
            f"Frame {one.frame} of {device.name}",
            joined([tag("b", f"Frame {one.frame:,}"), f" at {device.time_s[one.frame]:.3f} s"]),
        )
        for one in frames
    ]
    note = f"Single frames, all with the same contrast: black is {frames[0].low:.3g}, white {frames[0].high:.3g}."
    return joined([tag("div", *figures, class_="pictures"), tag("p", note, class_="note")])


def _thumbnails(device: DeviceFacts, facts: ReportFacts) -> Html:
    scope = next((one for one in facts.scopes if one.recording is device.recording and one.stream.n_frames), None)
    figures = [_thumbnail(device, one, scope) for one in device.thumbnails]
    note = (
        "Read from its video, each with the frame of the scope that is nearest in time."
        if scope
        else "Read from its video."
    )
    return joined([tag("div", *figures, class_="pictures small"), tag("p", note, class_="note")])


def _thumbnail(device: DeviceFacts, one: Thumbnail, scope: DeviceFacts | None) -> Html:
    time_s = float(device.time_s[one.frame])
    told = [tag("b", f"Frame {one.frame:,}"), f" at {time_s:.3f} s"]
    if scope is not None:
        nearest = int(np.argmin(np.abs(scope.time_s - time_s)))
        apart_ms = (float(scope.time_s[nearest]) - time_s) * 1000
        when = (
            "at the same time"
            if round(apart_ms) == 0
            else f"{abs(apart_ms):,.0f} ms {'later' if apart_ms > 0 else 'earlier'}"
        )
        told.append(tag("small", f" {scope.name}: frame {nearest:,}, {when}"))
    return picture(one.png, one.size_px, f"Frame {one.frame} of {device.name}", joined(told))
