"""subject.json: the animal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.components.subjects import MouseSubject, Sex
from aind_data_schema.core.subject import Subject
from aind_data_schema_models.organizations import Organization
from aind_data_schema_models.species import Species, Strain

from miniscope_to_nwb_zarr.aind_data_schema import facts, needed, organizations
from miniscope_to_nwb_zarr.aind_data_schema.missing import inexpressible, reworded, unknown

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar, SubjectFacts
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session

FILE = "subject.json"

_SEX = {"M": Sex.MALE, "F": Sex.FEMALE}


def make(session: Session, sidecar: Sidecar) -> tuple[Subject | None, tuple[Finding, ...]]:
    """The animal, or None and the reasons why the schema cannot hold it.

    Raises
    ------
    InputError
        When the sources name different animals, or one born after the session.
    """
    given, animal = sidecar.subject, facts.animal(session, sidecar)
    obstacles = (*needed.for_subject(session, sidecar), *_not_in_schema(given))
    born = facts.birth_date(session, sidecar)
    if obstacles or animal is None or born is None or given.genotype is None:
        return None, obstacles
    strain, strain_note, strain_findings = _strain(given)
    source, source_note, source_findings = _source(given)
    label = facts.lab_label(session)
    notes = (f"The lab's own id is {label}." if label else "", strain_note, source_note)
    subject = Subject(
        subject_id=animal,
        subject_details=MouseSubject(
            sex=_SEX[given.sex or ""],
            date_of_birth=born,
            strain=strain,
            species=Species.HOUSE_MOUSE,
            genotype=given.genotype,
            source=source,
        ),
        notes=" ".join(note for note in notes if note) or None,
    )
    return subject, (*strain_findings, *source_findings)


def _not_in_schema(given: SubjectFacts) -> list[Finding]:
    reasons = []
    if given.species not in {None, Species.HOUSE_MOUSE.name}:
        # species must equal strain.species, and every strain of the schema is one of mice
        reasons.append(("species", f"the schema describes mice only, and the animal is {given.species}"))
    if given.sex is not None and given.sex not in _SEX:
        reasons.append(("sex", f"the schema knows female and male only, and the sex is given as {given.sex}"))
    if given.age is not None and facts.exact_days(given.age) is None:
        reasons.append(
            (
                "age",
                f"the schema requires a date of birth, and the age {given.age} is not in whole days or weeks",
            )
        )
    if given.source is not None and organizations.find(given.source) == Organization.AI:
        reasons.append(("source", "the schema requires the parents of animals bred at the Allen Institute"))
    return [inexpressible(FILE, f"subject.{name}", reason) for name, reason in reasons]


def _strain(given: SubjectFacts) -> tuple[Any, str, list[Finding]]:
    if given.strain is None:
        return Strain.UNKNOWN, "", [unknown(FILE, "subject.strain")]
    for strain in (Strain.C57BL_6J, Strain.BALB_C):
        if strain.name.casefold() == given.strain.casefold():
            return strain, "", []
    finding = reworded(FILE, "subject.strain", given.strain, "the notes")
    return Strain.UNKNOWN, f"The strain is {given.strain}, which the schema's list lacks.", [finding]


def _source(given: SubjectFacts) -> tuple[Any, str, list[Finding]]:
    if given.source is None:
        return Organization.UNKNOWN, "", [unknown(FILE, "subject.source")]
    organization = organizations.find(given.source)
    if organization is not None:
        return organization, "", []
    finding = reworded(FILE, "subject.source", given.source, "the notes")
    return Organization.OTHER, f"The animal came from {given.source}, which the schema's list lacks.", [finding]
