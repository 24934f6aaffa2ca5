"""Findings for facts that only the lab can supply, worded with the line of the session metadata file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import section_of
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import Facts

_IN_FILE = " in --session_metadata"


def missing(file: str, fact: str) -> Finding:
    """A file is left out because a fact is not known.

    Parameters
    ----------
    file
        The metadata file that is left out.
    fact
        Sections and name in the session metadata file, with the number of each list's item counted from 1:
        ``subject.sex``, ``rig.arena.length_cm``, ``surgeries.1.injections.2.virus``.
    """
    words, line, place = _words_line_and_place(fact)
    sentence = f"{file} is left out: {words} is not known; add a line like `{line}` under {place}{_IN_FILE}"
    if fact.startswith("subject.") and fact != "subject.subject_id":
        sentence += ", or fill in the animal's row in --subjects"
    return Finding(Code.FACT_MISSING, Severity.WARNING, file, sentence, {"fact": fact, "line": line})


def reason_of(finding: Finding) -> str:
    """Why a file is left out, and the line that supplies it, in the words of a finding of this module."""
    return finding.sentence.partition(" is left out: ")[2].partition(_IN_FILE)[0]


def inexpressible(file: str, fact: str, reason: str) -> Finding:
    """A file is left out because the schema has no way to say what is known."""
    sentence = f"{file} is left out: {reason}; the NWB file holds what is known"
    return Finding(Code.FACT_MISSING, Severity.WARNING, file, sentence, {"fact": fact})


def not_there(file: str, fact: str, reason: str, remedy: str) -> Finding:
    """A file is left out because neither the data nor its tables hold a fact; `remedy` says where to give it."""
    sentence = f"{file} is left out: {reason}; {remedy}"
    return Finding(Code.FACT_MISSING, Severity.WARNING, file, sentence, {"fact": fact, "line": remedy})


def missing_camera(file: str, camera: str, described: Sequence[str]) -> Finding:
    """A file is left out because the lab does not say what one of the recording's cameras looks at.

    Parameters
    ----------
    file
        The metadata file that is left out.
    camera
        The camera's name in the recording.
    described
        The names of the cameras that the lab does describe: one may be misspelt.
    """
    line = f"cameras: {json.dumps([{'name': camera, 'target': 'body'}], ensure_ascii=False)}"
    others = f" (described: {', '.join(described)})" if described else ""
    sentence = (
        f"{file} is left out: what the camera `{camera}` looks at is not known{others}; "
        f"add a line like `{line}` under `rig:`{_IN_FILE}"
    )
    return Finding(Code.FACT_MISSING, Severity.WARNING, file, sentence, {"fact": "rig.cameras", "line": line})


def part_left_out(file: str, part: str, fact: str) -> Finding:
    """A file is there, but says nothing of one thing because a fact is not known."""
    words, line, place = _words_line_and_place(fact)
    sentence = (
        f"{file} says nothing about {part}, because {words} is not known; if it is known, add a line like `{line}` "
        f"under {place}{_IN_FILE}"
    )
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, sentence, {"fact": fact, "line": line})


def not_supplied(file: str, what: str, section: str) -> Finding:
    """A file is there and says that a whole section of facts was not given."""
    sentence = (
        f"{file} says that {what} were not supplied; if there were any, add the section `{section}:` to "
        "--session_metadata"
    )
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, sentence, {"fact": section})


def said_unknown(file: str, what: str) -> Finding:
    """A field holds the schema's own "unknown" of something that the session metadata file has no line for."""
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, f"{file} says that {what} is unknown", {"fact": what})


def unknown(file: str, fact: str) -> Finding:
    """A field holds the schema's own "unknown" because the fact is not known."""
    words, line, place = _words_line_and_place(fact)
    known = f"if it is known, add a line like `{line}` under {place}{_IN_FILE}"
    sentence = f"{file} says that {words} is unknown; {known}"
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, sentence, {"fact": fact, "line": line})


def reworded(file: str, fact: str, value: str, where: str) -> Finding:
    """A field holds the schema's "other" or "unknown" because the schema's list lacks a value that is known."""
    sentence = f"the schema of {file} has no entry for `{value}` ({fact}); the value is written in {where} instead"
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, sentence, {"fact": fact, "value": value})


def _words_line_and_place(fact: str) -> tuple[str, str, str]:
    *around, name = fact.split(".")
    model: type[Facts] = Sidecar
    places: list[str] = []
    for part in around:
        if part.isdecimal():
            places[-1] += f" (number {part})"
            continue
        places.append(f"`{part}:`")
        section = section_of(model.model_fields[part].annotation)
        if section is None:
            raise KeyError(fact)
        model = section
    field = model.model_fields[name]
    example = (field.examples or [""])[0]
    shown = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
    return field.title or name, f"{name}: {shown}", ", ".join(places) or "no section"
