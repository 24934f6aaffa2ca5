"""R4: asked to stop, by SIGTERM or SIGINT at any moment, the program ends soon and leaves nothing half-done."""

import json
import signal
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

from tests.conversions import listing
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.outputs import clear_staging, hold_whole_or_absent, outputs_in
from tests.faults.processes import cpu_of_children_s, cpu_of_group_s, is_group_alive
from tests.faults.program import PATIENCE_S, run, start, wanted_digest, words_for

_LAYOUT = "Miniscope DAQ"
_CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
_CPU_LIMIT_S = 10
_LIMIT_S = 30
"""By the clock: ten seconds on a machine that does nothing else."""
_FULL_MOMENTS = 20


def _has_begun(results: Path) -> bool:
    return any(results.glob("run-*"))


def _is_staged(results: Path) -> bool:
    return any(results.glob(".staging-*"))


def _has_frames(results: Path) -> bool:
    return any(path.name != ".zarray" for path in results.glob(".staging-*/.frames/*/*"))


def _has_store(results: Path) -> bool:
    return any(results.glob(".staging-*/*.nwb.zarr/.zgroup"))


def _is_consolidated(results: Path) -> bool:
    return any(results.glob(".staging-*/*.nwb.zarr/.zmetadata"))


def _has_receipt(results: Path) -> bool:
    return any(results.glob(".staging-*/receipt.json"))


_FAST_MOMENTS = ((_is_staged, signal.SIGTERM), (_has_frames, signal.SIGINT), (_has_store, signal.SIGTERM))
"""Without the receipt, which lies in a staging folder for some milliseconds: most runs end before they are asked."""
_MOMENTS: tuple[Callable[[Path], bool], ...] = (
    _has_begun, _is_staged, _has_frames, _has_store, _is_consolidated, _has_receipt,
)  # fmt: skip


def _watching(moment: Callable[[Path], bool]) -> Callable[[Path, float], bool]:
    return lambda results, _: moment(results)


@cache
def _duration_s() -> float:
    """How long an undisturbed run takes."""
    began = time.monotonic()
    assert run(words_for(_LAYOUT, shared_folder() / "r04")).code == 0
    return time.monotonic() - began


def _stopped(
    number: signal.Signals, is_due: Callable[[Path, float], bool], folder: Path, *, must_come: bool = False
) -> None:
    session, results = samples.session_of(_LAYOUT), folder / "results"
    data, wanted = listing(samples.folder_of(_LAYOUT)), wanted_digest(_LAYOUT)
    began, used_before_s = time.monotonic(), cpu_of_children_s()
    process = start(words_for(_LAYOUT, results))
    while not (has_come := is_due(results, time.monotonic() - began)) and process.poll() is None:
        time.sleep(0.001)
    used_s = cpu_of_group_s(process.pid)
    process.send_signal(number)
    asked = time.monotonic()
    out, err = process.communicate(timeout=PATIENCE_S)
    # also where it waits and does nothing
    assert time.monotonic() - asked < _LIMIT_S
    # the machine may have other things to do: time is what the program and its workers had of it
    assert cpu_of_children_s() - used_before_s - used_s < _CPU_LIMIT_S
    assert not is_group_alive(process.pid), "a worker is left behind"
    is_there = hold_whole_or_absent(results / session.name, wanted)
    if process.returncode == 0:
        assert is_there, "it had ended, and there is no output"
    elif process.returncode == -number:
        assert not results.exists(), "it had begun, and did not say that it was stopped"
    else:
        assert process.returncode == _CODES[number], err
        assert json.loads(out.splitlines()[-1])["exit_code"] == process.returncode
    if results.exists():
        clear_staging(results)
        assert set(outputs_in(results)) <= {session.name}
    assert listing(samples.folder_of(_LAYOUT)) == data
    assert has_come or not must_come, "the moment did not come"


def _watched(number: signal.Signals, moment: Callable[[Path], bool]) -> Case:
    # a receipt lies in the staging folder for some milliseconds only
    must_come = moment is not _has_receipt
    return Case(f"{number.name}{moment.__name__}", partial(_stopped, number, _watching(moment), must_come=must_come))


def _stopped_at(number: signal.Signals, share: float, folder: Path) -> None:
    due_s = share * _duration_s()
    _stopped(number, lambda _, seconds: seconds >= due_s, folder)


def _cases(tier: Tier) -> Iterable[Case]:
    if tier is Tier.FAST:
        for moment, number in _FAST_MOMENTS:
            yield _watched(number, moment)
        return
    for number in _CODES:
        for moment in _MOMENTS:
            yield _watched(number, moment)
        n_moments = _FULL_MOMENTS - len(_MOMENTS)
        for k in range(n_moments):
            yield Case(f"{number.name}-at-{k}-of-{n_moments}", partial(_stopped_at, number, (k + 0.5) / n_moments))


ROW = Row(
    name="R4",
    title="asked to stop",
    promise="exit 143 or 130 within 10 s, no process is left, an output is whole or not there",
    cases=_cases,
)
