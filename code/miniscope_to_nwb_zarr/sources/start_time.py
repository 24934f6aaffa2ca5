"""When a recording began, from the settings file of the recording.

The file holds the wall clock of the acquisition computer and the same moment in milliseconds since 1970 UTC. Their
difference is the computer's offset from UTC. Software up to 1.02 writes the eight numbers at the top level, later
versions in `recordingStartTime`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources.settings_values import SettingsView, as_number

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELDS = {"year": (1, 9999), "month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
_MSEC = "msec"
_EPOCH = "msecSinceEpoch"
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
# years 1 to 9999, less a day for the offset
_MIN_EPOCH_MS = -62_135_510_400_000
_MAX_EPOCH_MS = 253_402_214_400_000
_QUARTER_HOUR = timedelta(minutes=15)
_MAX_OFFSET = timedelta(hours=14)
_TOLERANCE = timedelta(seconds=1)
_MIN_DRIFT_MS = 50


@dataclass(frozen=True, slots=True)
class StartTime:
    """The start of a recording, as far as its settings tell it. At least one of the two is known."""

    instant: datetime | None
    """Time zone aware, with the offset of the acquisition computer; None when the settings do not prove the offset."""
    local: datetime | None
    """The wall clock of the acquisition computer, without time zone; with a zone from the user it gives the start."""


def start_time(settings: Mapping[str, Any], where: str) -> tuple[StartTime | None, tuple[Finding, ...]]:
    """Find out when the recording began.

    Parameters
    ----------
    settings : mapping
        The parsed settings file of the recording.
    where : str
        The file's path inside the recording, for findings.

    Returns
    -------
    StartTime or None
        None when the settings hold no usable start.
    tuple of Finding
        `START_UNCERTAIN` when the numbers contradict each other or the offset from UTC is not known.
    """
    view = SettingsView(settings, where)
    nested = settings.get("recordingStartTime")
    if isinstance(nested, dict):
        view = SettingsView(nested, where, "recordingStartTime")
    elif nested is not None:
        view.reject("recordingStartTime", "an object with year, month, day, hour, minute, second")
    local = _local(view)
    epoch_ms = view.whole(_EPOCH, _MIN_EPOCH_MS, _MAX_EPOCH_MS, "milliseconds since 1970 in a year up to 9999")
    utc = None if epoch_ms is None else _EPOCH_START + timedelta(milliseconds=epoch_ms)
    start, doubts = _combine(local, utc, where)
    return start, (*view.findings, *doubts)


def clock_drift(settings: Mapping[str, Any], where: str) -> tuple[Finding, ...]:
    """Whether the wall clock was set during the recording, from `recordingEndTime.driftMs`."""
    end = settings.get("recordingEndTime")
    drift_ms = as_number(end.get("driftMs")) if isinstance(end, dict) else None
    if drift_ms is None or abs(drift_ms) < _MIN_DRIFT_MS:
        return ()
    sentence = (
        f"the computer's clock was changed by {drift_ms:g} ms during the recording (recordingEndTime.driftMs); stamps "
        "are not affected, times of day after the change are"
    )
    return (Finding(Code.CLOCK_DRIFT, Severity.WARNING, where, sentence, {"drift_ms": drift_ms}),)


def _local(view: SettingsView) -> datetime | None:
    """The wall clock; None when a field is missing or the date is impossible."""
    found = {key: view.whole(key, low, high, f"{low} to {high}") for key, (low, high) in _FIELDS.items()}
    msec = view.whole(_MSEC, 0, 999, "0 to 999") or 0
    values = [value for value in found.values() if value is not None]
    if len(values) < len(_FIELDS):
        return None
    year, month, day, hour, minute, second = values
    try:
        return datetime(year, month, day, hour, minute, second, msec * 1000)  # noqa: DTZ001 - a wall clock has no zone
    except ValueError:
        view.reject("day", f"a day of {year:04}-{month:02}")
        return None


def _combine(local: datetime | None, utc: datetime | None, where: str) -> tuple[StartTime | None, tuple[Finding, ...]]:
    if local is None and utc is None:
        return None, ()
    if utc is None:
        problem = f"has no usable {_EPOCH}: the time zone of {local} is not known; give it with --timezone"
        return StartTime(None, local), (_uncertain(where, problem),)
    if local is None:
        problem = f"has no usable local time: {utc} is exact, its offset from UTC is not known"
        return StartTime(utc, None), (_uncertain(where, problem),)
    difference = local - utc.replace(tzinfo=None)
    offset = round(difference / _QUARTER_HOUR) * _QUARTER_HOUR
    if abs(offset) > _MAX_OFFSET:
        problem = (
            f"contradicts itself: {local} by its local fields, {utc} by {_EPOCH}; "
            "the local time is used, give its zone with --timezone or the start with --start_time"
        )
        return StartTime(None, local), (_uncertain(where, problem, Severity.ERROR),)
    instant = utc.astimezone(timezone(offset))
    apart = abs(difference - offset)
    if apart <= _TOLERANCE:
        return StartTime(instant, local), ()
    problem = f"contradicts itself by {apart.total_seconds():g} s: {local} by its local fields, {instant} by {_EPOCH}"
    return StartTime(instant, local), (_uncertain(where, f"{problem}; the latter is used"),)


def _uncertain(where: str, problem: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(Code.START_UNCERTAIN, severity, where, f"the start {problem}")
