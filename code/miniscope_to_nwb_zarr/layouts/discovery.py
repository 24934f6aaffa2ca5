"""Every recording in a data folder, whatever its layout."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.combine import combine
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.naming import session_name
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.layouts.contract import Discovery, Failure, Request
from miniscope_to_nwb_zarr.layouts.foreign import foreign_recording
from miniscope_to_nwb_zarr.sources.tree import Folder, Tree, shown, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.layouts.contract import Layout

__all__ = ["Discovery", "Failure", "Request", "discover", "nothing_found"]


def discover(data_dir: Path, request: Request) -> Discovery:
    """Find and read every recording, all but its frames.

    Parameters
    ----------
    data_dir : Path
        Walked once; not looked at when `Request.video_files` names a recording.
    request : Request

    Returns
    -------
    Discovery
        Sessions in natural order of their folders, or, when combined, of their start; each with a name of its own.

    Raises
    ------
    InputError
        The data folder or a file that the request names is not there or cannot be used.
    """
    if request.layout is not None and request.layout not in LAYOUTS:
        raise InputError(f"there is no layout {request.layout!r}; known are {', '.join(LAYOUTS)}")
    layouts = [LAYOUTS[request.layout]] if request.layout else list(LAYOUTS.values())
    if request.video_files:
        return _with_names(layouts[0].discover_files(request), request)
    if not data_dir.is_dir():
        raise InputError(f"--data_dir: {data_dir} is not there, or is no folder")
    tree = walk(data_dir)
    claimed = _claim(tree, layouts)
    found = Discovery(findings=tree.findings + _remarks(tree, layouts, {path for _, path in claimed}))
    if request.start_time is not None and len(claimed) > 1:
        raise InputError(
            f"--start_time is the start of one recording, {len(claimed)} were found: give the folder of one of them"
        )
    for layout in layouts:
        folders = [tree.folders[path] for owner, path in claimed if owner == layout.NAME]
        if folders:
            read = layout.discover(folders, tree, request)
            found = Discovery(
                found.sessions + read.sessions, found.failures + read.failures, found.findings + read.findings
            )
    return _with_names(found, request)


def nothing_found(data_dir: Path, found: Discovery, request: Request) -> str:
    """The sentence for a data folder without a recording: what was looked for, and what comes near it."""
    names = [request.layout] if request.layout else list(LAYOUTS)
    looked_for = "; ".join(LAYOUTS[name].LOOKED_FOR for name in names)
    near = [f"{f.where} {f.sentence}" for f in found.findings if f.code in {Code.FOLDER_INCOMPLETE, Code.FILE_IGNORED}]
    hint = f" What comes near: {'; '.join(near[:3])}." if near else ""
    return f"no recording was found in {shown(data_dir)}. Looked for: {looked_for}.{hint}"


def _claim(tree: Tree, layouts: Sequence[Layout]) -> list[tuple[str, Path]]:
    """Each recording's folder with the name of the layout that takes it."""
    claimed = []
    for path, folder in tree.folders.items():
        layout = next((layout for layout in layouts if layout.matches(folder, tree)), None)
        if layout is not None:
            claimed.append((layout.NAME, path))
    return claimed


def _remarks(tree: Tree, layouts: Sequence[Layout], recordings: set[Path]) -> tuple[Finding, ...]:
    """Findings for folders outside of all recordings that come near one."""
    found = []
    for path, folder in tree.folders.items():
        if path in recordings or not recordings.isdisjoint(path.parents):
            continue
        found.append(_remark(folder, tree, layouts))
    return tuple(finding for finding in found if finding is not None)


def _remark(folder: Folder, tree: Tree, layouts: Sequence[Layout]) -> Finding | None:
    near = (layout.incomplete(folder, tree) for layout in layouts)
    where = shown(folder.path.relative_to(tree.root))
    return next((finding for finding in near if finding is not None), None) or foreign_recording(folder, where)


def _with_names(found: Discovery, request: Request) -> Discovery:
    sessions = _distinct_subjects(found.sessions)
    if request.combine != "none":
        sessions = combine(sessions, request.combine)
    return replace(found, sessions=_distinct_names(sessions))


def _distinct_subjects(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Sessions in which animals of different names have different ids, also where the ids came out alike."""
    labels: defaultdict[str, list[str]] = defaultdict(list)
    ids: dict[str, str] = {}
    renamed = []
    for session in sessions:
        name, label = session.subject_id, session.subject_label
        if name is None or label is None:
            renamed.append(session)
            continue
        if label not in labels[name]:
            labels[name].append(label)
            taken = {other.subject_id for other in sessions} | set(ids.values())
            place = len(labels[name])
            ids[label] = (
                name
                if place == 1
                else next(free for k in range(place, place + len(taken) + 1) if (free := f"{name}-{k}") not in taken)
            )
        renamed.append(_with_subject(session, ids[label], labels[name][0]))
    return tuple(renamed)


def _with_subject(session: Session, subject: str, first_label: str) -> Session:
    if subject == session.subject_id:
        return session
    sentence = (
        f"the animals {first_label!r} and {session.subject_label!r} would both be called {session.subject_id!r}; "
        f"the latter is called {subject!r}"
    )
    finding = Finding(Code.SUBJECT_RENAMED, Severity.WARNING, ".", sentence)
    return replace(
        session,
        subject_id=subject,
        name=session_name(subject, session.start, ""),
        findings=(*session.findings, finding),
    )


def _distinct_names(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Sessions with names of their own, also where recordings of one animal began in the same second."""
    taken: dict[str, Path] = {}
    named = []
    for session in sessions:
        name, place = session.name, 2
        while name in taken:
            name, place = f"{session.name}-{place}", place + 1
        folder = session.recordings[0].folder
        if name != session.name:
            top = Path(os.path.commonpath([folder, taken[session.name]]))
            other, own = (shown(path.relative_to(top)) for path in (taken[session.name], folder))
            sentence = (
                f"the recording in {other} began in the same second and is of the same animal: this one, in {own}, is "
                f"called {name}. One may be a copy of the other"
            )
            finding = Finding(Code.NAME_SHARED, Severity.WARNING, ".", sentence)
            named.append(replace(session, name=name, findings=(*session.findings, finding)))
        else:
            named.append(session)
        taken[name] = folder
    return tuple(named)
