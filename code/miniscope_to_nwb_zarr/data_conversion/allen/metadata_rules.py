"""What is particular to the metadata of each data set: its name as a project, its table of sessions, its start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.data_conversion.allen import metadata_start
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_rows
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.experiment import read_experiments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_nwb import NwbFacts
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_start import Start, TableTime

SESSIONS = "metadata_sessions"
"""The table of sessions among the tables of a job."""
INSTITUTION = "Allen Institute for Brain Science"
FUNDER = "Allen Institute"
WHEEL = "Running wheel"
_DATE = "date_of_acquisition"


@dataclass(frozen=True, slots=True)
class Rules:
    """How the facts of a data set's sessions are found."""

    project: str
    table: str
    """File with a row for each session."""
    key: str
    """Its column with the number of the session; empty where the table is a JSON list."""
    number: re.Pattern[str]
    """Finds that number in the name of an output."""
    kind: str
    """The field of the NWB file that says what kind of session it was."""
    start: Callable[[NwbFacts, TableTime], Start]

    def row_of(self, path: Path | None, output: str) -> Mapping[str, Any]:
        """The session's row; empty where there is no table, or none of that session.

        Raises
        ------
        InputError
            The table cannot be read.
        """
        found = self.number.search(output)
        if path is None or found is None:
            return {}
        wanted = int(found[1])
        rows = read_rows(path, self.key, {wanted}) if self.key else read_experiments(path)
        return rows.get(wanted, {})

    def start_of(self, nwb: NwbFacts, row: Mapping[str, Any]) -> Start:
        """When the session began."""
        return self.start(nwb, metadata_start.table_time(self.table, str(row.get(_DATE) or "")))


RULES: Mapping[str, Rules] = {
    "Visual Behavior Ephys": Rules(
        "Visual Behavior Neuropixels",
        "ecephys_sessions.csv",
        "ecephys_session_id",
        re.compile(r"^ecephys_session_(\d+)$"),
        "session_description",
        metadata_start.of_file,
    ),
    "Visual Behavior Ophys": Rules(
        "Visual Behavior 2p",
        "behavior_session_table.csv",
        "behavior_session_id",
        re.compile(r"^behavior(?:_ophys)?_session_(\d+)$"),
        "session_description",
        metadata_start.of_file_or_wall_clock,
    ),
    "Visual Coding Ephys": Rules(
        "Visual Coding Neuropixels",
        "sessions.csv",
        "id",
        re.compile(r"^session_(\d+)$"),
        "stimulus_notes",
        metadata_start.of_table,
    ),
    "Visual Coding Ophys": Rules(
        "Visual Coding 2p",
        "ophys_experiments.json",
        "",
        re.compile(r"_ses-(\d+)-"),
        "protocol",
        metadata_start.of_file,
    ),
}
