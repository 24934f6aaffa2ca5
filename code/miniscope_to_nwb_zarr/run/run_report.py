"""The page of a run, made from what it knows of its sessions and from the reports that lie beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.qc.glance import Glance
from miniscope_to_nwb_zarr.qc.report.run_page import RunRow, run_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.outputs import OutputStore
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.summary import SessionResult

PAGE = "report.html"
REPORT, GLANCE = "qc/report.html", "qc/glance.json"


def write_run_report(
    run_folder: Path,
    results: Sequence[SessionResult],
    findings: Sequence[Finding],
    began: datetime,
    ended: datetime,
    store: OutputStore | None,
) -> None:
    """Write the page into the folder of the run; the sessions lie beside that folder, or in a bucket."""
    about = f"miniscope-to-nwb-zarr {__version__}, {began:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC"

    def glance_text(result: SessionResult) -> str:
        # a session that failed may have no name, and an older output of that name may be there
        if not result.session or result.word == "failed":
            return ""
        if store is not None:
            return store.text(result.session, GLANCE)
        path = run_folder.parent / result.session / GLANCE
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    texts = each_at_once(glance_text, results)
    rows = [_row(result, text) for result, text in zip(results, texts, strict=True)]
    (run_folder / PAGE).write_text(run_page(run_folder.name, about, rows, findings), encoding="utf-8")


def _row(result: SessionResult, glance_text: str) -> RunRow:
    return RunRow(
        session=result.session,
        outcome=result.word,
        message=result.message,
        frames=result.frames,
        seconds=result.seconds,
        n_bytes=result.store_bytes,
        findings=result.findings,
        report=f"../{quote(result.session)}/{REPORT}" if glance_text else "",
        glance=_glance(glance_text),
    )


def _glance(text: str) -> Glance | None:
    try:
        return Glance.from_text(text)
    except ValueError:
        # of an older version, or damaged since
        return None
