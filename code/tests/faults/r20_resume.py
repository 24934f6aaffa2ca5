"""R20: killed when k of n sessions are done, the next run converts exactly the others."""

import os
import random
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.run import session_job
from tests.conversions import listing
from tests.faults.harness import Case, Row, Tier, die, shared_folder
from tests.faults.outputs import clear_staging, outputs_in
from tests.faults.processes import is_group_alive
from tests.faults.program import PATIENCE_S, run_in_child, start, words
from tests.recordings import scope_spec, write_recording

_N_SESSIONS = 4
_N_LARGE = 2


@cache
def _data() -> Path:
    """Recordings of as many animals, of some frames each."""
    folder = shared_folder() / "r20"
    for number in range(_N_SESSIONS):
        write_recording(scope_spec(n_frames=5 + 20 * (number < _N_LARGE), animal=f"M{number}"), folder)
    return folder


def _resumed(k: int, folder: Path, *, in_the_midst: bool) -> None:
    """Sessions one after the other; killed right after one of them, or within the next."""
    results = folder / "results"
    command = words(_data(), results, engine="serial")
    said = run_in_child(command, folder / "first", partial(_die_after, k, in_the_midst=in_the_midst))
    assert said.code == -signal.SIGKILL, said
    assert len(_done(results)) == k
    _hold_finished(results, command, folder)


def _die_after(n_published: int, *, in_the_midst: bool) -> None:
    published = 0
    rename_new, sync_file = disk.rename_new, disk.sync_file
    left = random.Random(n_published).randrange(1, 200)

    def counted_rename(source: Path, target: Path) -> None:
        nonlocal published
        rename_new(source, target)
        published += 1
        if published == n_published and not in_the_midst:
            die()

    def counted_sync(path: str) -> None:
        nonlocal left
        left -= published == n_published
        if left == 0 and in_the_midst:
            die()
        sync_file(path)

    disk.rename_new, disk.sync_file = counted_rename, counted_sync


def _stopped(k: int, number: signal.Signals, folder: Path) -> None:
    """Sessions on a cluster, of which all processes are killed, or the first is asked to stop, when some are done."""
    results = folder / "results"
    command = words(_data(), results)
    process = start(command)
    while process.poll() is None and not (results.exists() and len(_done(results)) >= k):
        time.sleep(0.005)
    with suppress(ProcessLookupError):
        if number is signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    assert not is_group_alive(process.pid), "a worker is left behind"
    _hold_finished(results, command, folder)


def _hold_finished(results: Path, command: list[str], folder: Path) -> None:
    done = _done(results)
    before = {name: listing(results / name) for name in done}
    worked = folder / "worked"
    worked.touch()
    said = run_in_child([*command, "--engine", "serial"], folder / "second", partial(_note_work, worked))
    assert said.code == 0, said
    assert sorted(worked.read_text().splitlines()) == sorted(set(said.outcomes) - set(done))
    assert len(said.outcomes) == _N_SESSIONS
    assert {name for name, outcome in said.outcomes.items() if outcome == "already done"} == set(done), said
    assert {name: listing(results / name) for name in done} == before
    clear_staging(results)
    assert outputs_in(results) == sorted(said.outcomes)


def _note_work(file: Path) -> None:
    """Note each session of which a frame is decoded."""
    start_frames = session_job.start_frames

    def noted(work: session_job.Work) -> Any:
        with file.open("a") as lines:
            lines.write(f"{work.session.name}\n")
        return start_frames(work)

    session_job.start_frames = noted


def _done(results: Path) -> list[str]:
    return sorted(path.parent.name for path in results.glob("[!.]*/receipt.json"))


def _cases(tier: Tier) -> Iterable[Case]:
    if tier is Tier.FAST:
        yield Case("1-done", partial(_resumed, 1, in_the_midst=False))
        yield Case("3-done-in-the-midst", partial(_resumed, 3, in_the_midst=True))
        return
    for k in range(_N_SESSIONS):
        if k:
            yield Case(f"{k}-done", partial(_resumed, k, in_the_midst=False))
        yield Case(f"{k}-done-in-the-midst", partial(_resumed, k, in_the_midst=True))
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            yield Case(f"{k}-done-{number.name}", partial(_stopped, k, number))
    yield Case(f"{_N_SESSIONS}-done", partial(_resumed, _N_SESSIONS, in_the_midst=False))


ROW = Row(
    name="R20",
    title="killed when k of n sessions are done",
    promise="the next run converts the n - k others and touches none of the k",
    cases=_cases,
)
