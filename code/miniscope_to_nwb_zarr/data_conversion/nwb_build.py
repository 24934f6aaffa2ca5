"""A session as an NWB file in memory: objects only. Frames are read when they are asked for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pynwb import NWBFile
from pynwb.file import Subject

from miniscope_to_nwb_zarr.aind_data_schema.facts import nwb_session, nwb_subject
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import imaging_of
from miniscope_to_nwb_zarr.aind_data_schema.surgery_words import surgeries_in_words, viruses_in_words
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.data_conversion.nwb_behavior import add_behavior
from miniscope_to_nwb_zarr.data_conversion.nwb_devices import add_devices
from miniscope_to_nwb_zarr.data_conversion.nwb_digest import path_of
from miniscope_to_nwb_zarr.data_conversion.nwb_imaging import add_camera, add_gaps, add_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from hdmf.data_utils import DataIO
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.aind_data_schema.facts import NwbSession, NwbSubject
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries

_NAMESPACE = uuid.UUID("6f1f7a0e-3f5b-5a63-9a53-6d0b5f5d6a1c")


def build_nwbfile(
    session: Session,
    sidecar: Sidecar,
    series: Sequence[FrameSeries],
    *,
    created: datetime,
    frames: Callable[[FrameSeries], DataIO],
    wrap: Callable[[NDArray[Any]], DataIO],
    external_files: Mapping[str, Sequence[tuple[str, int]]],
) -> NWBFile:
    """Build the NWB file of a session.

    Parameters
    ----------
    session : Session
    sidecar : Sidecar
        What the lab wrote about the session.
    series : sequence of FrameSeries
        The arrays of frames that the file will hold.
    created : datetime
        Time zone aware; becomes `file_create_date`.
    frames : callable
        Gives the data of a series, as the backend that writes it wants it.
    wrap : callable
        Does the same for a small array.
    external_files : mapping of device name to sequence of (str, int)
        For cameras that are not embedded: path of each video file relative to the file's folder, and the number of its
        first frame in the series; by ``<recording number>/<device name>``.
    """
    facts = nwb_session(session, sidecar)
    nwbfile = _file(session, facts, nwb_subject(session, sidecar), created)
    nwbfile.surgery, nwbfile.virus = surgeries_in_words(sidecar), viruses_in_words(sidecar)
    add_devices(nwbfile, session)
    planned = {(id(one.recording), one.stream.device.name): one for one in series}
    for number, recording in enumerate(session.recordings):
        for stream in recording.streams:
            one = planned.get((id(recording), stream.device.name))
            if stream.device.kind is DeviceKind.SCOPE and one is not None:
                add_scope(nwbfile, session, one, frames(one), imaging_of(sidecar, stream.device), wrap)
            elif stream.device.kind is DeviceKind.CAMERA and stream.n_frames:
                embedded = None if one is None else (one, frames(one))
                paths = external_files.get(f"{number}/{stream.device.name}", ())
                add_camera(nwbfile, session, recording, stream, wrap, external_files=paths, embedded=embedded)
    add_behavior(nwbfile, session, wrap)
    add_gaps(nwbfile, session)
    return nwbfile


def fix_object_ids(nwbfile: NWBFile, session_name: str) -> None:
    """Give every object an id that follows from the session and the object's path, so that two runs write the same.

    hdmf offers no way to choose the id of an object that exists; its attribute is private to the base class.
    """
    for container in nwbfile.all_children():
        identity = uuid.uuid5(_NAMESPACE, f"{session_name}/{path_of(container)}")
        container._AbstractContainer__object_id = str(identity)  # noqa: SLF001
    # the file keeps a table of its objects by id
    nwbfile.all_children()


def _file(session: Session, facts: NwbSession, subject: NwbSubject | None, created: datetime) -> NWBFile:
    description = facts.description or f"Miniscope recording{f': {session.experiment}' if session.experiment else ''}"
    nwbfile = NWBFile(
        session_description=description,
        identifier=str(uuid.uuid5(_NAMESPACE, session.name)),
        session_start_time=facts.start,
        file_create_date=created,
        session_id=session.name,
        experimenter=list(facts.experimenters) or None,
        experiment_description=session.experiment,
        institution=facts.institution,
        lab=facts.lab,
        keywords=list(facts.keywords) or None,
        notes=facts.notes,
        protocol=facts.protocol,
    )
    if subject is not None:
        nwbfile.subject = Subject(
            subject_id=subject.subject_id,
            species=subject.species,
            sex=subject.sex,
            date_of_birth=subject.date_of_birth,
            age=subject.age,
            genotype=subject.genotype,
            strain=subject.strain,
            weight=subject.weight,
            description=subject.description,
        )
    return nwbfile
