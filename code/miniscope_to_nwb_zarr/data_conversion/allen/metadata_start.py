"""When a session began: what its file says, held against the table of the data set (reference allen-datasets 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import Lack
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_nwb import NwbFacts

ZONE = "America/Los_Angeles"
"""Of the Allen Institute in Seattle, where all four data sets were recorded."""
_FACT = "acquisition_start_time"
_NWB = "session_start_time in the NWB file"
_DIFFER_S = 1.0


@dataclass(frozen=True, slots=True)
class Start:
    """When a session began, and who says so."""

    when: datetime
    """Aware of its zone."""
    source: str
    lacks: tuple[Lack, ...] = ()
    """Why the time is not to be trusted."""
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class TableTime:
    """The time that the table of the data set has for a session; `when` is None where it has none."""

    table: str
    when: datetime | None


def table_time(table: str, text: str) -> TableTime:
    """The time in a field of a table; without an offset from UTC it is UTC, as in these tables.

    Examples
    --------
    >>> table_time("t.csv", "2019-01-19T00:54:18Z").when.isoformat()
    '2019-01-19T00:54:18+00:00'
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return TableTime(table, None)
    return TableTime(table, when if when.tzinfo else when.replace(tzinfo=UTC))


def of_file(nwb: NwbFacts, table: TableTime) -> Start:
    """The time of the file is right (Visual Behavior Ephys, Visual Coding Ophys); the table is only compared."""
    if table.when is None or _is_same(nwb.start, table.when):
        return Start(nwb.start, _NWB)
    return Start(nwb.start, _NWB, remarks=(_differs(nwb, table, "the file's is used"),))


def of_file_or_wall_clock(nwb: NwbFacts, table: TableTime) -> Start:
    """Visual Behavior Ophys: files of imaging may have the wall clock of Seattle as if it were UTC.

    The table then tells: its time is used where that explains the difference, and otherwise neither is trusted.
    """
    if table.when is None:
        if "pophys" not in nwb.modalities:
            return Start(nwb.start, _NWB)
        reason = (
            "the start in the NWB file may be by the clock of Seattle instead of UTC, as in many files of this kind"
        )
        remedy = f"put {table.table} with a row for the session and its date_of_acquisition into the data folder"
        return Start(nwb.start, _NWB, (Lack(_FACT, reason, remedy),))
    if _is_same(nwb.start, table.when):
        return Start(nwb.start, f"{_NWB}, which {table.table} confirms")
    if _is_same(nwb.start.replace(tzinfo=ZoneInfo(ZONE)), table.when):
        said = _differs(nwb, table, "the file has the clock of Seattle as if it were UTC; the table's is used")
        return Start(table.when, f"date_of_acquisition in {table.table}", remarks=(said,))
    reason = (
        f"the start is {nwb.start.isoformat()} in the NWB file, but {table.when.isoformat()} in {table.table}, and no "
        "time zone explains it"
    )
    return Start(nwb.start, _NWB, (Lack(_FACT, reason, f"correct {table.table}"),))


def of_table(nwb: NwbFacts, table: TableTime) -> Start:
    """Visual Coding Ephys: the file has the day on which it was packaged; only the table knows the session's."""
    if table.when is None:
        reason = "the start is not known: the NWB file has the time when it was packaged"
        remedy = f"put {table.table} with a row for the session and its date_of_acquisition into the data folder"
        return Start(nwb.start, _NWB, (Lack(_FACT, reason, remedy),))
    remarks = () if _is_same(nwb.start, table.when) else (_differs(nwb, table, "the table's is used"),)
    return Start(table.when, f"date_of_acquisition in {table.table}", remarks=remarks)


def _is_same(one: datetime, other: datetime) -> bool:
    return abs((one - other).total_seconds()) < _DIFFER_S


def _differs(nwb: NwbFacts, table: TableTime, then: str) -> Finding:
    said = table.when.isoformat() if table.when else ""
    sentence = f"the start is {nwb.start.isoformat()} in the NWB file, but {said} in {table.table}: {then}"
    return Finding(Code.PARTS_DISAGREE, Severity.INFO, "acquisition.json", sentence)
