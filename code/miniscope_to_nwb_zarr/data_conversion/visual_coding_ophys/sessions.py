"""Which files belong to a session of Visual Coding Ophys: by the experiment's number in their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.experiment import (
    EXPERIMENTS_TABLE,
    donor_name,
    read_experiments,
)
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.eye_tracking import EYE_TRACKING
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.static_gratings import STATIC_GRATINGS
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library

EXPERIMENTS_FILE = "ophys_experiments.json"
_PROCESSED = re.compile(
    r"sub-(?P<specimen>[^_]+)_ses-(?P<experiment>\d+)-(?P<kind>Stim[A-Z0-9]+)_behavior\+image\+ophys\.nwb"
)
_KINDS = {
    "three_session_A": "StimA",
    "three_session_B": "StimB",
    "three_session_C": "StimC",
    "three_session_C2": "StimC2",
}


def find_sessions(library: Library) -> list[AllenSession]:
    """The sessions whose processed file is there, in natural order of its name.

    Raises
    ------
    InputError
        The table of experiments cannot be read.
    """
    rows = read_experiments(library.here(EXPERIMENTS_FILE)) if EXPERIMENTS_FILE in library.names else {}
    return [
        _session(library, name, rows) for name in sorted(library.names, key=natural_key) if _PROCESSED.fullmatch(name)
    ]


def _session(library: Library, base: str, rows: Mapping[int, Mapping[str, Any]]) -> AllenSession:
    parts = _PROCESSED.fullmatch(base)
    specimen, experiment, kind = parts.groups() if parts else ("", "0", "")
    row = rows.get(int(experiment), {})
    name = f"sub-{donor_name(row) or specimen}_ses-{experiment}-{kind}"
    raw = f"sub-{specimen}_ses-{experiment}-{kind}_ophys.nwb"
    findings = [Finding(Code.PART_MISSING, Severity.WARNING, base, text) for text in _missing(library, raw, row)]
    if row and _KINDS.get(str(row.get("stimulus_name"))) != kind:
        sentence = (
            f"stimulus_name of experiment {experiment} is {row.get('stimulus_name')}, the file's name says {kind}"
        )
        findings.append(Finding(Code.PARTS_DISAGREE, Severity.WARNING, EXPERIMENTS_FILE, sentence))
    tables = {
        EXPERIMENTS_TABLE: EXPERIMENTS_FILE,
        STATIC_GRATINGS: f"{experiment}.csv",
        EYE_TRACKING: f"{experiment}/eye_tracking.npy",
    }
    return AllenSession(
        name,
        (base, *([raw] if raw in library.names else [])),
        {key: file for key, file in tables.items() if file in library.names},
        frozenset({int(experiment)}),
        tuple(findings),
    )


def _missing(library: Library, raw: str, row: Mapping[str, Any]) -> list[str]:
    missing = [] if raw in library.names else [f"{raw} is not there: the output has no frames"]
    if not row:
        missing.append(
            f"{EXPERIMENTS_FILE} is not there or does not list the experiment: animal and depth stay as they "
            "are in the file"
        )
    return missing
