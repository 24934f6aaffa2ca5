"""R2: as R1, at the system call and with workers: any process of the program is killed, alone or with all others."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from tests.conversions import listing
from tests.faults import samples, traced
from tests.faults.harness import Case, Row, Tier, shared_folder, spread
from tests.faults.outputs import clear_staging, hold_whole_or_absent, outputs_in
from tests.faults.processes import is_group_alive
from tests.faults.program import PATIENCE_S, PROGRAM, run, start, wanted_digest, words_for

_LAYOUT = "Miniscope DAQ"
_N_CASES = 120
_CALLS = ("openat", "write", "mkdir", "fsync", "rename", "renameat2", "unlink", "unlinkat", "rmdir")
_PER_CALL = 30
_KILLED = "killed by SIGKILL"


@cache
def _places() -> list[tuple[str, int]]:
    """Calls that an undisturbed run makes, and the numbers of some, from the first to the last."""
    log = shared_folder() / "r02.log"
    command = (*traced.strace(log, _CALLS), *PROGRAM)
    assert run(words_for(_LAYOUT, shared_folder() / "r02"), command).code == 0
    counts = sorted(traced.counts_of(log).items())
    return [(call, when) for call, n in counts for when in spread(n, _PER_CALL)]


def _kill_all_once_one_is(process: subprocess.Popen[str], log: Path) -> None:
    """Look at what is added to the log, and only at that: it is long, and the program needs the processor."""
    while process.poll() is None and not log.exists():
        time.sleep(0.002)
    with log.open(errors="replace") as lines:
        last = ""
        while process.poll() is None and _KILLED not in (added := last + lines.read()):
            # the word may come in two pieces
            last = added[-len(_KILLED) :]
            time.sleep(0.002)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _killed(k: int, folder: Path) -> None:
    session, results, log = samples.session_of(_LAYOUT), folder / "results", folder / "log"
    data, wanted = listing(samples.folder_of(_LAYOUT)), wanted_digest(_LAYOUT)
    folder.mkdir(parents=True)
    call, when = _places()[k * len(_places()) // _N_CASES]
    before = traced.strace(log, (call,), f"signal=SIGKILL:when={when + 1}")
    process = start(words_for(_LAYOUT, results), (*before, *PROGRAM))
    if k % 2 == 0:
        # a machine that loses power; else one that is out of memory, on which the other processes go on
        _kill_all_once_one_is(process, log)
    process.communicate(timeout=PATIENCE_S)
    assert _KILLED in log.read_text(), "nothing was killed"
    assert not is_group_alive(process.pid), "a worker is left behind"
    hold_whole_or_absent(results / session.name, wanted)
    if results.exists():
        clear_staging(results)
        assert set(outputs_in(results)) <= {session.name}
    assert listing(samples.folder_of(_LAYOUT)) == data
    again = run(words_for(_LAYOUT, results))
    assert again.code == 0, again
    assert hold_whole_or_absent(results / session.name, wanted)


def _cases(tier: Tier) -> Iterable[Case]:
    for k in range(_N_CASES if tier is Tier.FULL else 0):
        yield Case(f"{'all' if k % 2 == 0 else 'one'}-{k}-of-{_N_CASES}", partial(_killed, k))


ROW = Row(
    name="R2",
    title="any process killed at a system call",
    promise="an output is whole or not there; no process is left; the next run finishes",
    cases=_cases,
    needs=traced.why_not,
)
