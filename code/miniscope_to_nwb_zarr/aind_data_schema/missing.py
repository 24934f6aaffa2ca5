"""Findings for facts that only the lab can supply, worded with the line of the session metadata file."""

from __future__ import annotations

import json
from typing import get_args

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Facts, Sidecar
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity


def missing(file: str, fact: str) -> Finding:
    """A file is left out because a fact is not known.

    Parameters
    ----------
    file
        The metadata file that is left out.
    fact
        Section and name in the session metadata file, e.g. ``subject.sex``.
    """
    words, line = _words_and_line(fact)
    section = fact.partition(".")[0]
    sentence = (
        f"{file} is left out: {words} is not known; add a line like `{line}` under `{section}:` in --session_metadata"
    )
    return Finding(Code.FACT_MISSING, Severity.WARNING, file, sentence, {"fact": fact, "line": line})


def inexpressible(file: str, fact: str, reason: str) -> Finding:
    """A file is left out because the schema has no way to say what is known."""
    sentence = f"{file} is left out: {reason}; the NWB file holds what is known"
    return Finding(Code.FACT_MISSING, Severity.WARNING, file, sentence, {"fact": fact})


def unknown(file: str, fact: str) -> Finding:
    """A field holds the schema's own "unknown" because the fact is not known."""
    words, line = _words_and_line(fact)
    section = fact.partition(".")[0]
    known = f"if it is known, add a line like `{line}` under `{section}:` in --session_metadata"
    sentence = f"{file} says that {words} is unknown; {known}"
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, sentence, {"fact": fact, "line": line})


def reworded(file: str, fact: str, value: str, where: str) -> Finding:
    """A field holds the schema's "other" or "unknown" because the schema's list lacks a value that is known."""
    sentence = f"{file}: the schema has no entry for `{value}` ({fact}); it is written in {where}"
    return Finding(Code.FACT_UNKNOWN, Severity.INFO, file, sentence, {"fact": fact, "value": value})


def _words_and_line(fact: str) -> tuple[str, str]:
    section, name = fact.split(".")
    annotation = Sidecar.model_fields[section].annotation
    model = next(part for part in (annotation, *get_args(annotation)) if isinstance(part, type))
    if not issubclass(model, Facts):
        raise KeyError(fact)
    field = model.model_fields[name]
    example = (field.examples or [""])[0]
    shown = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
    return field.title or name, f"{name}: {shown}"
