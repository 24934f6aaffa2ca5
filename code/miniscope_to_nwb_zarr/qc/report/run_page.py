"""One page for all sessions of a run: those that failed first, then a row for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted, duration_text, size_text
from miniscope_to_nwb_zarr.core.findings import Code, grave_in_words
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.qc.cell_counts import all_in_words
from miniscope_to_nwb_zarr.qc.figures.axis import axis
from miniscope_to_nwb_zarr.qc.figures.curves import curve_of_few
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.report.page import page
from miniscope_to_nwb_zarr.qc.report.section import Section, sign, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.qc.glance import DeviceGlance, Glance

# what the lab has not said is no matter of quality
_NOT_COUNTED = frozenset({Code.FACT_MISSING, Code.FACT_UNKNOWN})
_HEAD = ("session", "", "devices", "findings", "frames", "size", "time")
# of pictures: what a page has room for that is to be sent by mail
_PICTURE_CHARACTERS = 3_500_000


@dataclass(frozen=True, slots=True)
class RunRow:
    """One session of a run."""

    session: str
    outcome: str
    """``written``, ``already done`` or ``failed``."""
    message: str
    frames: int
    seconds: float
    n_bytes: int
    findings: tuple[Finding, ...]
    report: str = ""
    """Where its report lies, seen from the page; empty where there is none."""
    glance: Glance | None = None


def run_page(title: str, about: str, rows: Sequence[RunRow], findings: Sequence[Finding]) -> str:
    """The page as text.

    Parameters
    ----------
    title : str
    about : str
        When and with what it ran.
    rows : sequence of RunRow
    findings : sequence of Finding
        Those that are of no session.
    """
    failed = [row for row in rows if row.outcome == "failed"]
    done = [row for row in rows if row.outcome != "failed"]
    sections = []
    if failed:
        listed = table(("session", "why"), [(row.session or "all", without_secrets(row.message)) for row in failed])
        sections.append(Section("failed", "Not converted", listed, f"Not converted ({len(failed)})"))
    if done:
        sections.append(Section("sessions", "Sessions", _sessions(done), f"Sessions ({len(done)})"))
    if findings:
        shown = [(one.where, str(one.severity), one.sentence) for one in findings]
        sections.append(
            Section("elsewhere", "Findings outside of sessions", table(("where", "", "what"), shown), "Findings")
        )
    words = [counted(len(done), "session") + " done", f"{len(failed):,} failed" if failed else ""]
    head = [
        tag("p", "Run report", class_="kicker"),
        tag("h1", title),
        tag("p", ", ".join(word for word in words if word), class_="headline"),
        tag("p", about, class_="about"),
    ]
    return page(title, joined(head), sections)


def _sessions(rows: Sequence[RunRow]) -> Html:
    room = _PICTURE_CHARACTERS
    cells = []
    for row in rows:
        devices = row.glance.devices if row.glance else ()
        room -= sum(len(device.picture) for device in devices)
        cells.append(_cells(row, devices, with_pictures=room > 0))
    note = "The curves show the mean gray level from the first frame to the last, each scaled to its own range."
    if room <= 0:
        note += " Pictures of the later sessions are left out, to keep this page small; they are in their reports."
    return joined([table(_HEAD, cells, "run"), tag("p", note, class_="note")])


def _cells(row: RunRow, devices: Sequence[DeviceGlance], *, with_pictures: bool) -> list[object]:
    name: object = tag("a", row.session, href=row.report) if row.report else row.session
    cells = all_in_words(row.glance.analyses.values()) if row.glance else ""
    return [
        joined([name, tag("small", row.outcome), tag("small", cells) if cells else ""]),
        sign(row.glance.verdict) if row.glance else "",
        joined(_device(device, with_picture=with_pictures) for device in devices),
        _findings(row.findings),
        f"{row.frames:,}",
        size_text(row.n_bytes),
        duration_text(row.seconds),
    ]


def _device(device: DeviceGlance, *, with_picture: bool) -> Html:
    source = f"data:image/png;base64,{device.picture}" if device.picture and with_picture else None
    picture = tag("img", src=source, alt=f"Picture of {device.name}", loading="lazy") if source else None
    told = [
        f"{device.missing:,} missing" if device.missing else "",
        f"{device.damaged:,} damaged" if device.damaged else "",
    ]
    words = ", ".join(word for word in told if word) or "all frames"
    return tag(
        "span",
        picture,
        tag("span", sign(device.verdict), " ", device.name, tag("small", words), _sparkline(device.brightness)),
        class_="device",
    )


def _sparkline(values: Sequence[float]) -> Html | None:
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    room = max((high - low) * 0.15, 0.5)
    drawn = curve_of_few(values, axis(0, len(values) - 1, ""), axis(low - room, high + room, ""), "blue")
    label = f"Mean gray level from {values[0]:.1f} to {values[-1]:.1f}"
    return tag("svg", drawn, viewBox="0 0 2000 1000", preserveAspectRatio="none", width=120, height=22, role="img",
               aria_label=label, class_="curves")  # fmt: skip


def _findings(findings: Sequence[Finding]) -> str:
    return grave_in_words(one for one in findings if one.code not in _NOT_COUNTED) or "-"
