"""Which files belong to a session of Visual Behavior Ephys: by their folder, and by the tables of the data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.session_parts import probe_files, tables_at_hand
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_rows
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ephys.unit_facts import UNITS_TABLE
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    rows = read_rows(library.here(SESSIONS_FILE), "ecephys_session_id") if SESSIONS_FILE in library.names else {}
    bases = sorted((name for name in library.names if _EPHYS.fullmatch(name)), key=natural_key)
    sessions = []
    for name in bases:
        behavior = rows.get(_number(name), {}).get("behavior_session_id", "")
        ids = {_number(name), *([int(behavior)] if behavior.isdecimal() else [])}
        sessions.append(_with_probes(library, name, bases, frozenset(ids)))
    known = frozenset().union(*(session.ids for session in sessions))
    # the same session with its probes holds all that its behaviour file does
    alone = (name for name in library.names if _BEHAVIOR.fullmatch(name) and _number(name) not in known)
    return sessions + [
        AllenSession(name.removesuffix(".nwb"), (name,), {}, frozenset({_number(name)}))
        for name in sorted(alone, key=natural_key)
    ]


def _with_probes(library: Library, base: str, bases: Sequence[str], ids: frozenset[int]) -> AllenSession:
    probes, findings = probe_files(library, base, bases, _PROBE)
    if not probes and not findings:
        sentence = "no probe file lies beside it: the output has neither LFP nor current source density"
        findings.append(Finding(Code.PART_MISSING, Severity.WARNING, base, sentence))
    tables, missing = tables_at_hand(library, base, {UNITS_TABLE: UNITS_FILE})
    return AllenSession(base.removesuffix(".nwb"), (base, *probes), tables, ids, (*findings, *missing))


def _number(name: str) -> int:
    return int(name.removesuffix(".nwb").rpartition("_")[2])
