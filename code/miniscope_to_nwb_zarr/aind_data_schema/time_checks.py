"""What must come before what: birth, surgeries, the session, processing, packaging."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from aind_data_schema.base import DataCoreModel
    from aind_data_schema.core.acquisition import Acquisition
    from aind_data_schema.core.instrument import Instrument
    from aind_data_schema.core.procedures import Procedures
    from aind_data_schema.core.processing import Processing
    from aind_data_schema.core.subject import Subject

    from miniscope_to_nwb_zarr.core.model import Session


def contradictions(session: Session, models: Mapping[str, DataCoreModel]) -> Iterator[str]:
    """One sentence for each time that cannot be. Parameters as in `checks`."""
    acquisition: Any = models.get("acquisition")
    day = session.start.date() if acquisition is None else acquisition.acquisition_start_time.date()
    ended = session.start if acquisition is None else acquisition.acquisition_end_time
    if acquisition is not None:
        yield from _acquisition(session, acquisition)
    readers: Mapping[str, Any] = {"subject": _birth, "instrument": _setup, "procedures": _surgeries}
    for file, reader in readers.items():
        if file in models:
            yield from reader(models[file], day)
    processing: Any = models.get("processing")
    if processing is not None:
        yield from _processing(processing, ended)
    description: Any = models.get("data_description")
    if description is not None and description.creation_time < ended:
        packaged = description.creation_time.isoformat()
        yield f"it was packaged at {packaged}, before the session ended at {ended.isoformat()}"


def _acquisition(session: Session, acquisition: Acquisition) -> Iterator[str]:
    start, end = acquisition.acquisition_start_time, acquisition.acquisition_end_time
    if start != session.start or start.utcoffset() != session.start.utcoffset():
        yield f"acquisition.json begins at {start.isoformat()}, the session at {session.start.isoformat()}"
    if end < start:
        yield f"acquisition.json ends at {end.isoformat()}, before its start"
    if not acquisition.data_streams:
        yield "acquisition.json has no data stream"
    spans = [("a stream", stream.stream_start_time, stream.stream_end_time) for stream in acquisition.data_streams]
    spans += [("a stimulus", e.stimulus_start_time, e.stimulus_end_time) for e in acquisition.stimulus_epochs]
    spans += [("a manipulation", m.start_time, m.end_time) for m in acquisition.manipulations]
    for what, first, last in spans:
        if not start <= first <= last <= end:
            yield f"acquisition.json: {what} from {first.isoformat()} to {last.isoformat()} is not inside the session"


def _birth(subject: Subject, day: dt.date) -> Iterator[str]:
    born = getattr(subject.subject_details, "date_of_birth", None)
    if born is not None and born >= day:
        yield f"subject.json has an animal born on {born}, and the session was on {day}"


def _setup(instrument: Instrument, day: dt.date) -> Iterator[str]:
    if instrument.modification_date > day:
        yield f"instrument.json has a setup as changed on {instrument.modification_date}, and the session was on {day}"


def _surgeries(procedures: Procedures, day: dt.date) -> Iterator[str]:
    for procedure in procedures.subject_procedures:
        began = getattr(procedure, "start_date", None)
        if began is not None and began > day:
            yield f"procedures.json has a procedure on {began}, after the session of {day}"


def _processing(processing: Processing, ended: dt.datetime) -> Iterator[str]:
    processes = processing.data_processes
    for process in processes:
        first, last = process.start_date_time, process.end_date_time
        if first < ended:
            yield f"processing.json: `{process.name}` began at {first.isoformat()}, before the session ended"
        if last is None:
            yield f"processing.json: `{process.name}` has no end"
        elif last < first:
            yield f"processing.json: `{process.name}` ended at {last.isoformat()}, before its start"
    for process, following in pairwise(processes):
        if following.start_date_time < process.start_date_time:
            yield f"processing.json: `{following.name}` comes after `{process.name}`, but began before it"
