"""What is known of a session, from the options, the session metadata file and the recording together.

Pure: NWB and AIND metadata both take their facts from here, so that they cannot disagree.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.core import naming
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar, SubjectFacts
    from miniscope_to_nwb_zarr.core.model import Session

_METADATA_FILE = "the session metadata file"


@dataclass(frozen=True, slots=True)
class NwbSubject:
    """The animal, in the words of `pynwb.file.Subject`."""

    subject_id: str | None
    species: str | None
    sex: str | None
    """M, F, U or O."""
    date_of_birth: dt.datetime | None
    """Midnight in the zone of the session."""
    age: str | None
    """ISO 8601 duration at the session: in days where the date of birth is known, else as the lab wrote it."""
    genotype: str | None
    strain: str | None
    weight: str | None
    """With its unit, as nwbinspector wants it: ``0.0231 kg``."""
    description: str | None


@dataclass(frozen=True, slots=True)
class NwbSession:
    """The session, in the words of `pynwb.NWBFile`."""

    start: dt.datetime
    """With the offset from UTC that the recording proves."""
    timezone: str | None
    """IANA name, where the lab gave it."""
    experimenters: tuple[str, ...]
    description: str | None
    keywords: tuple[str, ...]
    notes: str | None
    institution: str | None
    lab: str | None
    protocol: str | None


def choose_subject(option: str | None, sidecar: Sidecar, recording: str | None, session: str = "") -> str | None:
    """The animal's id as the lab writes it: ``--subject_id`` before the session metadata file before the recording.

    `session` is the name of the recording's session, for messages.

    Raises
    ------
    InputError
        When two of them name different animals. ``m_77`` and ``m-77`` are one animal: their names in the outputs agree.
    """
    if recording is not None and stands_for_nothing(recording):
        recording = None
    given = {"--subject_id": option, f"{_METADATA_FILE} (subject_id)": sidecar.subject.subject_id}
    source = f"the recording {session}".strip()
    return _agreed("the animal", {**given, source: recording}, naming.subject_id)


def choose_timezone(option: str | None, sidecar: Sidecar) -> str | None:
    """The IANA name of the lab's zone.

    Raises
    ------
    InputError
        When ``--timezone`` and the session metadata file name different zones.
    """
    return _agreed(
        "the time zone", {"--timezone": option, f"{_METADATA_FILE} (timezone)": sidecar.session.timezone}, str
    )


def complete(
    session: Session, sidecar: Sidecar, *, subject_id: str | None = None, timezone: str | None = None
) -> Session:
    """The session with the animal and the time zone that the options or the session metadata file name.

    A session without a subject is renamed after the one it is given.

    Raises
    ------
    InputError
        When two sources disagree; see `choose_subject`, `choose_timezone` and `zone_of`.
    """
    zone = choose_timezone(timezone or session.timezone, sidecar)
    label = choose_subject(subject_id, sidecar, session.subject_label or session.subject_id, session.name)
    done = replace(session, timezone=zone)
    zone_of(done, sidecar)
    if label is None or named_animal(session) is not None:
        return done
    subject = naming.subject_id(label)
    # ids hold no underscore, so the first one ends the name of the unknown subject
    name = f"{subject}_{session.name.partition('_')[2]}" if subject else session.name
    return replace(done, name=name, subject_id=subject, subject_label=label)


def animal(session: Session, sidecar: Sidecar) -> str | None:
    """The animal's id as used in the outputs; None where it is not known, or given as "none" and the like.

    Raises
    ------
    InputError
        When the session metadata file names another animal than the recording.
    """
    choose_subject(None, sidecar, session.subject_label or session.subject_id)
    return named_animal(session)


def named_animal(session: Session) -> str | None:
    """The animal's id as used in the outputs, by the session alone."""
    return None if stands_for_nothing(session.subject_label or session.subject_id or "") else session.subject_id


def zone_of(session: Session, sidecar: Sidecar) -> dt.tzinfo:
    """The lab's named zone where it is known, else the offset from UTC that the recording proves.

    Raises
    ------
    InputError
        When the named zone had another offset from UTC at the start than the recording proves, or no zone is known.
    """
    start, name = session.start, choose_timezone(session.timezone, sidecar)
    if start.tzinfo is None:
        raise InputError(f"{session.name}: the start of the recording has no time zone; give --timezone")
    if name is None:
        return start.tzinfo
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"time zone `{name}` is not an IANA name; expected one as America/Los_Angeles") from error
    there = local(start, zone)
    if there.utcoffset() != start.utcoffset():
        raise InputError(
            f"{session.name}: the recording began at {start.isoformat()}, but in `{name}` it was then "
            f"{there.isoformat()}; correct the time zone, or leave it out"
        )
    return zone


def local(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The moment by the clocks of a zone, with its offset from UTC as a plain number.

    Times with a named zone are never equal to others in the hour that comes twice when clocks go back, and adding to
    them is an hour wrong across the change (PEP 495); times with a plain offset have neither fault.
    """
    there = moment.astimezone(zone)
    return there.replace(tzinfo=dt.timezone(there.utcoffset() or dt.timedelta()), fold=0)


def birth_date(session: Session, sidecar: Sidecar) -> dt.date | None:
    """The day of birth, given or counted back from an age in whole days or weeks; None where it is not exact.

    Raises
    ------
    InputError
        When the animal would be born on the day of the session or later.
    """
    subject, day = sidecar.subject, local(session.start, zone_of(session, sidecar)).date()
    age_days = exact_days(subject.age)
    born = subject.date_of_birth if age_days is None else day - dt.timedelta(days=age_days)
    if born is not None and born >= day:
        shown = f"age {subject.age}" if subject.age else f"date_of_birth {born}"
        raise InputError(
            f"{session.name}: {shown} is not possible: the session was on {day}; correct it in the lab's file"
        )
    return born


def nwb_subject(session: Session, sidecar: Sidecar) -> NwbSubject | None:
    """What is known of the animal, for the NWB file; None when nothing is."""
    subject, zone = sidecar.subject, zone_of(session, sidecar)
    day = local(session.start, zone).date()
    subject_id = animal(session, sidecar)
    if subject_id is None and not subject.model_fields_set:
        return None
    born = birth_date(session, sidecar)
    return NwbSubject(
        subject_id=subject_id,
        species=subject.species,
        sex=subject.sex,
        date_of_birth=local(dt.datetime.combine(born, dt.time(), zone), zone) if born else None,
        age=f"P{(day - born).days}D" if born else subject.age,
        genotype=subject.genotype,
        strain=subject.strain,
        weight=f"{(subject.weight_g / 1000).normalize():f} kg" if subject.weight_g is not None else None,
        description=_subject_description(session, subject),
    )


def nwb_session(session: Session, sidecar: Sidecar) -> NwbSession:
    """What is known of the session, for the NWB file."""
    facts, zone = sidecar.session, zone_of(session, sidecar)
    return NwbSession(
        start=local(session.start, zone),
        timezone=getattr(zone, "key", None),
        experimenters=experimenters(session, sidecar),
        description=facts.description,
        keywords=facts.keywords,
        notes=facts.notes,
        institution=facts.institution,
        lab=facts.lab,
        protocol=facts.protocol,
    )


def experimenters(session: Session, sidecar: Sidecar) -> tuple[str, ...]:
    """Who did the experiment, spelled as given; the names in the session metadata file replace the recording's one."""
    recorded = session.experimenter or ""
    return sidecar.session.experimenters or (() if stands_for_nothing(recorded) else (recorded.strip(),))


def lab_label(session: Session) -> str | None:
    """The lab's own spelling of the animal's id, where it differs from the one used in the outputs."""
    return session.subject_label if session.subject_label != session.subject_id else None


def _subject_description(session: Session, subject: SubjectFacts) -> str | None:
    label = lab_label(session)
    parts = (
        subject.description,
        f"The lab's own id: {label}." if label else None,
        f"Source: {subject.source}." if subject.source else None,
    )
    return " ".join(part for part in parts if part) or None


def exact_days(age: str | None) -> int | None:
    """Whole days of an age given in days and weeks only: months and years have no fixed length."""
    match = re.fullmatch(r"P(?:(\d+)W)?(?:(\d+)D)?", age or "", re.ASCII)
    return int(match[1] or 0) * 7 + int(match[2] or 0) if match else None


def _agreed(what: str, given: dict[str, str | None], spell: Callable[[str], str | None]) -> str | None:
    stated = [(source, value) for source, value in given.items() if value]
    for source, value in stated[1:]:
        first_source, first = stated[0]
        if spell(value) != spell(first):
            raise InputError(f"{what} is `{first}` in {first_source}, but `{value}` in {source}; correct one of them")
    return stated[0][1] if stated else None
