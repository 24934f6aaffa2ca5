"""Which files belong to a session of Visual Coding Ephys: by their folder, and by the tables of the data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.session_parts import probe_files, tables_at_hand
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_rows
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.unit_metrics import CHANNELS_TABLE, METRICS_TABLE
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    rows = read_rows(library.here(SESSIONS_TABLE), "id") if SESSIONS_TABLE in library.names else {}
    bases = sorted((name for name in library.names if _BASE.fullmatch(name)), key=natural_key)
    return [_session(library, name, bases, rows) for name in bases]


def _session(library: Library, base: str, bases: Sequence[str], rows: Mapping[int, Row]) -> AllenSession:
    number = int(base.removeprefix("session_").removesuffix(".nwb"))
    probes, findings = probe_files(library, base, bases, _PROBE)
    tables = {CHANNELS_TABLE: CHANNELS_FILE}
    kind = rows[number].get("session_type") if number in rows else None
    if kind:
        tables[METRICS_TABLE] = f"{kind}_analysis_metrics.csv"
    else:
        sentence = f"{SESSIONS_TABLE} is not there or does not list it: the metrics of its units are not known"
        findings.append(Finding(Code.PART_MISSING, Severity.WARNING, base, sentence))
    tables, missing = tables_at_hand(library, base, tables)
    return AllenSession(f"session_{number}", (base, *probes), tables, frozenset({number}), (*findings, *missing))
