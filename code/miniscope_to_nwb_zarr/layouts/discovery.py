"""Every recording in a data folder, whatever its layout."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.combine import combine
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.naming import session_name
from miniscope_to_nwb_zarr.layouts import LAYOUTS, load
from miniscope_to_nwb_zarr.layouts.contract import Discovery, Failure, Request
from miniscope_to_nwb_zarr.sources import failed_reads, limits
from miniscope_to_nwb_zarr.sources.settings_json import cut
from miniscope_to_nwb_zarr.sources.tree import Tree, natural_key, shown, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.model import Recording, Session
    from miniscope_to_nwb_zarr.layouts.contract import Layout
    from miniscope_to_nwb_zarr.sources.tree import Folder

# findings that say why a recording that is there was not found
_NEAR = frozenset({Code.FOLDER_INCOMPLETE, Code.FILE_IGNORED, Code.FILE_UNREADABLE, Code.LINK_REFUSED})

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
        raise InputError(f"there is no layout {request.layout!r}; expected one of {', '.join(LAYOUTS)}")
    layouts = [load(name) for name in ([request.layout] if request.layout else LAYOUTS)]
    failed_reads.take()
    if request.video_files:
        return _with_names(_without_unread(_named_files(layouts, request)), request)
    if not data_dir.is_dir():
        raise InputError(f"--data_dir: {data_dir} is not there, or is not a folder")
    tree = walk(data_dir)
    claimed = {
        layout.NAME: [path for path, folder in tree.folders.items() if layout.matches(folder, tree)]
        for layout in map(load, LAYOUTS)
    }
    outside = list(_outside(tree, layouts, claimed))
    remarks = _remarks(tree, layouts, outside) + _left_out(tree, claimed, request)
    found = Discovery(findings=tree.findings + remarks + _lone_videos(tree, outside, remarks))
    for layout, folders in _shares(tree, layouts, claimed, request):
        if folders:
            found = _together(found, layout.discover(folders, tree, request))
    n_found = len(found.sessions) + len(found.failures)
    if request.start_time is not None and n_found > 1:
        raise InputError(
            f"--start_time is the start of one recording, but {n_found} were found: give the folder of one of them"
        )
    return _with_names(_without_unread(_without_shared_videos(_in_order(found))), request)


def _shares(
    tree: Tree, layouts: Sequence[Layout], claimed: Mapping[str, Sequence[Path]], request: Request
) -> Iterator[tuple[Layout, list[Folder]]]:
    """What each layout is to read: its folders, of which those that several claim are without the files of the others.

    Whose a file is shows only when the recordings are read, so folders that are shared are read twice.
    """
    count = Counter(path for paths in claimed.values() for path in paths)
    shared = {path: folder for path, folder in tree.folders.items() if count[path] > 1}
    used: dict[str, set[Path]] = {}
    for layout in layouts:
        own = [folder for path, folder in shared.items() if path in claimed[layout.NAME]]
        sessions = layout.discover(own, tree, request).sessions if own else ()
        streams = [stream for session in sessions for _, stream in session.streams]
        used[layout.NAME] = {file.path for stream in streams for file in stream.video_files}
        used[layout.NAME] |= {stream.table.path for stream in streams}
    for layout in layouts:
        others = {path for name, paths in used.items() if name != layout.NAME for path in paths - used[layout.NAME]}
        folders = [tree.folders[path] for path in claimed[layout.NAME]]
        yield layout, [replace(f, files=tuple(path for path in f.files if path not in others)) for f in folders]


def _together(found: Discovery, more: Discovery) -> Discovery:
    return Discovery(found.sessions + more.sessions, found.failures + more.failures, found.findings + more.findings)


def _named_files(layouts: Sequence[Layout], request: Request) -> Discovery:
    """The recording that the request names, by the first layout that knows its time table."""
    # the first layout takes what no other knows
    for layout in reversed(layouts):
        found = layout.discover_files(request)
        if found is not None:
            return found
    names = ", ".join(layout.NAME for layout in layouts)
    raise InputError(f"--timestamps_file: {request.timestamps_file} is not a time table that belongs to {names}")


def _in_order(found: Discovery) -> Discovery:
    """Sessions in natural order of their folders, whatever their layouts."""

    def place(session: Session) -> list[object]:
        recording = session.recordings[0]
        return [natural_key(part) for part in (*recording.folder.parts, recording.label)]

    return replace(found, sessions=tuple(sorted(found.sessions, key=place)))


def _without_shared_videos(found: Discovery) -> Discovery:
    """Sessions of which no two are made of the same video; those are failures that name both layouts."""
    owners: defaultdict[Path, list[Session]] = defaultdict(list)
    for session in found.sessions:
        for _, stream in session.streams:
            for file in stream.video_files:
                owners[file.path].append(session)
    failures: dict[Path, Failure] = {}
    refused: set[int] = set()
    for path, of_path in owners.items():
        layouts = sorted({session.layout for session in of_path})
        if len(layouts) > 1:
            refused |= {id(session) for session in of_path}
            message = (
                f"{shown(path.name)} belongs to recordings of {' and of '.join(layouts)}: choose one with --dataset, "
                f"e.g. --dataset {layouts[0]!r}"
            )
            failures.setdefault(path.parent, Failure(path.parent, message))
    sessions = tuple(session for session in found.sessions if id(session) not in refused)
    return replace(found, sessions=sessions, failures=found.failures + tuple(failures.values()))


def _without_unread(found: Discovery) -> Discovery:
    """Without the recordings of which a file could not be read: those are failures, and so are files of none."""
    unread = failed_reads.take()
    listed = {file.path for session in found.sessions for file in session.source_files}
    sessions, failures, explained = [], [], set()
    for session in found.sessions:
        own = {file.path for file in session.source_files}
        folder = session.recordings[0].folder
        missed = [p for p in unread if p in own or (p not in listed and p.is_relative_to(folder))]
        if missed:
            failures.append(Failure(folder, _unread(missed, unread, folder), is_temporary=True))
        else:
            sessions.append(session)
        explained.update(missed)
    for failure in found.failures:
        missed = [p for p in unread if p not in listed and p.is_relative_to(failure.folder)]
        message = f"{failure.message}. But {_unread(missed, unread, failure.folder)}" if missed else failure.message
        failures.append(replace(failure, message=message, is_temporary=bool(missed)))
        explained.update(missed)
    lone = [path for path in unread if path not in explained]
    failures += [Failure(p.parent, _unread([p], unread, p.parent), is_temporary=True) for p in lone]
    return replace(found, sessions=tuple(sessions), failures=tuple(failures))


def _unread(paths: Sequence[Path], reasons: Mapping[Path, str], folder: Path) -> str:
    named = ", ".join(f"{shown(os.path.relpath(path, folder))} ({reasons[path]})" for path in paths)
    return (
        f"the disk or the network could not read {named}, so it is not known what the recording holds; run the same "
        "command again when it works"
    )


def nothing_found(data_dir: Path | str, found: Discovery, request: Request) -> str:
    """The sentence for a data folder without a recording: what was looked for, and what comes near it."""
    names = [request.layout] if request.layout else list(LAYOUTS)
    looked_for = "; ".join(load(name).LOOKED_FOR for name in names)
    order = list(Severity)
    said = sorted((f for f in found.findings if f.code in _NEAR), key=lambda f: order.index(f.severity), reverse=True)
    near = [f"{f.where} {f.sentence}" for f in said]
    more = f"; and {len(near) - limits.NAMES_SHOWN} more" if len(near) > limits.NAMES_SHOWN else ""
    hint = f" What looks like one: {'; '.join(near[: limits.NAMES_SHOWN])}{more}." if near else ""
    return f"no recording was found in {shown(data_dir)}. Looked for: {looked_for}.{hint}"


def _remarks(tree: Tree, layouts: Sequence[Layout], outside: Sequence[tuple[Path, Folder]]) -> tuple[Finding, ...]:
    """Findings for folders outside of all recordings that come near one."""
    found = []
    for _, folder in outside:
        near = (layout.incomplete(folder, tree) for layout in layouts)
        found.append(next((finding for finding in near if finding is not None), None))
    return tuple(finding for finding in found if finding is not None)


def _outside(
    tree: Tree, layouts: Sequence[Layout], claimed: Mapping[str, Sequence[Path]]
) -> Iterator[tuple[Path, Folder]]:
    """The folders that are no part of a recording, be it one that the request leaves out."""
    recordings = {path for layout in layouts for path in claimed[layout.NAME]}
    whole = {path for name in LAYOUTS if load(name).OWNS_SUBFOLDERS for path in claimed[name]}
    for path, folder in tree.folders.items():
        if path not in recordings and whole.isdisjoint(path.parents):
            yield path, folder


def _lone_videos(tree: Tree, outside: Sequence[tuple[Path, Folder]], said: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings for folders with videos of which nothing else is said: a recording whose table is gone or damaged."""
    places = {finding.where for finding in said}
    found = []
    for path, folder in outside:
        videos = [file for file in folder.files if file.suffix.casefold() == ".avi"]
        where = shown(path.relative_to(tree.root))
        closed = [shown(file.name) for file in folder.files if videos and not os.access(file, os.R_OK)]
        if closed:
            more = f" and {len(closed) - limits.NAMES_SHOWN} more" if len(closed) > limits.NAMES_SHOWN else ""
            sentence = f"holds files that cannot be opened: {', '.join(closed[: limits.NAMES_SHOWN])}{more}"
            found.append(Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, sentence, {"count": len(closed)}))
        is_said = where in places or any(shown(file.relative_to(tree.root)) in places for file in videos)
        if videos and not is_said:
            sentence = (
                f"holds {counted(len(videos), 'video')}, such as {shown(videos[0].name)}, and nothing that makes a "
                "recording of it: the table of its frames is not there, or its first line is damaged. Put the table "
                "back, or name both with --video_files and --timestamps_file"
            )
            found.append(Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence, {"videos": len(videos)}))
    return tuple(found)


def _left_out(tree: Tree, claimed: Mapping[str, Sequence[Path]], request: Request) -> tuple[Finding, ...]:
    """Findings for recordings of layouts to which the request does not apply."""
    others = {name: set(claimed[name]) for name in LAYOUTS if request.layout not in {None, name}}
    return tuple(
        Finding(
            Code.FILE_IGNORED,
            Severity.WARNING,
            shown(path.relative_to(tree.root)),
            f"holds a recording of the layout {other!r}, which --dataset {request.layout!r} leaves out",
        )
        for path in tree.folders
        for other, paths in others.items()
        if path in paths
    )


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
        f"the animals {cut(first_label)!r} and {cut(session.subject_label or '')!r} would both be called "
        f"{session.subject_id!r}; the latter is called {subject!r}"
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
    taken: dict[str, Recording] = {}
    named = []
    for session in sessions:
        name, place, recording = session.name, 2, session.recordings[0]
        while name in taken:
            name, place = f"{session.name}-{place}", place + 1
        if name != session.name:
            other, own = _told_apart(taken[session.name], recording)
            sentence = (
                f"the recording in {other} began in the same second and is of the same animal: this one, in {own}, is "
                f"called {name}. One may be a copy of the other"
            )
            finding = Finding(Code.NAME_SHARED, Severity.WARNING, ".", sentence)
            named.append(replace(session, name=name, findings=(*session.findings, finding)))
        else:
            named.append(session)
        taken[name] = recording
    return tuple(named)


def _told_apart(first: Recording, second: Recording) -> tuple[str, str]:
    """Where two recordings are, from the folder that holds both."""
    if first.folder == second.folder:
        return first.shown_name, second.shown_name
    top = Path(os.path.commonpath([first.folder, second.folder]))
    return shown(first.folder.relative_to(top)), shown(second.folder.relative_to(top))
