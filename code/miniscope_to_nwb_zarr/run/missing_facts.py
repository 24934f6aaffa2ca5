"""What only the lab knows and has not said: all of it in one message, before any work begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.aind_data_schema.missing import reason_of
from miniscope_to_nwb_zarr.aind_data_schema.needed import missing_facts
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job
    from miniscope_to_nwb_zarr.run.summary import SessionResult

_NAMED_SESSIONS = 3


@dataclass(frozen=True, slots=True)
class Lack:
    """One fact that is missing, or one reason why files are left out."""

    reason: str
    """What is not known, and the line that supplies it."""
    files: tuple[str, ...]
    sessions: tuple[str, ...]
    can_be_added: bool = True
    """The lab can supply it; otherwise the schema has no word for what is known."""

    def as_json(self) -> dict[str, Any]:
        """The lack as plain JSON values."""
        return {"reason": self.reason, "files": list(self.files), "sessions": list(self.sessions)}


def check_facts(options: Options, sessions: Sequence[Session], job: Job, console: Console) -> None:
    """Say everything that is missing of all sessions at once; stop there if that is asked for.

    Raises
    ------
    InputError
        Two sources of a fact disagree; or a fact is missing and the options require all.
    """
    found = {}
    for session in sessions:
        sidecar = job.for_session(session).sidecar
        if options.metadata or options.require_metadata:
            # says also what the schema has no words for, but takes a second to import
            from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle  # noqa: PLC0415

            found[session.name] = make_bundle(session, sidecar, datetime.now(UTC)).findings
        else:
            found[session.name] = missing_facts(session, sidecar)
    lacks = group(found)
    if lacks:
        _show(lacks, len(sessions), console)
    if lacks and options.require_metadata:
        raise InputError(
            f"the metadata files lack {counted(len(lacks), 'fact')} (listed above), and --require_metadata True asks "
            "for all of them; nothing was written. Add the lines named there to the file given with --session_metadata"
        )


def group(found: Mapping[str, Iterable[Finding]]) -> list[Lack]:
    """The missing facts of all sessions, each once, with the files and sessions that lack it.

    Parameters
    ----------
    found : mapping of str to findings
        What was found of each session, by its name; findings of other kinds are passed over.
    """
    files: dict[str, dict[str, None]] = {}
    sessions: dict[str, dict[str, None]] = {}
    wordless: set[str] = set()
    for session, findings in found.items():
        for finding in findings:
            if finding.code is Code.FACT_MISSING:
                reason = reason_of(finding)
                files.setdefault(reason, {})[finding.where] = None
                sessions.setdefault(reason, {})[session] = None
                if "line" not in finding.numbers:
                    wordless.add(reason)
    return [
        Lack(reason, tuple(files[reason]), tuple(sessions[reason]), can_be_added=reason not in wordless)
        for reason in files
    ]


def remind(results: Iterable[SessionResult], console: Console) -> None:
    """After the work: one sentence on the metadata files that were left out, and why those that nothing can add."""
    found = {result.session: result.findings for result in results}
    lacks = [lack for lack in group(found) if lack.can_be_added]
    for lack in group(found):
        if not lack.can_be_added:
            console.warn(f"{_who(lack, len(found))}{', '.join(lack.files)}: left out, because {lack.reason}")
    if lacks:
        files = dict.fromkeys(file for lack in lacks for file in lack.files)
        console.warn(
            f"{', '.join(files)}: left out, because {counted(len(lacks), 'fact')} that only the lab knows "
            f"{'is' if len(lacks) == 1 else 'are'} missing (listed above and in the summary). Give them with "
            "--session_metadata and run again with --metadata True: the files are added"
        )


def list_left_out(found: Mapping[str, Iterable[Finding]], console: Console) -> int:
    """Say which files lack what, of sessions that were made or are about to be; gives how many facts are missing.

    Parameters
    ----------
    found : mapping of str to findings
        As in `group`.
    console : Console
    """
    lacks = group(found)
    if lacks:
        _list(
            "some metadata files are left out. Give what is named here, and run again with --metadata True: the files "
            "are added",
            lacks,
            len(found),
            console,
        )
    return len(lacks)


def _show(lacks: Sequence[Lack], n_sessions: int, console: Console) -> None:
    _list(
        "some metadata files cannot be made; the NWB files are, with all that is known. Add lines like these to the "
        "file given with --session_metadata (those of `subject:` may also be in the table given with --subjects; "
        "--write_templates True writes both to fill in)",
        lacks,
        n_sessions,
        console,
    )


def _list(title: str, lacks: Sequence[Lack], n_sessions: int, console: Console) -> None:
    for lack in lacks:
        console.event({"type": "missing_fact", **lack.as_json()})
    console.listing(title, [f"{_who(lack, n_sessions)}{', '.join(lack.files)}: {lack.reason}" for lack in lacks])


def _who(lack: Lack, n_sessions: int) -> str:
    if n_sessions == 1:
        return ""
    if len(lack.sessions) == n_sessions:
        return f"all {n_sessions} sessions lack "
    named = ", ".join(lack.sessions[:_NAMED_SESSIONS])
    if len(lack.sessions) == 1:
        return f"{named} lacks "
    more = len(lack.sessions) - _NAMED_SESSIONS
    return f"{len(lack.sessions)} sessions ({named}{f' and {more} more' if more > 0 else ''}) lack "
