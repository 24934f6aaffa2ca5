"""Pictures of an analysis and the page for decisions by hand, in the folder ``qc`` of an output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.analysis.nwb_module import MODULE
from miniscope_to_nwb_zarr.data_conversion.analysis.base import replace_file
from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.analysis_section import analysis_section, with_section, without_section
from miniscope_to_nwb_zarr.qc.curation_page import curation_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

PAGE = "curation.html"
REPORT = "qc/report.html"


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
    report = staging / REPORT
    if not report.is_file():
        return []
    text = report.read_text(encoding="utf-8")
    for name in dropped:
        text = without_section(text, name)
    link = page_name(module).removeprefix("qc/") if page is not None else None
    replace_file(report, with_section(text, analysis_section(analyses, module, pictures, link), module).encode())
    return [REPORT]
