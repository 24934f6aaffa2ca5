"""procedures.json: the surgeries of the animal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.components.subject_procedures import Surgery
from aind_data_schema.components.surgery_procedures import GenericSurgeryProcedure, Headframe
from aind_data_schema.core.procedures import Procedures

from miniscope_to_nwb_zarr.aind_data_schema import facts, needed, rig_parts
from miniscope_to_nwb_zarr.aind_data_schema.missing import not_supplied, said_unknown
from miniscope_to_nwb_zarr.aind_data_schema.protocols import doi, without_doi
from miniscope_to_nwb_zarr.aind_data_schema.surgery_steps import BREGMA, implant, injection, is_placed
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_surgery import SurgeryFacts
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session

FILE = "procedures.json"

_NOT_SUPPLIED = "Surgical records were not supplied when the recording was packaged."
_PLACES = (
    "Places are given in mm: front to back from bregma, left to right from the midline, and downwards from the surface "
    "of the brain at that place, as surgeons measure them."
)


def make(session: Session, sidecar: Sidecar) -> tuple[Procedures | None, tuple[Finding, ...]]:
    """The surgeries, or None and the facts that they lack; without any a file that says so.

    Raises
    ------
    InputError
        When the sources name different animals, or a surgery lies after the session or before the animal's birth.
    """
    animal = facts.animal(session, sidecar)
    _check_dates(session, sidecar)
    absent = needed.for_procedures(session, sidecar)
    if absent or animal is None:
        return None, tuple(absent)
    if not sidecar.surgeries:
        return Procedures(subject_id=animal, notes=_NOT_SUPPLIED), (
            not_supplied(FILE, "records of surgeries", "surgeries"),
        )
    names = rig_parts.implant_names(session, sidecar)
    surgeries, findings = [], []
    for k, (given, implants) in enumerate(zip(sidecar.surgeries, names, strict=True), start=1):
        surgery, some = _surgery(given, implants, f"surgeries.{k}")
        surgeries.append(surgery)
        findings += some
    has_places = any(
        any(is_placed(step) for step in given.injections) or any(is_placed(step) for step in given.implants)
        for given in sidecar.surgeries
    )
    procedures = Procedures(
        subject_id=animal,
        subject_procedures=surgeries,
        global_coordinate_system=BREGMA if has_places else None,
        notes=_PLACES if has_places else None,
    )
    return procedures, tuple(findings)


def _check_dates(session: Session, sidecar: Sidecar) -> None:
    day = facts.local(session.start, facts.zone_of(session, sidecar)).date()
    born = facts.birth_date(session, sidecar)
    for given in sidecar.surgeries:
        if given.date is not None and given.date > day:
            raise InputError(
                f"{session.name}: the session was on {day}, and a surgery of the session metadata file on "
                f"{given.date}, after it; correct its date, or take it out of the file for this session"
            )
        if given.date is not None and born is not None and given.date < born:
            raise InputError(
                f"{session.name}: the animal was born on {born}, and a surgery of the session metadata file was on "
                f"{given.date}, before that; correct one of them"
            )


def _surgery(given: SurgeryFacts, implants: Sequence[str], fact: str) -> tuple[Surgery, list[Finding]]:
    steps: list[Any] = []
    notes: list[str] = [given.notes] if given.notes else []
    findings: list[Finding] = []
    made = [injection(one, k, FILE, f"{fact}.injections.{k}") for k, one in enumerate(given.injections, start=1)]
    named = enumerate(zip(given.implants, implants, strict=True), start=1)
    made += [implant(one, name, FILE, f"{fact}.implants.{k}") for k, (one, name) in named]
    for one in made:
        steps.append(one.step)
        notes += one.notes
        findings += one.findings
    if given.has_baseplate:
        steps.append(Headframe(headframe_type="Miniscope baseplate"))
    if not steps:
        # the schema wants a step, and there was a surgery
        steps.append(GenericSurgeryProcedure(description="A surgery whose steps are not recorded."))
        findings.append(said_unknown(FILE, f"what was done in the surgery of {given.date}"))
    notes += without_doi(given.protocol)
    surgery = Surgery(
        start_date=given.date,
        ethics_review_id=given.ethics_review_id,
        protocol_id=doi(given.protocol),
        animal_weight_prior=None if given.weight_before_g is None else float(given.weight_before_g),
        animal_weight_post=None if given.weight_after_g is None else float(given.weight_after_g),
        procedures=steps,
        notes=" ".join(notes) or None,
    )
    return surgery, findings
