"""Which files belong to a session of Visual Coding Ephys: by their folder, and by the tables of the data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_rows
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.unit_metrics import CHANNELS_TABLE, METRICS_TABLE
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library
    from miniscope_to_nwb_zarr.data_conversion.allen.tables import Row

SESSIONS_TABLE, CHANNELS_FILE = "sessions.csv", "channels.csv"
_BASE = re.compile(r"session_(\d+)\.nwb")
_PROBE = re.compile(r"probe_(\d+)_lfp\.nwb")


def find_sessions(library: Library) -> list[AllenSession]:
    """The sessions whose base file is there, by number; each with the probe files of its folder, by number.

    Raises
    ------
    InputError
        The table of sessions cannot be read.
    """
    rows = read_rows(library.path(SESSIONS_TABLE), "id") if SESSIONS_TABLE in library.names else {}
    bases = sorted((name for name in library.names if _BASE.fullmatch(name)), key=natural_key)
    folders = [library.folder(name) for name in bases]
    return [_session(library, name, rows, is_alone=folders.count(library.folder(name)) == 1) for name in bases]


def _session(library: Library, base: str, rows: Mapping[int, Row], *, is_alone: bool) -> AllenSession:
    number = int(base.removeprefix("session_").removesuffix(".nwb"))
    name = f"session_{number}"
    probes = sorted(
        (each for each in library.names if _PROBE.fullmatch(each) and library.folder(each) == library.folder(base)),
        key=natural_key,
    )
    findings = []
    if probes and not is_alone:
        sentence = (
            f"{len(probes)} probe file(s) lie in one folder with several sessions: which ones are of this session is "
            "not known, and none was taken. Put each session's files into a folder session_<id>"
        )
        findings.append(Finding(Code.PART_MISSING, Severity.ERROR, base, sentence))
        probes = []
    tables = {CHANNELS_TABLE: CHANNELS_FILE}
    kind = rows[number].get("session_type") if number in rows else None
    if kind:
        tables[METRICS_TABLE] = f"{kind}_analysis_metrics.csv"
    else:
        sentence = f"{SESSIONS_TABLE} is not there or does not list it: the metrics of its units are not known"
        findings.append(Finding(Code.PART_MISSING, Severity.WARNING, base, sentence))
    for missing in sorted(file for file in tables.values() if file not in library.names):
        sentence = f"{missing} is not there: what it knows of the session is not in the output"
        findings.append(Finding(Code.PART_MISSING, Severity.WARNING, base, sentence))
    tables = {key: file for key, file in tables.items() if file in library.names}
    return AllenSession(name, (base, *probes), tables, frozenset({number}), tuple(findings))
