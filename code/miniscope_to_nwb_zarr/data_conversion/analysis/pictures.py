"""Pictures of an analysis and the page for decisions by hand, in the folder ``qc`` of an output."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.analysis.nwb_module import MODULE
from miniscope_to_nwb_zarr.data_conversion.analysis.base import replace_file
from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.analysis_section import analysis_section, with_section, without_section
from miniscope_to_nwb_zarr.qc.cell_counts import counts_of
from miniscope_to_nwb_zarr.qc.curation_page import curation_page
from miniscope_to_nwb_zarr.qc.glance import Glance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

PAGE = "curation.html"
REPORT, GLANCE = "qc/report.html", "qc/glance.json"


def page_name(module: str) -> str:
    """Path of the page of an analysis in the output."""
    return f"qc/curation{module.removeprefix(MODULE)}.html"


def picture_name(module: str, label: str, what: str) -> str:
    """Path of a picture in the output."""
    return f"qc/{module}/{what}_{label}.png"


def write_pictures(
    staging: Path,
    session: str,
    module: str,
    digest: str,
    analyses: Sequence[MovieAnalysis],
    dropped: Sequence[str],
) -> list[str]:
    """Write all pictures of an analysis and its page, and add it to the report of the recording, where there is one.

    Parameters
    ----------
    staging : Path
    session, module, digest : str
    analyses : sequence of MovieAnalysis
    dropped : sequence of str
        Modules that the output has no more.

    Returns
    -------
    list of str
        Files of the output that are not as they were taken over.
    """
    pictures = {one.movie.label: analysis_figures(one) for one in analyses}
    for label, found in pictures.items():
        for what, content in found.items():
            replace_file(staging / picture_name(module, label, what), content)
    page = curation_page(session, module, digest, analyses)
    if page is not None:
        replace_file(staging / page_name(module), page.encode())
    return _at_a_glance(staging, module, analyses, dropped) + _in_report(staging, module, analyses, pictures, dropped)


def _at_a_glance(staging: Path, module: str, analyses: Sequence[MovieAnalysis], dropped: Sequence[str]) -> list[str]:
    path = staging / GLANCE
    # one that cannot be read is that of another version of the program, and stays
    with suppress(OSError, ValueError):
        glance = Glance.from_text(path.read_text(encoding="utf-8"))
        replace_file(path, glance.with_analysis(module, counts_of(analyses), dropped).as_text().encode())
        return [GLANCE]
    return []


def _in_report(
    staging: Path,
    module: str,
    analyses: Sequence[MovieAnalysis],
    pictures: Mapping[str, Mapping[str, bytes]],
    dropped: Sequence[str],
) -> list[str]:
    report = staging / REPORT
    if not report.is_file():
        return []
    text = report.read_text(encoding="utf-8")
    for name in dropped:
        text = without_section(text, name)
    link = page_name(module) if (staging / page_name(module)).is_file() else None
    section = analysis_section(analyses, module, pictures, link and link.removeprefix("qc/"))
    replace_file(report, with_section(text, section, module, analyses).encode())
    return [REPORT]
