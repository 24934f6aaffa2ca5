"""acquisition.json: when the session ran, and what recorded it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from aind_data_schema.core.acquisition import Acquisition, AcquisitionSubjectDetails

from miniscope_to_nwb_zarr.aind_data_schema import data_streams, facts, instrument, needed, rig_parts
from miniscope_to_nwb_zarr.aind_data_schema.missing import inexpressible, part_left_out
from miniscope_to_nwb_zarr.aind_data_schema.protocols import doi, without_doi

if TYPE_CHECKING:
    from aind_data_schema.core.acquisition import DataStream, ExternalDataStream

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Recording, Session, Stream

FILE = "acquisition.json"

# the library's own measure of "started and stopped together" (DataStream.overlapping)
_TOGETHER_S = 120.0
_ABSURD_S = 60.0
_LONGEST_S = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class _Span:
    """First and last frame of a device, in seconds from the start of the session."""

    stream: Stream
    first_s: float
    last_s: float

    def is_together_with(self, other: _Span) -> bool:
        return abs(self.first_s - other.first_s) <= _TOGETHER_S and abs(self.last_s - other.last_s) <= _TOGETHER_S


def make(session: Session, sidecar: Sidecar) -> tuple[Acquisition | None, tuple[Finding, ...]]:
    """The acquisition, or None and the facts that it lacks.

    Where instrument.json is left out each set of devices that ran together is an `ExternalDataStream`, the schema's own
    form for that case; the library accepts none beside an instrument.

    Raises
    ------
    InputError
        When the sources name different animals, or a time zone that the recording contradicts.
    """
    animal = facts.animal(session, sidecar)
    zone, end_s = facts.zone_of(session, sidecar), last_stamp_s(session)
    given = sidecar.session
    obstacles = (*needed.for_acquisition(session, sidecar), *_time_obstacles(end_s))
    if obstacles or animal is None or end_s is None or not given.acquisition_type:
        return None, obstacles
    streams, findings = _data_streams(session, sidecar, zone)
    acquisition = Acquisition(
        subject_id=animal,
        acquisition_start_time=facts.local(session.start, zone),
        acquisition_start_tz=getattr(zone, "key", None),
        acquisition_end_time=later(session.start, end_s, zone),
        experimenters=list(facts.experimenters(session, sidecar)),
        ethics_review_id=list(given.ethics_review_id) or None,
        protocol_id=[named] if (named := doi(given.protocol)) else None,
        instrument_id=sidecar.rig.instrument_id,
        acquisition_type=given.acquisition_type,
        notes=" ".join([*([given.notes] if given.notes else []), *without_doi(given.protocol)]) or None,
        data_streams=streams,
        subject_details=AcquisitionSubjectDetails(
            animal_weight_prior=sidecar.subject.weight_g,
            mouse_platform_name=rig_parts.platform_name(session, sidecar) or "",
        ),
    )
    return acquisition, (*findings, *_advised(session, sidecar))


def last_stamp_s(session: Session) -> float | None:
    """Seconds from the start of the session to the last frame of any device; None when no frame has a time."""
    return max((span.last_s for recording in session.recordings for span in _spans(recording)), default=None)


def later(start: dt.datetime, seconds: float, zone: dt.tzinfo) -> dt.datetime:
    """The moment that many seconds after the start, by the clocks of the zone at that moment."""
    return facts.local(start.astimezone(dt.UTC) + dt.timedelta(seconds=seconds), zone)


def _advised(session: Session, sidecar: Sidecar) -> list[Finding]:
    """What the schema does without and its readers do not (reference aind-metadata 6)."""
    known = {
        "session.experimenters": facts.experimenters(session, sidecar),
        "session.ethics_review_id": sidecar.session.ethics_review_id,
    }
    words = {"session.experimenters": "the people", "session.ethics_review_id": "the animal licence"}
    return [part_left_out(FILE, words[fact], fact) for fact, value in known.items() if not value]


def _time_obstacles(end_s: float | None) -> list[Finding]:
    if end_s is None or end_s < 0:
        reason = "no frame was taken after the recording began, so its end is not known"
        return [inexpressible(FILE, "acquisition_end_time", reason)]
    if end_s > _LONGEST_S:
        reason = (
            f"the last time stamp lies {end_s / 86_400:.0f} days after the start; see the findings of its time table"
        )
        return [inexpressible(FILE, "acquisition_end_time", reason)]
    return []


def _span_s(recording: Recording, stream: Stream) -> _Span | None:
    stamps = stream.time_s[np.isfinite(stream.time_s)]
    if not len(stamps):
        return None
    # a first stamp left over from the counter of an earlier recording; `core.timing` reports it
    if len(stamps) > 2 and stamps[0] > stamps[1] + _ABSURD_S:
        stamps = stamps[1:]
    return _Span(stream, float(stamps.min()) + recording.offset_s, float(stamps.max()) + recording.offset_s)


def _spans(recording: Recording) -> list[_Span]:
    return [span for stream in recording.streams if (span := _span_s(recording, stream)) is not None]


def _groups(session: Session) -> list[list[_Span]]:
    """Devices that started and stopped together, recording by recording."""
    groups: list[list[_Span]] = []
    for recording in session.recordings:
        here: list[list[_Span]] = []
        for span in _spans(recording):
            group = next((group for group in here if span.is_together_with(group[0])), None)
            if group is None:
                here.append([span])
            else:
                group.append(span)
        groups += here
    return groups


def _data_streams(
    session: Session, sidecar: Sidecar, zone: dt.tzinfo
) -> tuple[list[DataStream | ExternalDataStream], tuple[Finding, ...]]:
    groups = [(_times(session.start, zone, group), [span.stream for span in group]) for group in _groups(session)]
    if instrument.obstacles(session, sidecar):
        return [data_streams.external(times, streams, session.layout) for times, streams in groups], ()
    described = [data_streams.described(times, streams, session, sidecar) for times, streams in groups]
    return described, data_streams.findings(session, sidecar, FILE)


def _times(start: dt.datetime, zone: dt.tzinfo, group: list[_Span]) -> tuple[dt.datetime, dt.datetime]:
    # cameras stream before the recording begins; a stream must lie inside the acquisition
    first_s, last_s = min(span.first_s for span in group), max(span.last_s for span in group)
    return later(start, max(0.0, first_s), zone), later(start, max(0.0, last_s), zone)
