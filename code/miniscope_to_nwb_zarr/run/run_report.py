"""The page of a run, made from what it knows of its sessions and from the reports that lie beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.qc.glance import Glance
from miniscope_to_nwb_zarr.qc.report.run_page import RunRow, run_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.summary import SessionResult

PAGE = "report.html"
REPORT, GLANCE = "qc/report.html", "qc/glance.json"


def write_run_report(
    run_folder: Path, results: Sequence[SessionResult], findings: Sequence[Finding], began: datetime, ended: datetime
) -> None:
    """Write the page into the folder of the run; the sessions lie beside that folder."""
    about = f"miniscope-to-nwb-zarr {__version__}, {began:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC"
    rows = [_row(run_folder, result) for result in results]
    (run_folder / PAGE).write_text(run_page(run_folder.name, about, rows, findings), encoding="utf-8")


def _row(run_folder: Path, result: SessionResult) -> RunRow:
    # a session that failed may have no name, and an older output of that name may be there
    output = run_folder.parent / result.session if result.session and result.word != "failed" else None
    return RunRow(
        session=result.session,
        outcome=result.word,
        message=result.message,
        frames=result.frames,
        seconds=result.seconds,
        n_bytes=result.store_bytes,
        findings=result.findings,
        report=f"../{quote(output.name)}/{REPORT}" if output and (output / REPORT).is_file() else "",
        glance=_glance(output) if output else None,
    )


def _glance(output: Path) -> Glance | None:
    try:
        return Glance.from_text((output / GLANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # of an older version, or damaged since
        return None
