"""Pictures of an analysis and the page for decisions by hand, in the folder ``qc`` of an output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.analysis.nwb_module import MODULE
from miniscope_to_nwb_zarr.qc.analysis_figures import analysis_figures
from miniscope_to_nwb_zarr.qc.curation_page import curation_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

PAGE = "curation.html"


def page_name(module: str) -> str:
    """Path of the page of an analysis in the output."""
    return f"qc/curation{module.removeprefix(MODULE)}.html"


def picture_name(module: str, label: str, what: str) -> str:
    """Path of a picture in the output."""
    return f"qc/{module}/{what}_{label}.png"


def write_pictures(staging: Path, session: str, module: str, digest: str, analyses: Sequence[MovieAnalysis]) -> None:
    """Write all pictures of an analysis, and its page."""
    (staging / "qc" / module).mkdir(parents=True, exist_ok=True)
    for one in analyses:
        for what, content in analysis_figures(one).items():
            path = staging / picture_name(module, one.movie.label, what)
            # what lies there may be a link to a file of the version before
            path.unlink(missing_ok=True)
            path.write_bytes(content)
    page = curation_page(session, module, digest, analyses)
    if page is not None:
        path = staging / page_name(module)
        path.unlink(missing_ok=True)
        path.write_text(page, encoding="utf-8")
