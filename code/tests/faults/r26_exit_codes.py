"""R26: every exit code comes as documented, and with ``--json True`` every line is JSON, the last one the summary."""

import os
import shutil
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.run import session_job
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.program import Said, run_in_child, words

_LAYOUT = "Miniscope DAQ"


def _nothing(_: Path) -> None:
    pass


def _finished(folder: Path) -> None:
    said = run_in_child(_words(folder), folder / "first")
    assert said.code == ExitCode.DONE, said


def _changed(folder: Path) -> None:
    _finished(folder)
    chunk = next(path for path in (folder / "results").rglob("0.0.0") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1])


def _of_another_plan(folder: Path) -> None:
    _finished(folder)
    (next((folder / "data").rglob("notes.csv"))).write_text("Time Stamp (ms),Note\n1,else\n")


def _second_without_table(folder: Path) -> None:
    session = samples.session_of(_LAYOUT).recordings[0].folder
    other = folder / "data" / "other"
    shutil.copytree(session, other)
    for table in other.rglob("timeStamps.csv"):
        table.unlink()


def _without_tables(folder: Path) -> None:
    for table in (folder / "data").rglob("timeStamps.csv"):
        table.unlink()


def _with_a_fault() -> None:
    session_job.plan_digest = lambda *_: {}["a fault"]


def _without_room() -> None:
    disk.free_bytes = lambda _: 0


def _with_a_signal(number: signal.Signals) -> None:
    rename_new = disk.rename_new

    def signalled(source: Path, target: Path) -> None:
        os.kill(os.getpid(), number)
        rename_new(source, target)

    disk.rename_new = signalled


@dataclass(frozen=True)
class _Call:
    """A call of the program, and what comes of it."""

    code: ExitCode
    options: dict[str, object] = field(default_factory=dict)
    before: Callable[[Path], None] = _nothing
    """Given the folder that holds ``data`` and ``results``."""
    within: Callable[[], None] = lambda: None
    """Done in the process before the program starts."""


_CALLS = {
    "written": _Call(ExitCode.DONE),
    "already-done": _Call(ExitCode.DONE, before=_finished),
    "version": _Call(ExitCode.DONE, {"version": True}),
    "fault-of-the-program": _Call(ExitCode.INTERNAL, within=_with_a_fault),
    "unknown-option": _Call(ExitCode.USAGE, {"dateset": "auto"}),
    "no-table": _Call(ExitCode.INVALID_INPUT, before=_without_tables),
    "one-of-two": _Call(ExitCode.SOME_FAILED, before=_second_without_table),
    "another-output": _Call(ExitCode.CONFLICT, before=_of_another_plan),
    "changed-output": _Call(ExitCode.VERIFICATION, {"verify_only": True}, before=_changed),
    "no-room": _Call(ExitCode.TEMPORARY, within=_without_room),
    "interrupted": _Call(ExitCode.INTERRUPTED, within=partial(_with_a_signal, signal.SIGINT)),
    "terminated": _Call(ExitCode.TERMINATED, within=partial(_with_a_signal, signal.SIGTERM)),
}


def _words(folder: Path, **options: object) -> list[str]:
    return words(folder / "data", folder / "results", engine="serial", **options)


def _ended(call: _Call, folder: Path) -> None:
    samples.copy_of(_LAYOUT, folder / "data")
    (folder / "results").mkdir()
    call.before(folder)
    said = run_in_child(_words(folder, **call.options), folder / "said", call.within)
    assert said.code == call.code, said
    _hold_lines(said)
    people = run_in_child(_words(folder, **{**call.options, "json": False}), folder / "for people", call.within)
    if call.code is not ExitCode.DONE and people.code == call.code:
        assert "error: " in people.err


def _hold_lines(said: Said) -> None:
    assert said.out.endswith("\n")
    kinds = [line["type"] for line in said.lines]
    assert kinds.count("summary") == 1
    assert kinds[-1] == "summary"
    assert said.lines[-1]["exit_code"] == said.code
    assert said.lines[-1]["sentence"]
    assert ("Traceback" in said.err) == (said.code == ExitCode.INTERNAL)


def _cases(_tier: Tier) -> Iterable[Case]:
    for name, call in _CALLS.items():
        yield Case(f"{int(call.code)}-{name}", partial(_ended, call))


ROW = Row(
    name="R26",
    title="exit codes and JSON lines",
    promise="each exit code as documented; with --json True only JSON lines, the last one a summary with the code",
    cases=_cases,
)
