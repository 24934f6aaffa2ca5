"""Which facts that only the lab knows each metadata file needs. Quick: nothing here loads the library of the schema."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema import facts, rig_parts
from miniscope_to_nwb_zarr.aind_data_schema.missing import missing, missing_camera
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session


def missing_facts(session: Session, sidecar: Sidecar) -> tuple[Finding, ...]:
    """Every fact that is needed and not known, file by file.

    Raises
    ------
    InputError
        When the sources name different animals, or a time zone that the recording contradicts.
    """
    checks = (for_subject, for_acquisition, for_data_description, for_instrument, for_procedures)
    return tuple(finding for check in checks for finding in check(session, sidecar))


def for_subject(session: Session, sidecar: Sidecar) -> list[Finding]:
    """What subject.json lacks."""
    given = sidecar.subject
    known = {
        "subject.subject_id": facts.animal(session, sidecar),
        "subject.species": given.species,
        "subject.sex": given.sex,
        "subject.date_of_birth": given.date_of_birth or given.age,
        "subject.genotype": given.genotype,
    }
    return _absent("subject.json", known)


def for_acquisition(session: Session, sidecar: Sidecar) -> list[Finding]:
    """What acquisition.json lacks."""
    zone = facts.zone_of(session, sidecar)
    known = {
        "subject.subject_id": facts.animal(session, sidecar),
        "session.acquisition_type": sidecar.session.acquisition_type,
        "session.mouse_platform": sidecar.session.mouse_platform,
    }
    offset = session.start.utcoffset() or dt.timedelta()
    if offset % dt.timedelta(hours=1):
        # the library rounds such offsets down to whole hours, which would be a wrong zone
        known["session.timezone"] = getattr(zone, "key", None)
    return _absent("acquisition.json", known)


def for_data_description(_session: Session, sidecar: Sidecar) -> list[Finding]:
    """What data_description.json lacks."""
    given = sidecar.dataset
    known = {
        "session.institution": sidecar.session.institution,
        "dataset.project_name": given.project_name,
        "dataset.funding_sources": given.funding_sources,
        "dataset.investigators": given.investigators,
        # the schema would fill in CC-BY-4.0, a permission that only the lab can give
        "dataset.license": given.license,
    }
    return _absent("data_description.json", known)


def for_instrument(session: Session, sidecar: Sidecar) -> list[Finding]:
    """What instrument.json lacks."""
    rig = sidecar.rig
    known = {"rig.instrument_id": rig.instrument_id, "rig.modification_date": rig.modification_date}
    found = _absent("instrument.json", known)
    for streams in rig_parts.streams_by_device(session).values():
        camera = streams[0].device
        if camera.kind is not DeviceKind.CAMERA:
            continue
        given = rig_parts.camera_facts(camera, sidecar)
        if given is None or given.target is None:
            found.append(missing_camera("instrument.json", camera.label, [other.name for other in rig.cameras]))
        elif given.target == "other" and not (given.notes or rig.notes):
            found.append(missing("instrument.json", f"rig.cameras.{rig.cameras.index(given) + 1}.notes"))
    return found


def for_procedures(session: Session, sidecar: Sidecar) -> list[Finding]:
    """What procedures.json lacks."""
    known: dict[str, object] = {"subject.subject_id": facts.animal(session, sidecar)}
    known |= {f"surgeries.{k}.date": given.date for k, given in enumerate(sidecar.surgeries, start=1)}
    return _absent("procedures.json", known)


def _absent(file: str, known: Mapping[str, object]) -> list[Finding]:
    return [missing(file, fact) for fact, value in known.items() if not value]
