"""Which animal a recording is of, and names that stay apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.naming import subject_id
from miniscope_to_nwb_zarr.sources.settings_json import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.layouts.contract import Request


class Subject(NamedTuple):
    """An animal's name: as used in outputs, and as the lab wrote it."""

    name: str | None
    label: str | None


def find_subject(
    recorded: str | None, request: Request, where: str, *, key: str | None = None
) -> tuple[Subject, tuple[Finding, ...]]:
    """The subject of a recording: as the user says, else as the recording says.

    Parameters
    ----------
    recorded : str or None
        The animal's name in the recording; None where it has none.
    request : Request
    where : str
        The file that names the animal, for the findings.
    key : str, optional
        What the name is called there; None in a layout that has no place for it.
    """
    label = request.subject_id or recorded or request.lab_subject_id
    name = subject_id(label) if label else None
    if label is None:
        told = f"the animal has no name ({key})" if key else "recordings of this layout do not name the animal"
        sentence = f"{told}; give it with --subject_id"
        return Subject(None, None), (Finding(Code.SUBJECT_UNNAMED, Severity.WARNING, where, sentence),)
    if name is None:
        sentence = (
            f"the animal's name {cut(label)!r} has no letter or digit that names of outputs may have; give --subject_id"
        )
        return Subject(None, label), (Finding(Code.SUBJECT_UNNAMED, Severity.WARNING, where, sentence),)
    findings: tuple[Finding, ...] = ()
    if recorded and label != recorded:
        sentence = f"the recording names the animal {cut(recorded)!r}; {cut(label)!r} is used, as --subject_id says"
        findings += (Finding(Code.SUBJECT_RENAMED, Severity.INFO, where, sentence),)
    if name != label:
        sentence = f"the animal is {cut(label)!r}; outputs call it {name!r}: letters, digits and hyphens only"
        findings += (Finding(Code.SUBJECT_RENAMED, Severity.INFO, where, sentence),)
    return Subject(name, label), findings


def written_name(settings: Mapping[str, Any], key: str) -> str | None:
    """The text of a key; None if it is absent, blank, no text, or what the software puts in place of a missing name."""
    value = settings.get(key)
    text = value.strip() if isinstance(value, str) else ""
    return None if text in {"", f"{key}Missing"} else text
