"""Several recordings of one animal in one session."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Recording, Session


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
    if any(_shown_start(session) == _shown_start(other) for other in group):
        # series are told apart by their start on the clock, which has an hour twice when clocks go back
        return False
    is_running = any((session.start - other.start).total_seconds() <= duration_s(other) for other in group)
    return how == "all" or is_running or _day(session) == _day(group[0])


def _shown_start(session: Session) -> datetime:
    return session.start.replace(microsecond=0, tzinfo=None)


def _day(session: Session) -> date:
    return session.start.date()


def duration_s(session: Session) -> float:
    """Seconds from the start of a session to the last stamp of any device in it; 0 when there is none."""
    ends = [
        recording.offset_s + float(np.nanmax(stream.table.time_s))
        for recording, stream in session.streams
        if np.isfinite(stream.table.time_s).any()
    ]
    return max(ends, default=0.0)


def _join(group: Sequence[Session]) -> Session:
    first = group[0]
    if len(group) == 1:
        return first
    recordings = [
        replace(recording, offset_s=(recording.start - first.start).total_seconds())
        for session in group
        for recording in session.recordings
    ]
    prefixes = _folder_names([recording.folder.parts for recording in recordings])
    findings: list[Finding] = []
    for session, prefix in zip(group, prefixes, strict=True):
        findings += [replace(f, where=f"{prefix}/{f.where}".removesuffix("/.")) for f in session.findings]
    return replace(
        first,
        recordings=_with_each_file_once(recordings),
        experimenter=_together(session.experimenter for session in group),
        experiment=_together(session.experiment for session in group),
        findings=tuple(findings),
    )


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
