"""subject.json and procedures.json of a session of an Allen data set: a provider's records, else what the file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.core.procedures import Procedures
from aind_data_schema.core.subject import Subject
from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema import facts, procedures, subject
from miniscope_to_nwb_zarr.aind_data_schema.missing import not_there
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import MetadataError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import AllenFacts, Record

_SEX = {"Male": "M", "Female": "F"}
_FROM_FILE = "Made from the subject of the NWB file; no record of the animal was given."


def make_subject(known: AllenFacts) -> tuple[Subject | None, tuple[Finding, ...]]:
    """The animal: a provider's record, held against the file, else what the file and the lab say.

    Raises
    ------
    MetadataError
        The record is of another animal, or of another species than the file says.
    """
    record = known.records.get("subject")
    refused: tuple[Finding, ...] = ()
    if record is not None:
        model, refused = _read(Subject, record, subject.FILE)
        if model is not None:
            _check_id(model, record, known)
            return model, _differences(model, record, known)
    if known.lacks:
        return None, (*refused, *_lacking(subject.FILE, known))
    made, findings = subject.make(known.session, known.sidecar)
    if made is not None:
        made.notes = " ".join([*([made.notes] if made.notes else []), _FROM_FILE])
    return made, (*refused, *findings)


def make_procedures(known: AllenFacts) -> tuple[Procedures | None, tuple[Finding, ...]]:
    """The surgeries: a provider's record, else what the lab says; nothing where neither knows.

    Raises
    ------
    MetadataError
        The record is of another animal.
    """
    record = known.records.get("procedures")
    refused: tuple[Finding, ...] = ()
    if record is not None:
        model, refused = _read(Procedures, record, procedures.FILE)
        if model is not None:
            _check_id(model, record, known)
            return model, _without_later_ones(model, known)
    if known.lacks:
        return None, (*refused, *_lacking(procedures.FILE, known))
    if known.sidecar.surgeries:
        made, findings = procedures.make(known.session, known.sidecar)
        return made, (*refused, *findings)
    remedy = (
        "put the record procedures/<animal's id>.json into the folder given with --aind_records, ask a service with "
        "--metadata_service, or add the section `surgeries:` to the file given with --session_metadata"
    )
    return None, (
        *refused,
        not_there(procedures.FILE, "surgeries", "the surgeries of the animal are not known", remedy),
    )


def _lacking(file: str, known: AllenFacts) -> list[Finding]:
    return [not_there(file, lack.fact, lack.reason, lack.remedy) for lack in known.lacks]


def _read(model: Any, record: Record, file: str) -> tuple[Any, tuple[Finding, ...]]:  # noqa: ANN401 - a class
    try:
        return model.model_validate_json(record.text), ()
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
        sentence = (
            f"{record.source} does not follow aind-data-schema ({said}); it was not used for {file}. Correct the record"
        )
        return None, (Finding(Code.FACT_UNKNOWN, Severity.WARNING, file, sentence),)


def _check_id(model: Any, record: Record, known: AllenFacts) -> None:  # noqa: ANN401 - of either kind
    animal = facts.animal(known.session, known.sidecar)
    if model.subject_id != animal:
        raise MetadataError(
            f"{known.output}: {record.source} is about animal `{model.subject_id}`, the session about `{animal}`; "
            "correct the record or its name"
        )


def _differences(model: Subject, record: Record, known: AllenFacts) -> tuple[Finding, ...]:
    """What the record says otherwise than file and lab: the record holds, but not for another species."""
    said, told = known.sidecar.subject, model.subject_details
    species = getattr(getattr(told, "species", None), "name", None)
    if said.species and species and said.species != species:
        raise MetadataError(
            f"{known.output}: `species` is `{said.species}` in {known.sources.get('subject.species', 'the NWB file')}, "
            f"but `{species}` in {record.source}; is it another animal?"
        )
    born = None if known.lacks else facts.birth_date(known.session, known.sidecar)
    pairs = {
        "sex": (said.sex, _SEX.get(getattr(told, "sex", ""))),
        "date_of_birth": (born, getattr(told, "date_of_birth", None)),
        "genotype": (said.genotype, getattr(told, "genotype", None)),
    }
    return tuple(
        Finding(
            Code.PARTS_DISAGREE,
            Severity.WARNING,
            subject.FILE,
            f"`{name}` is `{here}` in {known.sources.get(f'subject.{name}', 'the NWB file')}, but `{there}` in "
            f"{record.source}, which was used",
        )
        for name, (here, there) in pairs.items()
        if here is not None and there is not None and here != there
    )


def _without_later_ones(model: Procedures, known: AllenFacts) -> tuple[Finding, ...]:
    """Leave out what was done to the animal after the session: a record is of its whole life."""
    if known.lacks:
        return ()
    day = known.session.start.date()
    kept = [one for one in model.subject_procedures if not (began := getattr(one, "start_date", None)) or began <= day]
    n_later = len(model.subject_procedures) - len(kept)
    model.subject_procedures = kept
    if not n_later:
        return ()
    sentence = (
        f"{counted(n_later, 'procedure')} of the record {'is' if n_later == 1 else 'are'} later than the session of "
        f"{day}: left out"
    )
    return (Finding(Code.FACT_UNKNOWN, Severity.INFO, procedures.FILE, sentence, {"later": n_later}),)
