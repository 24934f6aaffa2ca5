"""data_description.json: the output as an asset: its name, its owners, its source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.identifiers import Person
from aind_data_schema.core.data_description import DataDescription, Funding
from aind_data_schema_models.data_name_patterns import DataLevel, datetime_to_name_string
from aind_data_schema_models.licenses import License
from aind_data_schema_models.organizations import Organization

from miniscope_to_nwb_zarr.aind_data_schema import facts, modalities, needed, organizations
from miniscope_to_nwb_zarr.aind_data_schema.missing import inexpressible, reworded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import DatasetFacts, Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session

FILE = "data_description.json"
PROCESS_LABEL = "nwb"
_PLATFORM = "platform:miniscope"


def make(
    session: Session,
    sidecar: Sidecar,
    packaged: dt.datetime,
    recorded: Sequence[Any] | None = None,
    tags: Sequence[str] = (_PLATFORM,),
) -> tuple[DataDescription | None, tuple[Finding, ...]]:
    """The description of the derived asset, or None and the facts that it lacks.

    Parameters
    ----------
    session, sidecar
        What is known.
    packaged
        When the output was made, aware of its zone.
    recorded
        The schema's modalities; those of the session's streams where not given.
    tags
        Words by which the asset is found.

    Raises
    ------
    InputError
        When the sources name different animals, or the time zone contradicts the recording.
    """
    given, institution_name = sidecar.dataset, sidecar.session.institution
    recorded = modalities.of_session(session) if recorded is None else list(recorded)
    absent = needed.for_data_description(session, sidecar)
    if not recorded:
        absent.append(inexpressible(FILE, "modalities", "no device has a frame with a time stamp"))
    if absent or institution_name is None or given.project_name is None:
        return None, tuple(absent)
    created = local_packaging_time(session, sidecar, packaged)
    institution, findings, asides = _institution(institution_name)
    funding, more_findings, more_asides = _funding(given)
    summary = [text for text in (sidecar.session.description, *asides, *more_asides) if text]
    description = DataDescription(
        name=f"{session.name}_{PROCESS_LABEL}_{datetime_to_name_string(created)}",
        subject_id=facts.animal(session, sidecar),
        creation_time=created,
        institution=institution,
        funding_source=funding,
        investigators=[Person(name=person.name, registry_identifier=person.orcid) for person in given.investigators],
        project_name=given.project_name,
        license=License(given.license),
        data_level=DataLevel.DERIVED,
        modalities=recorded,
        tags=list(tags),
        source_data=list(raw_names(session)),
        data_summary=" ".join(summary) or None,
    )
    return description, (*findings, *more_findings)


def raw_names(session: Session) -> tuple[str, ...]:
    """The names of the raw assets: one for each recording, after its own start."""
    if len(session.recordings) == 1:
        return (session.name,)
    owner = re.sub(r"_\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}$", "", session.name)
    return tuple(f"{owner}_{datetime_to_name_string(recording.start)}" for recording in session.recordings)


def local_packaging_time(session: Session, sidecar: Sidecar, packaged: dt.datetime) -> dt.datetime:
    """The packaging time in whole seconds, as its name has it, in the zone of the session.

    Names of assets carry local time; the machine's own zone is often that of a data centre.
    """
    return facts.local(packaged, facts.zone_of(session, sidecar)).replace(microsecond=0)


def _institution(name: str) -> tuple[Any, list[Finding], list[str]]:
    organization = organizations.find(name)
    if organization is not None:
        return organization, [], []
    finding = reworded(FILE, "session.institution", name, "data_summary")
    return Organization.OTHER, [finding], [f"Institution: {name}."]


def _funding(given: DatasetFacts) -> tuple[list[Funding], list[Finding], list[str]]:
    funding, findings, asides = [], [], []
    for source in given.funding_sources:
        organization = organizations.find(source.funder)
        if organization is None:
            findings.append(reworded(FILE, "dataset.funding_sources", source.funder, "data_summary"))
            asides.append(f"Funder: {source.funder}.")
        funding.append(Funding(funder=organization or Organization.OTHER, grant_number=source.grant_number))
    return funding, findings, asides
