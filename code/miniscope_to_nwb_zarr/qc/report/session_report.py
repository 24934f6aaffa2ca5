"""The report of a session: its page, and the files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.figures.plot import as_file
from miniscope_to_nwb_zarr.qc.report.page import page
from miniscope_to_nwb_zarr.qc.report.section import sign
from miniscope_to_nwb_zarr.qc.report.sections.device import device_sections
from miniscope_to_nwb_zarr.qc.report.sections.findings import findings_section
from miniscope_to_nwb_zarr.qc.report.sections.overview import overview_section
from miniscope_to_nwb_zarr.qc.report.sections.preview import preview_section
from miniscope_to_nwb_zarr.qc.report.sections.provenance import checks_section, provenance_section, settings_section
from miniscope_to_nwb_zarr.qc.report.sections.timeline import timeline_section
from miniscope_to_nwb_zarr.qc.report.stream_plots import plots
from miniscope_to_nwb_zarr.qc.report.words import VERDICTS, headline, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miniscope_to_nwb_zarr.qc.report.facts import ReportFacts
    from miniscope_to_nwb_zarr.qc.report.section import Section

SECTIONS: tuple[Callable[[ReportFacts], Section | tuple[Section, ...] | None], ...] = (
    overview_section,
    findings_section,
    timeline_section,
    preview_section,
    device_sections,
    checks_section,
    settings_section,
    provenance_section,
)
"""The parts of the page in their order."""


def session_page(facts: ReportFacts) -> str:
    """The page as text."""
    made: list[Section] = []
    for make in SECTIONS:
        section = make(facts)
        if section is not None:
            made += section if isinstance(section, tuple) else [section]
    return page(facts.session.name, _head(facts), made)


def _head(facts: ReportFacts) -> Html:
    session, found = facts.session, verdict(facts)
    about = [
        session.subject_label or session.subject_id,
        f"{session.start:%A, %d %B %Y, %H:%M}",
        session.experiment,
        session.experimenter,
    ]
    return joined([
        tag("p", "Recording report", class_="kicker"),
        tag("h1", session.name),
        tag("p", headline(facts), class_="headline"),
        tag("p", " · ".join(text for text in about if text), class_="about"),
        tag("p", sign(found), " ", VERDICTS[found], class_=f"verdict {found}"),
    ])  # fmt: skip


def files_beside(facts: ReportFacts) -> Iterator[tuple[str, bytes]]:
    """Pictures and plots as files of their own, with their paths seen from the page."""
    for device in facts.devices:
        for picture in device.seen.pictures if device.seen else ():
            yield f"{device.folder}/{picture.name}.png", picture.png
        for thumbnail in device.thumbnails:
            yield f"{device.folder}/frame_{thumbnail.frame}.png", thumbnail.png
        for plot in plots(device):
            yield f"{device.folder}/{plot.name}.svg", as_file(plot, device.name).encode()
