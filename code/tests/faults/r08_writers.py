"""R8: several runs write the same session at the same moment, while another clears up after dead runs."""

import json
import os
import random
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.named_session import run_session
from tests.conversions import job, no_processes
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier, end_of, start_child
from tests.faults.outputs import outputs_in, receipt_of
from tests.faults.processes import clean_all_the_time

_PATIENCE_S = 60
_FULL_CASES = 100
_PLANS: tuple[dict[str, Any], ...] = (
    {"compression_level": 1, "output_options": {"compression": 1}},
    {"compression_level": 5, "output_options": {"compression": 5}},
)


@dataclass(frozen=True)
class _Race:
    """Runs that want the same name."""

    plans: tuple[int, ...]
    """What each of them makes."""
    at_the_rename: bool
    """They wait for each other before they publish; False: when they begin."""
    layout: str = "Miniscope DAQ"
    replace: bool = False
    has_cleaner: bool = False


_FAST = (
    _Race((0, 0), at_the_rename=False, has_cleaner=True),
    _Race((0, 0), at_the_rename=True),
    _Race((0, 0, 0), at_the_rename=True, has_cleaner=True),
    _Race((0, 1), at_the_rename=True),
    _Race((0, 1, 1), at_the_rename=True, replace=True),
)


def _random_race(seed: int) -> _Race:
    rng = random.Random(seed)
    plans = tuple(rng.randrange(2) for _ in range(rng.randrange(2, 5)))
    return _Race(
        plans if seed % 3 else (0,) * len(plans),
        at_the_rename=bool(seed % 2),
        layout=rng.choice(list(samples.LAYOUTS)),
        replace=seed % 5 == 4,
        has_cleaner=seed % 4 == 3,
    )


def _raced(race: _Race, folder: Path) -> None:
    samples.finished()
    session, results = samples.session_of(race.layout), folder / "results"
    results.mkdir(parents=True)
    barrier = get_context("fork").Barrier(len(race.plans))
    notes = [folder / f"{k}.json" for k in range(len(race.plans))]
    writers = [
        start_child(partial(_write, race, plan, results, barrier, note))
        for plan, note in zip(race.plans, notes, strict=True)
    ]
    cleaner = start_child(partial(clean_all_the_time, results)) if race.has_cleaner else None
    codes = [end_of(writer) for writer in writers]
    if cleaner:
        os.kill(cleaner, signal.SIGKILL)
        assert end_of(cleaner) == -signal.SIGKILL, "clearing up failed"
    said = [json.loads(note.read_text()) for note in notes]
    assert codes == [0] * len(codes), said
    receipt = receipt_of(results / session.name)
    assert check_files(results / session.name, receipt, 1) == []
    if race.replace:
        _hold_all_kept(results, session.name, said)
        return
    assert [one["renamed"] for one in said].count(True) == 1, said
    (winner,) = (plan for plan, one in zip(race.plans, said, strict=True) if one["renamed"])
    for plan, one in zip(race.plans, said, strict=True):
        expected = "written" if one["renamed"] else "already done" if plan == winner else "failed"
        code = ExitCode.DONE if plan == winner else ExitCode.CONFLICT
        assert (one["word"], one["code"]) == (expected, code), said
    assert outputs_in(results) == [session.name]


def _hold_all_kept(results: Path, name: str, said: list[dict[str, Any]]) -> None:
    """Every run that wrote is there: the last one under the name, the others where replaced ones are kept."""
    assert {one["code"] for one in said} == {ExitCode.DONE}, said
    kept = list((results / ".replaced").glob(f"{name}.*"))
    assert len(kept) + 1 == sum(one["word"] == "written" for one in said), (kept, said)
    for output in kept:
        receipt = commit.read_receipt(output)
        assert receipt is not None
        assert check_files(output, receipt, 1) == []
    assert set(outputs_in(results)) <= {name, ".replaced"}


def _write(race: _Race, plan: int, results: Path, barrier: Any, note: Path) -> None:
    renamed = []
    rename_new = disk.rename_new

    def watched_rename(source: Path, target: Path) -> None:
        is_published = target.parent == results
        if race.at_the_rename and is_published:
            barrier.wait(_PATIENCE_S)
        rename_new(source, target)
        renamed.extend([target] * is_published)

    disk.rename_new = watched_rename
    session_job.open_pool = no_processes
    if not race.at_the_rename:
        barrier.wait(_PATIENCE_S)
    wanted = job(results, **_PLANS[plan], existing="replace" if race.replace else "verify")
    result = run_session(samples.session_of(race.layout), wanted, lambda _frames, _bytes: None)
    note.write_text(
        json.dumps({"code": result.exit_code, "word": result.word, "message": result.message, "renamed": bool(renamed)})
    )


def _cases(tier: Tier) -> Iterable[Case]:
    races = _FAST if tier is Tier.FAST else [_random_race(seed) for seed in range(_FULL_CASES)]
    for k, race in enumerate(races):
        place = "at-the-rename" if race.at_the_rename else "from-the-start"
        extras = "-replace" * race.replace + "-cleaner" * race.has_cleaner
        yield Case(f"{k}-{''.join(map(str, race.plans))}-{place}{extras}", partial(_raced, race))


ROW = Row(
    name="R8",
    title="several writers of one session",
    promise="one publishes, those that made the same say so, those that made another exit 5; no file is lost",
    cases=_cases,
)
