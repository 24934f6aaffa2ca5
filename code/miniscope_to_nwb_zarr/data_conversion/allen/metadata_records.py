"""What a folder of AIND's records (``--aind_records``) holds: of animals, and of setups by day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema import fact_file
from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import Record, Rig
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import read_ids
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KINDS = ("subject", "procedures")
RIGS = "rigs.csv"
_COLUMNS = ("rig", "sessions", "first_day", "last_day", "instrument", "data_stream")


@dataclass(frozen=True, slots=True)
class RigRow:
    """When a setup was in use, and for which sessions."""

    where: str
    rig: str
    """Its name in the NWB files; empty: any."""
    sessions: frozenset[int]
    """Numbers of sessions; empty: any."""
    first: date
    last: date
    found: Rig

    def is_of(self, rig: str | None, ids: frozenset[int], day: date) -> bool:
        """Whether a session was recorded with it."""
        is_named = not self.rig or self.rig == rig
        return is_named and (not self.sessions or bool(self.sessions & ids)) and self.first <= day <= self.last


def record_of(folder: Path, kind: str, animal: str) -> Record | None:
    """The record of an animal, ``<kind>/<animal>.json``; None where there is none.

    Raises
    ------
    InputError
        It is no JSON object, or lies outside the folder.
    """
    path = folder / kind / f"{animal}.json"
    if not path.exists():
        return None
    return _json(path, folder)


def read_rigs(folder: Path) -> tuple[RigRow, ...]:
    """The rows of ``rigs.csv``, each with the files that it names; none where there is no such table.

    Raises
    ------
    InputError
        The table is not as the README says, or a file that it names is no JSON object.
    """
    path = folder / RIGS
    if not path.exists():
        return ()
    rows = []
    for number, row in enumerate(read_lines(path, "instrument"), start=2):
        where = f"{RIGS}, row {number}"
        unknown = sorted(row.keys() - set(_COLUMNS))
        if unknown:
            raise InputError(
                f"{RIGS}: has a column {unknown[0]}, which is not known; expected some of {', '.join(_COLUMNS)}"
            )
        stream = row.get("data_stream", "").strip()
        rows.append(
            RigRow(
                where,
                row.get("rig", "").strip(),
                frozenset(read_ids(row.get("sessions", "").replace(";", ","), where)),
                _day(row.get("first_day", ""), where) or date.min,
                _day(row.get("last_day", ""), where) or date.max,
                Rig(_named(folder, row["instrument"], where), _named(folder, stream, where) if stream else None),
            )
        )
    return tuple(rows)


def rig_of(rows: Iterable[RigRow], rig: str | None, ids: frozenset[int], day: date) -> RigRow | None:
    """The row of a session; None where there is none.

    Raises
    ------
    InputError
        Two rows are of that session.
    """
    found = [row for row in rows if row.is_of(rig, ids, day)]
    if len(found) > 1:
        raise InputError(
            f"{found[0].where} and {found[1].where}: both are of {rig or 'the setup'} on {day}; expected one row for a "
            "session: give first_day and last_day, or the numbers in sessions"
        )
    return found[0] if found else None


def _named(folder: Path, name: str, where: str) -> Record:
    path = folder / name.strip()
    if not name.strip() or not path.is_file():
        raise InputError(f"{where}: names the file {name.strip() or '(nothing)'}, which is not in {folder}")
    return _json(path, folder)


def _json(path: Path, folder: Path) -> Record:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path}: leads outside {folder} and was not read")
    text = fact_file.read_text(path, "record")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: is not a JSON object; expected a file as aind-data-schema writes it")
    return Record(text, str(path.relative_to(folder)))


def _day(text: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise InputError(f"{where}: {text.strip()!r} is not a date; expected YYYY-MM-DD") from error
