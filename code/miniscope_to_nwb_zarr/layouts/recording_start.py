"""When a recording began: from its settings, else from the names of its folders, else from the user."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources.start_time import StartTime, clock_drift, start_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.layouts.contract import Request

# `yyyy_MM_dd` and `HH_mm_ss` (reference formats 1.1)
_DATE = re.compile(r"([0-9]{4})_([0-9]{2})_([0-9]{2})")
_TIME = re.compile(r"([0-9]{2})_([0-9]{2})_([0-9]{2})")
_UNKNOWN = "it is in no metaData.json, and no folders above are named yyyy_MM_dd and HH_mm_ss"
_TOLERANCE = timedelta(seconds=1)
# no Miniscope is as old; a computer whose battery is empty begins to count in 1904, 1970 or 1980
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_OFFSET = timedelta(hours=14)


def recording_start(
    settings: Mapping[str, Any], folder: Path, request: Request, where: str, *, is_doubtful: bool
) -> tuple[datetime, tuple[Finding, ...]]:
    """The start of a recording of Miniscope-DAQ-QT, with its offset from UTC.

    Parameters
    ----------
    settings : mapping
        The parsed settings of the recording; empty when there are none.
    folder : Path
        The recording's folder, for the names of date and time in its path.
    request : Request
        For time zone and start.
    where : str
        The settings file, for the findings.
    is_doubtful : bool
        The settings may be those of an earlier recording: a start given by the user is taken instead.

    Raises
    ------
    InputError
        The start or its time zone is not known, or what the user gave contradicts the recording.
    """
    recorded, findings = start_time(settings, where)
    findings += clock_drift(settings, where)
    is_doubtful |= any(f.code is Code.START_UNCERTAIN and f.severity is Severity.ERROR for f in findings)
    start, more = settle_start(recorded, _from_names(folder), request, where, unknown=_UNKNOWN, is_doubtful=is_doubtful)
    return start, findings + more


def settle_start(
    recorded: StartTime | None,
    named: datetime | None,
    request: Request,
    where: str,
    *,
    unknown: str,
    is_doubtful: bool = False,
) -> tuple[datetime, tuple[Finding, ...]]:
    """The start of a recording at a fixed offset from UTC, from what the recording, its folders and the user say.

    Parameters
    ----------
    recorded : StartTime or None
        What the files of the recording say. A user who says otherwise is contradicted.
    named : datetime or None
        Wall clock without zone, from the names of folders: taken where nothing else tells.
    request : Request
        For time zone and start.
    where : str
        The file that tells the start, for the findings.
    unknown : str
        Where the start was looked for, as the end of a sentence: ``it is in no metaData.json``.
    is_doubtful : bool
        What is recorded may be of an earlier recording: a start given by the user is taken instead, as it is where the
        clock was surely wrong.

    Raises
    ------
    InputError
        The start or its time zone is not known, is still to come, or what the user gave contradicts the recording.
    """
    if is_doubtful or _is_impossible(recorded):
        recorded = None if request.start_time else recorded
    else:
        _check_agreement(recorded, request)
    if recorded is not None:
        start, findings = _zoned(recorded, request, (), where)
    else:
        given, findings = _given_or_named(named, request, unknown)
        start, findings = _zoned(given, request, findings, where)
    return start, findings + _wrong_clock(start, where)


def _is_impossible(recorded: StartTime | None) -> bool:
    """Whether the clock by which a start was recorded was surely wrong."""
    if recorded is None:
        return False
    earliest = recorded.instant
    if earliest is None and recorded.local is not None:
        earliest = recorded.local.replace(tzinfo=UTC) - _MAX_OFFSET
    return earliest is not None and not _EARLIEST <= earliest <= now()


def _wrong_clock(start: datetime, where: str) -> tuple[Finding, ...]:
    if start > now():
        raise InputError(
            f"the recording began at {start}, which is in the future: the clock of the acquisition computer was "
            "wrong, or that of this computer is. Give the true start with --start_time"
        )
    if start >= _EARLIEST:
        return ()
    sentence = (
        f"the start is {start}, when there were no Miniscopes yet: the clock of the acquisition computer was wrong. "
        "Stamps count from the start and are not affected; give the true start with --start_time"
    )
    return (Finding(Code.START_UNCERTAIN, Severity.WARNING, where, sentence),)


def now() -> datetime:
    """The moment at which this program looks at a recording."""
    return datetime.now(UTC)


def _check_agreement(recorded: StartTime | None, request: Request) -> None:
    given = request.start_time
    if given is None or recorded is None:
        return
    if given.tzinfo is not None and recorded.instant is not None:
        own = recorded.instant
    else:
        own = recorded.local or _utc_in_zone(recorded.instant, request)
        given = given.replace(tzinfo=None)
    if abs(given - own) > _TOLERANCE:
        raise InputError(
            f"--start_time is {request.start_time}, the recording says {recorded.instant or recorded.local}: "
            "leave the option out, or correct it"
        )


def _utc_in_zone(instant: datetime | None, request: Request) -> datetime:
    zone = ZoneInfo(request.timezone) if request.timezone else UTC
    return (instant or datetime.min.replace(tzinfo=UTC)).astimezone(zone).replace(tzinfo=None)


def _given_or_named(named: datetime | None, request: Request, unknown: str) -> tuple[StartTime, tuple[Finding, ...]]:
    """The start that the user gave, else that of the folders' names."""
    given = request.start_time
    if given is not None:
        return (StartTime(None, given) if given.tzinfo is None else StartTime(given, given.replace(tzinfo=None))), ()
    if named is None:
        raise InputError(f"the start of the recording is not known: {unknown}; give it with --start_time")
    sentence = f"no file tells the start; {named} is taken from the names of the folders, which have whole seconds"
    return StartTime(None, named), (Finding(Code.START_UNCERTAIN, Severity.WARNING, ".", sentence),)


def _from_names(folder: Path) -> datetime | None:
    """Wall clock from the innermost folders that are named as a date and as a time."""
    date = next((m for part in reversed(folder.parts) if (m := _DATE.fullmatch(part))), None)
    time = next((m for part in reversed(folder.parts) if (m := _TIME.fullmatch(part))), None)
    if date is None or time is None:
        return None
    try:
        return datetime(*(int(part) for part in date.groups() + time.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def _zoned(
    start: StartTime, request: Request, findings: tuple[Finding, ...], where: str
) -> tuple[datetime, tuple[Finding, ...]]:
    """The start at a fixed offset from UTC, which is held against the user's time zone."""
    zone = ZoneInfo(request.timezone) if request.timezone else None
    if start.instant is None and start.local is not None:
        if zone is None and request.start_time is not None and request.start_time.tzinfo is not None:
            return _fixed(start.local.replace(tzinfo=request.start_time.tzinfo)), findings
        if zone is None:
            raise InputError(
                f"the time zone of {start.local} is not known; give it with --timezone, e.g. Europe/Vienna"
            )
        # by way of UTC: an hour that was left out in spring has no offset of its own
        moment = start.local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
        return _fixed(moment), findings + _doubtful_hour(start.local, moment, zone, where)
    instant = start.instant or datetime.min.replace(tzinfo=UTC)
    if zone is None:
        return _fixed(instant), findings
    there = instant.astimezone(zone)
    if start.local is not None and there.utcoffset() != instant.utcoffset():
        raise InputError(
            f"the time zone {request.timezone} was at UTC{there:%z} on {there:%Y-%m-%d}, the recording was made at "
            f"UTC{instant:%z}: leave --timezone and the session metadata file's `timezone` out, or name the zone that "
            "the computer was set to"
        )
    return _fixed(there), findings


def _doubtful_hour(local: datetime, taken: datetime, zone: ZoneInfo, where: str) -> tuple[Finding, ...]:
    """A finding for a time of day that was there twice or not at all, because the clock was changed."""
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first == second:
        return ()
    if taken.replace(tzinfo=None) == local:
        what = "two moments", "the first was taken"
    else:
        what = "no moment", f"{taken:%H:%M:%S} was taken, as of a clock that was not"
    sentence = f"{local} is {what[0]} in {zone.key}, because the clock was changed then; {what[1]}"
    return (Finding(Code.START_UNCERTAIN, Severity.WARNING, where, sentence),)


def _fixed(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta(0)), fold=0)
