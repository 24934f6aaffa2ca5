"""All devices in one table: the figures by which recordings are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.missing import n_missing
from miniscope_to_nwb_zarr.core.timing import rate_hz
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.frame_measures import FRAMES_STORED
from miniscope_to_nwb_zarr.qc.measure import Verdict, worst
from miniscope_to_nwb_zarr.qc.picture_measures import BRIGHTNESS, MOTION, level_change
from miniscope_to_nwb_zarr.qc.report.section import Section, named_sign, sign, table
from miniscope_to_nwb_zarr.qc.report.words import length_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, ReportFacts

_HEAD = ("device", "frames", "length", "rate", "missing", "damaged", "saturated", "brightness", "motion")
_NOT_KNOWN = "-"
_LEGEND = (
    "Brightness is the change of the mean from the first to the last tenth of the frames; motion is the distance "
    "within which 95 % of the frames stay."
)


def overview_section(facts: ReportFacts) -> Section | None:
    """The table; none where no device has a frame."""
    devices = [device for device in (*facts.scopes, *facts.cameras) if device.stream.n_frames]
    if not devices:
        return None
    is_combined = len(facts.session.recordings) > 1
    rows = [_row(device, is_combined=is_combined) for device in devices]
    signs = [part for one, ending in ((Verdict.GOOD, ", "), (Verdict.LOOK, ", "), (Verdict.BAD, ". ")) for part in
             (named_sign(one), ending)]  # fmt: skip
    body = joined([table(_HEAD, rows, "numbers"), tag("p", *signs, _LEGEND, class_="note")])
    return Section("overview", "At a glance", body, menu="At a glance")


def _row(device: DeviceFacts, *, is_combined: bool) -> list[object]:
    stream, seen, stored = device.stream, device.seen, device.stored
    name: object = tag("a", device.name, href=f"#{anchor(device)}")
    if is_combined:
        name = joined([name, tag("small", device.recording.shown_name)])
    rate = rate_hz(device.time_s)
    motion, missing = seen.motion if seen else None, n_missing(stream)
    return [
        name,
        _cell(device, {"Frames and rows", FRAMES_STORED}, f"{stream.n_frames:,}"),
        _cell(device, {"Order of time stamps"}, _span(device)),
        _cell(device, {"Frame rate"}, f"{rate:.2f} Hz" if rate else _NOT_KNOWN),
        _cell(device, {"Gaps", "Dropped frames", FRAMES_STORED if missing else ""}, f"{missing:,}"),
        _cell(device, {"Damaged frames"}, f"{stored.n_damaged:,}") if stored else "not decoded",
        _cell(device, {"Saturation"}, _share(stored.n_white / stored.n_values if stored.n_values else 0.0))
        if stored
        else _NOT_KNOWN,
        _cell(device, {BRIGHTNESS}, _change(seen.level)) if seen else _NOT_KNOWN,
        _cell(device, {MOTION}, f"{np.percentile(motion.distance_px, 95):.1f} px") if motion else _NOT_KNOWN,
    ]


def anchor(device: DeviceFacts) -> str:
    """How the page links to the part of a device."""
    return "device-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in device.folder)


def _cell(device: DeviceFacts, names: Collection[str], text: str) -> Html:
    judged = [measure.verdict for measure in device.measures if measure.name in names]
    return joined([sign(worst(judged)), " ", text]) if judged else joined([text])


def _span(device: DeviceFacts) -> str:
    begin, end = device.span_s or (0.0, 0.0)
    return length_text(end - begin)


def _share(share: float) -> str:
    return "none" if share == 0 else f"{share:.2%}" if share >= 0.00005 else "< 0.01%"


def _change(level: np.ndarray) -> str:
    found = level_change(level)
    if found is None:
        return _NOT_KNOWN
    return f"{found:+.0%}" if abs(found) >= 0.005 else "steady"
