"""Which animal a recording is of, and names that stay apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.naming import subject_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.layouts.contract import Request


class Subject(NamedTuple):
    """An animal's name: as used in outputs, and as the lab wrote it."""

    name: str | None
    label: str | None


def find_subject(settings: Mapping[str, Any], request: Request, where: str) -> tuple[Subject, tuple[Finding, ...]]:
    """The subject of a recording: as the user says, else as its settings say."""
    recorded = written_name(settings, "animalName")
    label = request.subject_id or recorded
    name = subject_id(label) if label else None
    if label is None:
        sentence = "the animal has no name (animalName); give it with --subject_id"
        return Subject(None, None), (Finding(Code.SUBJECT_UNNAMED, Severity.WARNING, where, sentence),)
    if name is None:
        sentence = f"the animal's name {label!r} has no letter or digit that outputs may carry; give --subject_id"
        return Subject(None, label), (Finding(Code.SUBJECT_UNNAMED, Severity.WARNING, where, sentence),)
    findings: tuple[Finding, ...] = ()
    if recorded and label != recorded:
        sentence = f"the recording names the animal {recorded!r}; {label!r} is used, as --subject_id says"
        findings += (Finding(Code.SUBJECT_RENAMED, Severity.INFO, where, sentence),)
    if name != label:
        sentence = f"the animal is {label!r}; outputs call it {name!r}: letters, digits and hyphens only"
        findings += (Finding(Code.SUBJECT_RENAMED, Severity.INFO, where, sentence),)
    return Subject(name, label), findings


def written_name(settings: Mapping[str, Any], key: str) -> str | None:
    """The text of a key; None if it is absent, blank, no text, or what the software puts in place of a missing name."""
    value = settings.get(key)
    text = value.strip() if isinstance(value, str) else ""
    return None if text in {"", f"{key}Missing"} else text
