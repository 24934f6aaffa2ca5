"""Which files belong to a session of Visual Behavior Ephys: by their folder, and by the tables of the data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_rows
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ephys.unit_facts import UNITS_TABLE
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library

SESSIONS_FILE, UNITS_FILE = "ecephys_sessions.csv", "units.csv"
_BEHAVIOR = re.compile(r"behavior_session_(\d+)\.nwb")
_EPHYS = re.compile(r"ecephys_session_(\d+)\.nwb")
_PROBE = re.compile(r"probe_(\d+)\.nwb")


def find_sessions(library: Library) -> list[AllenSession]:
    """The sessions whose base file is there, by number; one with probes has the probe files of its folder, by number.

    Raises
    ------
    InputError
        The table of sessions cannot be read.
    """
    rows = read_rows(library.path(SESSIONS_FILE), "ecephys_session_id") if SESSIONS_FILE in library.names else {}
    bases = sorted((name for name in library.names if _EPHYS.fullmatch(name)), key=natural_key)
    folders = [library.folder(name) for name in bases]
    sessions = []
    for name in bases:
        behavior = rows.get(_number(name), {}).get("behavior_session_id", "")
        ids = {_number(name), *([int(behavior)] if behavior.isdecimal() else [])}
        is_alone = folders.count(library.folder(name)) == 1
        sessions.append(_with_probes(library, name, frozenset(ids), is_alone=is_alone))
    known = frozenset().union(*(session.ids for session in sessions))
    # the same session with its probes holds all that its behaviour file does
    alone = (name for name in library.names if _BEHAVIOR.fullmatch(name) and _number(name) not in known)
    return sessions + [
        AllenSession(name.removesuffix(".nwb"), (name,), {}, frozenset({_number(name)}))
        for name in sorted(alone, key=natural_key)
    ]


def _with_probes(library: Library, base: str, ids: frozenset[int], *, is_alone: bool) -> AllenSession:
    findings = []
    probes = sorted(
        (each for each in library.names if _PROBE.fullmatch(each) and library.folder(each) == library.folder(base)),
        key=natural_key,
    )
    if probes and not is_alone:
        sentence = (
            f"{len(probes)} probe file(s) lie in one folder with several sessions: which ones are of this session is "
            "not known, and none was taken. Put each session's files into a folder of its own"
        )
        findings.append(Finding(Code.PART_MISSING, Severity.ERROR, base, sentence))
        probes = []
    elif not probes:
        sentence = "no probe file lies beside it: the output has neither LFP nor current source density"
        findings.append(Finding(Code.PART_MISSING, Severity.WARNING, base, sentence))
    tables = {UNITS_TABLE: UNITS_FILE} if UNITS_FILE in library.names else {}
    if not tables:
        sentence = f"{UNITS_FILE} is not there: what it knows of the session's units is not in the output"
        findings.append(Finding(Code.PART_MISSING, Severity.WARNING, base, sentence))
    return AllenSession(base.removesuffix(".nwb"), (base, *probes), tables, ids, tuple(findings))


def _number(name: str) -> int:
    return int(name.removesuffix(".nwb").rpartition("_")[2])
