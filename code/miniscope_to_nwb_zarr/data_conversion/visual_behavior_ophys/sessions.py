"""Which files belong together: by the table of the data set, or by what the files say where there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h5py

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.sessions import AllenSession, read_ids
from miniscope_to_nwb_zarr.data_conversion.allen.tables import read_rows
from miniscope_to_nwb_zarr.sources.tree import natural_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library

TABLE = "behavior_session_table.csv"
_BEHAVIOR = re.compile(r"behavior_session_(\d+)\.nwb")
_PLANE = re.compile(r"behavior_ophys_experiment_(\d+)\.nwb")
_NO_PLANE = -1


def find_sessions(library: Library) -> list[AllenSession]:
    """The sessions of which files are there, in the order of the table; then those that no table knows.

    A session that was imaged is the files of its planes, and one that was not its behaviour file
    (reference allen-datasets 2.6).

    Raises
    ------
    InputError
        The table cannot be read.
    """
    sessions = _of_table(library) if TABLE in library.names else []
    known = {name for session in sessions for name in session.files}
    left = sorted(
        (name for name in library.names - known if _BEHAVIOR.fullmatch(name) or _PLANE.fullmatch(name)),
        key=natural_key,
    )
    # files that nobody has fetched cannot be asked what they are of
    return sessions + (_of_files(library, left) if library.is_local else [])


def _of_table(library: Library) -> list[AllenSession]:
    sessions = []
    for number, row in read_rows(library.here(TABLE), "behavior_session_id").items():
        planes = read_ids(row.get("ophys_experiment_id", ""), f"{TABLE}, behavior_session_id {number}")
        expected = [f"behavior_ophys_experiment_{each}.nwb" for each in planes] or [f"behavior_session_{number}.nwb"]
        files = tuple(name for name in expected if name in library.names)
        if not files:
            continue
        name = f"behavior_ophys_session_{number}" if planes else f"behavior_session_{number}"
        ids = {number, *planes, *read_ids(row.get("ophys_session_id", ""), TABLE)}
        sessions.append(AllenSession(name, files, {}, frozenset(ids), _missing(name, expected, files)))
    return sessions


def _missing(name: str, expected: list[str], files: tuple[str, ...]) -> tuple[Finding, ...]:
    missing = [each for each in expected if each not in files]
    if not missing:
        return ()
    sentence = (
        f"the table says that the session has {len(expected)} planes; the files of {len(missing)} are not there: "
        f"{', '.join(missing)}. The output has the others"
    )
    return (Finding(Code.PART_MISSING, Severity.WARNING, name, sentence, {"missing": missing}),)


def _of_files(library: Library, names: list[str]) -> list[AllenSession]:
    """Sessions by what their files say: planes with the same ophys_session_id are of one session."""
    sessions, planes = [], dict[int, list[str]]()
    for name in names:
        plain = _BEHAVIOR.fullmatch(name)
        if plain:
            sessions.append(AllenSession(name.removesuffix(".nwb"), (name,), {}, frozenset({int(plain[1])})))
        else:
            planes.setdefault(_facts(library, name).get("ophys_session_id", _NO_PLANE), []).append(name)
    for session, files in planes.items():
        experiments = {int(found[1]) for each in files if (found := _PLANE.fullmatch(each))}
        if session == _NO_PLANE:
            raise InputError(
                f"{files[0]}: does not say of which session it is (general/metadata has no ophys_session_id). Put the "
                f"table {TABLE} into the data folder"
            )
        number = _facts(library, files[0]).get("behavior_session_id")
        name = f"ophys_session_{session}" if number is None else f"behavior_ophys_session_{number}"
        sentence = f"{TABLE} is not in the data folder or does not list it: whether these are all planes is not known"
        finding = Finding(Code.FILE_MISSING, Severity.INFO, name, sentence)
        sessions.append(AllenSession(name, tuple(files), {}, frozenset({session, *experiments}), (finding,)))
    return sessions


def _facts(library: Library, name: str) -> Mapping[str, int]:
    try:
        with h5py.File(library.path(name), "r", locking=False) as file:
            facts = file["general/metadata"].attrs
            return {key: int(facts[key]) for key in ("ophys_session_id", "behavior_session_id") if key in facts}
    except (OSError, KeyError, ValueError, TypeError):
        return {}
