"""All that is known of a session, put together: what the lab says, the file, the tables, and the data set itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema import facts, lab_facts
from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import AllenFacts, Lack
from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import Stated
from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar, SubjectFacts
from miniscope_to_nwb_zarr.core import naming
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Recording, Session
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_records import rig_of
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_rules import FUNDER, INSTITUTION, WHEEL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import Lab
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_nwb import NwbFacts
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_rules import Rules

_FILE, _DATA_SET = "the NWB file", "the data set"
# an age in whole days and a day of birth may be this much apart (reference allen-datasets 4.2)
_DAYS = 2


def session_facts(
    output: str, rules: Rules, nwb: NwbFacts, row: Mapping[str, Any], lab: Lab, ids: frozenset[int]
) -> AllenFacts:
    """Put together what is known of a session.

    Parameters
    ----------
    output : str
        Name of the output.
    rules : Rules
        Of its data set.
    nwb : NwbFacts
        What its file says.
    row : mapping
        Its row of the data set's table.
    lab : Lab
        What was given to this run.
    ids : frozenset of int
        Numbers of the session, by which the rig table may name it.

    Raises
    ------
    InputError
        Two sources say different things of one fact, or two rows of the rig table are of the session.
    """
    start = rules.start_of(nwb, row)
    zone = lab.sidecar.session.timezone or lab.timezone
    began = facts.local(start.when, ZoneInfo(zone))
    own, remarks = _of_file(nwb, output)
    own = _without_age_of(own, lab, began)
    told = lab_facts.merge(Stated(Sidecar.model_validate({"subject": lab.sidecar.subject}), lab.source), own)
    told = Stated(lab_facts.complete(Stated(lab.sidecar, lab.source), told), "")
    known = lab_facts.complete(told, Stated(_of_data_set(nwb, rules), _DATA_SET))
    label = known.subject.subject_id
    session = _session(output, label, began, zone)
    rig = None if start.lacks else rig_of(lab.rigs, nwb.equipment, ids, began.date())
    sources = _sources(lab, own.facts, known)
    return AllenFacts(
        output=output,
        session=session,
        sidecar=known,
        modalities=nwb.modalities,
        span_s=nwb.span_s,
        epochs=nwb.epochs,
        reward_ml=nwb.reward_ml,
        rig_name=nwb.equipment,
        devices=nwb.devices,
        records=lab.records,
        rig=None if rig is None else rig.found,
        lacks=(*start.lacks, *_lack_of_animal(session, nwb)),
        sources=sources
        | {f"records.{kind}": record.source for kind, record in lab.records.items()}
        | ({} if rig is None else {"instrument": rig.where})
        | {
            "acquisition_start_time": start.source,
            "acquisition_end_time": "last moment of the data in the NWB file",
            "stimulus_epochs": "tables of intervals in the NWB file",
            "modalities": "what the NWB file holds",
            "timezone": "--timezone or --session_metadata" if lab.has_timezone else "Seattle, where it was recorded",
        },
        remarks=(*start.remarks, *remarks),
    )


def _session(output: str, label: str | None, began: datetime, zone: str) -> Session:
    animal = naming.subject_id(label) if label else None
    return Session(
        name=naming.session_name(animal, began, output),
        layout="",
        subject_id=animal,
        subject_label=label,
        recordings=(Recording(folder=Path(output), start=began, streams=()),),
        timezone=zone,
    )


def _of_file(nwb: NwbFacts, output: str) -> tuple[Stated, list[Finding]]:
    """What the file says that the session metadata file could say, each value checked as if a lab had written it."""
    remarks = []
    animal: dict[str, Any] = {}
    for name, value in nwb.subject.items():
        if stands_for_nothing(value):
            continue
        try:
            SubjectFacts.model_validate({name: value})
        except ValidationError:
            expected = SubjectFacts.model_fields[name].description
            sentence = f"`{name}` of the animal is `{value}` in {_FILE}, expected {expected}; it was not used"
            remarks.append(Finding(Code.FACT_UNKNOWN, Severity.INFO, output, sentence))
        else:
            animal[name] = value
    return Stated(Sidecar.model_validate({"subject": animal}), _FILE), remarks


def _without_age_of(own: Stated, lab: Lab, began: datetime) -> Stated:
    """The file's facts without its age where the lab gives the day of birth, which must agree.

    Raises
    ------
    InputError
        They do not.
    """
    animal, born = own.facts.subject, lab.sidecar.subject.date_of_birth
    days = facts.exact_days(animal.age)
    if born is None or animal.age is None:
        return own
    if days is not None and abs((began.date() - timedelta(days=days)) - born) > timedelta(days=_DAYS):
        raise InputError(
            f"`subject.date_of_birth` is {born} in {lab.source}, but the animal was {days} days old on {began.date()} "
            f"by {own.source}; correct one of them"
        )
    values = animal.model_dump(exclude_unset=True, exclude={"age"})
    return Stated(Sidecar.model_validate({"subject": values}), own.source)


def _of_data_set(nwb: NwbFacts, rules: Rules) -> Sidecar:
    """What holds for every session of a data set, and what the file says in words of its own."""
    kind = getattr(nwb, rules.kind) or None
    session = {
        "institution": nwb.institution or INSTITUTION,
        "acquisition_type": kind,
        "experimenters": nwb.experimenters,
        "mouse_platform": WHEEL if nwb.has_wheel else None,
    }
    return Sidecar.model_validate(
        {
            "session": {name: value for name, value in session.items() if value},
            "dataset": {"project_name": rules.project, "funding_sources": [{"funder": FUNDER}]},
        }
    )


def _lack_of_animal(session: Session, nwb: NwbFacts) -> tuple[Lack, ...]:
    if session.subject_id is not None:
        return ()
    reason = "which animal it was is not known" + ("" if nwb.subject else ": the NWB file has none")
    return (
        Lack(
            "subject.subject_id",
            reason,
            "add a line like `subject_id: m770001` under `subject:` to the file given with --session_metadata",
        ),
    )


def _sources(lab: Lab, own: Sidecar, known: Sidecar) -> dict[str, str]:
    """Who says each fact, by its place in the session metadata file."""
    from_lab, from_file = ({name for name, _ in lab_facts.stated_lines(one)} for one in (lab.sidecar, own))
    of_nwb = {"session.institution", "session.acquisition_type", "session.mouse_platform"}
    found = {}
    for name, _ in lab_facts.stated_lines(known):
        if name in from_lab:
            found[name] = lab.source
        elif name in from_file or name in of_nwb or name.startswith("session.experimenters"):
            found[name] = _FILE
        else:
            found[name] = _DATA_SET
    return found
