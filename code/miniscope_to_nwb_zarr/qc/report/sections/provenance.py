"""What it was made from, and how: settings, checks, sources, versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.amounts import counted, size_text
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.qc.figures.html import Html, joined, tag
from miniscope_to_nwb_zarr.qc.report.section import Section, sign, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miniscope_to_nwb_zarr.qc.measure import Measure
    from miniscope_to_nwb_zarr.qc.report.facts import ReportFacts

_MOST_FILES, _MOST_SETTINGS, _MOST_CHARACTERS = 1000, 300, 300
_LISTING = "Findings"
# of which the plan keeps what it says, not where it lies
_OPTION_WORDS = {"session_metadata": "session_metadata (sha256 of what it says)"}


def checks_section(facts: ReportFacts) -> Section | None:
    """Every measure with its rule, folded."""
    listed = [measure for measure in facts.measures if measure.name != _LISTING]
    if not listed:
        return None
    rows = [
        (joined([sign(one.verdict), " ", one.name]), one.device or "whole session", _value(one), one.rule)
        for one in listed
    ]
    body = tag("details", tag("summary", counted(len(listed), "figure with its rule", "figures with their rules")),
               table(("measure", "of", "value", "rule"), rows, "rules"))  # fmt: skip
    return Section("checks", "How it was judged", body, menu="How it was judged")


def _value(measure: Measure) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in measure.value.items())


def settings_section(facts: ReportFacts) -> Section | None:
    """The settings of each device as its file has them."""
    parts = []
    for device in facts.devices:
        rows = list(_flat(device.stream.device.settings))[:_MOST_SETTINGS]
        if rows:
            title = (
                device.name if len(facts.session.recordings) == 1 else f"{device.name}, {device.recording.shown_name}"
            )
            parts.append(tag("details", tag("summary", title), table(("setting", "value"), rows, "settings")))
    return Section("settings", "Settings", joined(parts), menu="Settings") if parts else None


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, _plain(value)


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return without_secrets(text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} ...")


def _named(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items() if value is not None and value != "")


def provenance_section(facts: ReportFacts) -> Section:
    """Source files with their checksums, the options, the versions."""
    session = facts.session
    n_bytes = sum(entry.size_bytes for entry in facts.sources)
    about = (
        ("NWB file", facts.store),
        ("animal", session.subject_label or session.subject_id or "not named"),
        ("start", session.start.isoformat(sep=" ", timespec="milliseconds")),
        ("recorded with", session.layout),
        ("made from", f"{counted(len(facts.sources), 'file')}, {size_text(n_bytes)}"),
        ("options", _named({_OPTION_WORDS.get(name, name): value for name, value in facts.options.items()})),
        ("versions", _named(facts.versions)),
    )  # fmt: skip
    files = [
        (entry.path, size_text(entry.size_bytes), tag("code", entry.sha256)) for entry in facts.sources[:_MOST_FILES]
    ]
    listed: list[Html] = [table(("", ""), about, "about")]
    listed.append(
        tag(
            "details",
            tag("summary", "source files and their sha256"),
            table(("file", "size", "sha256"), files, "files"),
        )
    )
    if len(facts.sources) > _MOST_FILES:
        listed.append(tag("p", f"{len(facts.sources) - _MOST_FILES:,} more are listed in receipt.json.", class_="note"))
    return Section("provenance", "Provenance", joined(listed), menu="Provenance")
