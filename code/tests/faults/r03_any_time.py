"""R3: all processes of a run of real size are killed at a random moment."""

import os
import random
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.demo.avi import Encoding
from tests.conversions import listing, sessions_in
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.outputs import clear_staging, hold_whole_or_absent, outputs_in, receipt_of
from tests.faults.processes import is_group_alive
from tests.faults.program import PATIENCE_S, run, start, words
from tests.recordings import SCOPE, small_recording

_N_CASES = 100
_SCOPE = replace(
    SCOPE, width_px=608, height_px=608, n_frames=300, frames_per_file=100, encoding=Encoding.GREY, has_bar_code=False
)
_CHUNK_MB = 2


@cache
def _data() -> Path:
    """A recording of 110 MB, in some fifty chunks."""
    folder = shared_folder() / "r03"
    small_recording(folder, devices=(_SCOPE,))
    return folder


@cache
def _undisturbed() -> tuple[float, str]:
    """How long a run takes, and the content digest of its output."""
    results = shared_folder() / "r03-results"
    data, began = _data(), time.monotonic()
    assert run(words(data, results, chunk_mb=_CHUNK_MB)).code == 0
    seconds = time.monotonic() - began
    receipt = receipt_of(results / sessions_in(data)[0].name)
    return seconds, receipt.content_digest


def _killed(k: int, folder: Path) -> None:
    (seconds, wanted), results = _undisturbed(), folder / "results"
    sources, name = listing(_data()), sessions_in(_data())[0].name
    command = words(_data(), results, chunk_mb=_CHUNK_MB)
    process = start(command)
    # a part of each hundredth, so that no part of a run is left out
    time.sleep(seconds * (k + random.Random(k).random()) / _N_CASES)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)
    assert not is_group_alive(process.pid), "a worker is left behind"
    is_there = hold_whole_or_absent(results / name, wanted)
    again = run(command)
    assert again.code == 0, again
    assert again.outcomes[name] == ("already done" if is_there else "written")
    assert hold_whole_or_absent(results / name, wanted)
    clear_staging(results)
    assert outputs_in(results) == [name]
    assert listing(_data()) == sources


def _cases(tier: Tier) -> Iterable[Case]:
    for k in range(_N_CASES if tier is Tier.FULL else 0):
        yield Case(f"{k}-of-{_N_CASES}", partial(_killed, k))


ROW = Row(
    name="R3",
    title="killed at any time, real size",
    promise="an output is whole or not there; the next run finishes it, or finds it done",
    cases=_cases,
)
