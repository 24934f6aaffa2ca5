"""What was found, the worst first, each with what it means and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.advice import ADVICE
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.report.section import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.qc.report.facts import ReportFacts

# facts that only the lab has are no matter of quality, and can be added later
_NOT_SHOWN = frozenset({Code.FACT_MISSING, Code.FACT_UNKNOWN})
_ORDER = [Severity.ERROR, Severity.WARNING, Severity.INFO]
_WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.INFO: "Note"}
_MOST = 200


def findings_section(facts: ReportFacts) -> Section:
    """All findings; those worth knowing only, folded."""
    found = [one for one in facts.findings if one.code not in _NOT_SHOWN]
    grave = sorted((one for one in found if one.severity is not Severity.INFO), key=lambda f: _ORDER.index(f.severity))
    notes = [one for one in found if one.severity is Severity.INFO]
    body: list[Html] = []
    if not grave:
        body.append(tag("p", "No problem was found in this recording."))
    body += _entries(grave)
    if notes:
        head = tag("summary", f"{counted(len(notes), 'note')} worth knowing")
        body.append(tag("details", head, *_entries(notes)))
    return Section("findings", "Findings", joined(body), menu=_menu(grave))


def _entries(findings: Sequence[Finding]) -> list[Html]:
    entries = [_entry(one) for one in findings[:_MOST]]
    if len(findings) > _MOST:
        entries.append(tag("p", f"{counted(len(findings) - _MOST, 'more is', 'more are')} listed in receipt.json."))
    return entries


def _menu(grave: Sequence[Finding]) -> str:
    return f"Findings ({len(grave)})" if grave else "Findings"


def _entry(finding: Finding) -> Html:
    advice = ADVICE[finding.code]
    lines = [
        tag("p", tag("b", lead), " ", _with_code(text))
        for lead, text in (
            ("For an analysis:", advice.for_analysis(finding.severity)),
            ("What to do:", advice.to_do(finding.severity)),
        )
        if text
    ]
    head = tag(
        "p",
        tag("span", _WORDS[finding.severity], class_=f"badge {finding.severity}"),
        " ",
        tag("code", str(finding.code)),
    )
    where = "" if finding.where in {"", "."} else joined([tag("b", finding.where), ": "])
    ending = "" if finding.sentence.endswith(".") else "."
    said = tag("p", where, finding.sentence, ending, class_="said")
    return tag("article", head, said, *lines, class_=f"finding {finding.severity}")


def _with_code(text: str) -> Html:
    """A text with what stands between backticks set as code."""
    parts = re.split(r"`([^`]*)`", text)
    return joined(tag("code", part) if number % 2 else part for number, part in enumerate(parts))
