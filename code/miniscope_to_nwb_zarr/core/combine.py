"""Several recordings of one animal in one session."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.naming import device_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Recording, Session

# parts of one recording may seem to overlap at their seam by the drift between two clocks
_SEAM_S = 1.0


def combine(sessions: Sequence[Session], how: Literal["day", "all"]) -> tuple[Session, ...]:
    """Join sessions of the same animal.

    Parameters
    ----------
    sessions : sequence of Session
        Of one recording each. Those without a subject stay alone: whether the animal is the same is not known.
    how : {'day', 'all'}
        Which recordings of an animal belong together: those that began on one local date, or all. A recording that
        began while another was running belongs to it.

    Returns
    -------
    tuple of Session
        In the order of their start. Each is named after its first recording; `Recording.offset_s` is the true time
        between the starts, whatever the clocks on the wall did. `where` of each finding begins with the folder of its
        recording.
    """
    groups: dict[tuple[object, ...], list[list[Session]]] = {}
    for place, session in enumerate(sorted(sessions, key=lambda session: session.start)):
        # the place keeps those without a subject apart
        animal = (session.layout, session.subject_id) if session.subject_id else (session.layout, place)
        of_animal = groups.setdefault(animal, [])
        if of_animal and _belongs(session, of_animal[-1], how):
            of_animal[-1].append(session)
        else:
            of_animal.append([session])
    joined = [_join(group) for of_animal in groups.values() for group in of_animal]
    return tuple(sorted(joined, key=lambda session: session.start))


def _belongs(session: Session, group: Sequence[Session], how: Literal["day", "all"]) -> bool:
    if any(_shown_start(session) == _shown_start(other) and not _are_side_by_side(session, other) for other in group):
        # one may be a copy of the other; and series are told apart by their start on the clock, which has an hour
        # twice when clocks go back
        return False
    is_running = any(_began_within(session, other) for other in group)
    return how == "all" or is_running or _day(session) == _day(group[0])


def _are_side_by_side(later: Session, earlier: Session) -> bool:
    """Whether two sessions are of files of different names in one folder, as of two scopes recorded at once."""
    one, other = later.recordings[0], earlier.recordings[0]
    return one.folder == other.folder and one.label != other.label and _began_within(later, earlier)


def _began_within(later: Session, earlier: Session) -> bool:
    return (later.start - earlier.start).total_seconds() <= duration_s(earlier)


def _shown_start(session: Session) -> datetime:
    return session.start.replace(microsecond=0, tzinfo=None)


def _day(session: Session) -> date:
    return session.start.date()


def duration_s(session: Session) -> float:
    """Seconds from the start of a session to the last stamp of any device in it; 0 when there is none."""
    return max((recording.offset_s + recording.duration_s for recording in session.recordings), default=0.0)


def _join(group: Sequence[Session]) -> Session:
    return group[0] if len(group) == 1 else join(group)


def join(sessions: Sequence[Session], offsets_s: Sequence[float] | None = None) -> Session:
    """One session of several.

    Parameters
    ----------
    sessions : sequence of Session
        Of one recording each. The first gives the name, the start and the animal.
    offsets_s : sequence of float, optional
        Seconds from the start of the first to the start of each, where clocks are not to be believed: the recordings
        are taken to have begun then. What their starts say where it is not given.

    Returns
    -------
    Session
        Devices of one name that ran at the same time are two, and get two names.

    Raises
    ------
    UsageError
        Not one offset for each session, or the first does not begin first.
    """
    first = sessions[0]
    if offsets_s is None:
        offsets_s = [(session.start - first.start).total_seconds() for session in sessions]
    if len(offsets_s) != len(sessions) or offsets_s[0] != 0 or not all(offset_s >= 0 for offset_s in offsets_s):
        raise UsageError(
            f"offsets_s: {list(offsets_s)} for {counted(len(sessions), 'session')}; expected one for each, in seconds "
            "after the start of the first, whose own is 0"
        )
    # in UTC: adding to a local time would add on the clock
    starts = [first.start.astimezone(UTC) + timedelta(seconds=offset_s) for offset_s in offsets_s]
    recordings = _with_own_devices(
        replace(session.recordings[0], offset_s=offset_s, start=start.astimezone(session.start.tzinfo))
        for session, offset_s, start in sorted(zip(sessions, offsets_s, starts, strict=True), key=itemgetter(1))
    )
    folders = list(dict.fromkeys(recording.folder for recording in recordings))
    prefixes = dict(zip(folders, _folder_names([folder.parts for folder in folders]), strict=True))
    findings: list[Finding] = []
    for session in sessions:
        prefix = prefixes[session.recordings[0].folder]
        findings += [replace(f, where=f"{prefix}/{f.where}".removesuffix("/.")) for f in session.findings]
    return replace(
        first,
        recordings=_with_each_file_once(recordings),
        experimenter=_together(session.experimenter for session in sessions),
        experiment=_together(session.experiment for session in sessions),
        findings=tuple(findings),
    )


def _with_own_devices(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """The recordings, in which a device that ran while another of its name did has a name of its own."""
    named: list[Recording] = []
    for recording in recordings:
        start_s = recording.offset_s
        running = [other for other in named if start_s < other.offset_s + other.duration_s - _SEAM_S]
        taken = [stream.device.name for other in running for stream in other.streams]
        streams = tuple(
            replace(stream, device=replace(stream.device, name=device_name(stream.device.name, taken)))
            for stream in recording.streams
        )
        named.append(replace(recording, streams=streams))
    return tuple(named)


def _with_each_file_once(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """The recordings, of which only the first keeps a file that several have, as a user configuration."""
    seen: set[object] = set()
    kept = []
    for recording in recordings:
        own = tuple(file for file in recording.files if file.path not in seen)
        seen.update(file.path for file in own)
        kept.append(replace(recording, files=own))
    return tuple(kept)


def _folder_names(folders: Sequence[tuple[str, ...]]) -> list[str]:
    """For each folder the shortest end of its path that no other has."""
    for n_parts in range(1, max(len(parts) for parts in folders) + 1):
        # names that are no valid text come as surrogates, which no output can hold
        names = ["/".join(parts[-n_parts:]).encode("utf-8", "replace").decode() for parts in folders]
        if max(Counter(names).values()) == 1:
            return names
    return names


def _together(values: Iterable[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(value for value in values if value)) or None
