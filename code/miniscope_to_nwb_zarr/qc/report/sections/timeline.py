"""The whole session on one line of time: when each device recorded, where frames are missing, what was noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.timing import find_gaps
from miniscope_to_nwb_zarr.qc.figures.axis import Axis, time_axis
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.report.section import Section, table
from miniscope_to_nwb_zarr.qc.report.time_steps import set_backs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, ReportFacts

_ROW_PX, _BAR_PX, _TOP_PX, _BELOW_PX = 34, 12, 4, 34
_MOST_GAPS, _MOST_NOTES, _MOST_LISTED = 200, 100, 500


def timeline_section(facts: ReportFacts) -> Section | None:
    """The line; none where no device has a frame."""
    spans = {id(device): _in_session(device) for device in facts.devices if device.span_s}
    devices = [device for device in (*facts.scopes, *facts.cameras) if id(device) in spans]
    if not devices:
        return None
    across = time_axis(min(0.0, *(begin for begin, _ in spans.values())), max(end for _, end in spans.values()))
    names = list(dict.fromkeys(device.name for device in devices))
    written = [tag("text", name, x=0, y=_TOP_PX + _ROW_PX * k + 11, class_="name") for k, name in enumerate(names)]
    rows = [_bar(device, across, names.index(device.name)) for device in devices]
    remarks = _remarks(facts)
    height = _TOP_PX + _ROW_PX * len(names)
    if remarks:
        written.append(tag("text", "notes and settings", x=0, y=height + 11, class_="name"))
        rows += [_flag(across, time_s, text, k, height) for k, (time_s, _, text) in enumerate(remarks[:_MOST_NOTES])]
        height += _ROW_PX
    drawn = tag(
        "svg",
        tag("title", "When each device recorded"),
        *rows,
        # above the stems of notes, which cross them
        *written,
        _numbers(across, height),
        role="img",
        aria_label=f"{len(names)} devices over {across.high:.0f} seconds, {len(remarks)} notes and settings changed.",
        width="100%",
        height=height + _BELOW_PX,
        class_="timeline",
    )
    return Section("timeline", "Time line", joined([drawn, _list(remarks)]), menu="Time line")


def _in_session(device: DeviceFacts) -> tuple[float, float]:
    """First and last stamp, in seconds from the start of the session."""
    begin, end = device.span_s or (0.0, 0.0)
    return device.recording.offset_s + begin, device.recording.offset_s + end


def _bar(device: DeviceFacts, across: Axis, row: int) -> Html:
    begin, end = (across.share(value) for value in _in_session(device))
    top = _TOP_PX + _ROW_PX * row + 16
    said = f"{device.name}: {device.stream.n_frames:,} frames"
    width = f"{max(end - begin, 0.001):.3%}"
    bar = tag("rect", tag("title", said), x=f"{begin:.3%}", width=width, y=top, height=_BAR_PX,
              rx=2, class_="bar scope" if device.is_scope else "bar camera")  # fmt: skip
    gaps = sorted(find_gaps(device.stream), key=lambda gap: gap.start_s - gap.stop_s)[:_MOST_GAPS]
    offset = device.recording.offset_s

    def stretch(begin_s: float, end_s: float, said: str, kind: str, reach_px: int = 2) -> Html:
        begin, end = (across.share(offset + value) for value in (begin_s, end_s))
        return tag("rect", tag("title", said), x=f"{begin:.3%}", width=f"{max(end - begin, 0.003):.3%}",
                   y=top - reach_px, height=_BAR_PX + 2 * reach_px, class_=kind)  # fmt: skip

    holes = [
        stretch(gap.start_s, gap.stop_s, f"{gap.n_missing:,} missing after {gap.start_s:.3f} s: {gap.reason}", "hole")
        for gap in gaps
    ]
    # the stretch of time that was stamped twice
    twice = [
        stretch(one.after_s, one.before_s, f"{device.name}: {one.said}", "twice", 4)
        for one in set_backs(device)[:_MOST_GAPS]
    ]
    return joined([bar, *holes, *twice])


def _remarks(facts: ReportFacts) -> list[tuple[float, str, str]]:
    """Time in the session, kind and text of everything that was noted or changed while it ran."""
    found: list[tuple[float, str, str]] = []
    for recording in facts.session.recordings:
        found += [(recording.offset_s + note.time_s, "note", note.text) for note in recording.notes]
        found += [
            (recording.offset_s + one.time_s, "setting", f"{one.device}: {one.setting} = {one.value}")
            for one in recording.property_changes
        ]
    return sorted(found, key=lambda one: one[0])


def _flag(across: Axis, time_s: float, text: str, number: int, top: int) -> Html:
    place = f"{min(max(across.share(time_s), 0.0), 1.0):.3%}"
    return tag(
        "g",
        tag("title", f"{time_s:.3f} s: {text}"),
        tag("line", x1=place, x2=place, y1=_TOP_PX, y2=top + 18, class_="stem"),
        tag("text", str(number + 1), x=place, y=top + 30, text_anchor="middle", class_="flag"),
    )


def _numbers(across: Axis, top: int) -> Html:
    parts = []
    for value, label in across.ticks:
        share = across.share(value)
        anchor = "start" if share < 0.03 else "end" if share > 0.97 else "middle"
        place = f"{share:.2%}"
        parts.append(tag("line", x1=place, x2=place, y1=top, y2=top + 4, class_="tick"))
        parts.append(tag("text", label, x=place, y=top + 16, text_anchor=anchor))
    return joined([*parts, tag("text", across.title, x="100%", y=top + 31, text_anchor="end", class_="title")])


def _list(remarks: Sequence[tuple[float, str, str]]) -> Html:
    if not remarks:
        return tag("p", "No notes were typed and no settings were changed during the recording.", class_="note")
    rows = [
        (str(k + 1), f"{time_s:.3f} s", kind, text) for k, (time_s, kind, text) in enumerate(remarks[:_MOST_LISTED])
    ]
    shown = table(("", "time", "what", "text"), rows, "remarks")
    if len(remarks) > _MOST_LISTED:
        shown = joined([shown, tag("p", f"{len(remarks) - _MOST_LISTED:,} more are in the NWB file.", class_="note")])
    return shown
