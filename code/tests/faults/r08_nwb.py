"""R8 for NWB files: several runs write the same file at the same moment, while another clears up after dead runs."""

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
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb import job as nwb_job
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from miniscope_to_nwb_zarr.data_conversion.nwb.task import run_job
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.conversions import no_processes
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier, end_of, start_child
from tests.faults.nwb_samples import NAME
from tests.faults.outputs import outputs_in, receipt_of
from tests.faults.processes import clean_all_the_time

_PATIENCE_S = 60
_FULL_CASES = 100
_LEVELS = (1, 5)


@dataclass(frozen=True)
class _Race:
    """Runs that want the same name."""

    plans: tuple[int, ...]
    """What each of them makes."""
    form: str
    at_the_rename: bool
    has_cleaner: bool = False


_FAST = (
    _Race((0, 0, 0), "zarr", at_the_rename=True, has_cleaner=True),
    _Race((0, 0), "hdf5", at_the_rename=False),
    _Race((0, 1), "zarr", at_the_rename=True),
    _Race((0, 1, 1), "zarr", at_the_rename=False, has_cleaner=True),
)


def _random_race(seed: int) -> _Race:
    rng = random.Random(seed)
    form = rng.choice(nwb_samples.FORMS)
    n_plans = 2 if form == "zarr" and seed % 2 else 1
    plans = tuple(rng.randrange(n_plans) for _ in range(rng.randrange(2, 5)))
    return _Race(plans, form, at_the_rename=seed % 3 == 0, has_cleaner=seed % 4 == 0)


def _raced(race: _Race, folder: Path) -> None:
    nwb_samples.source(race.form)
    results = folder / "results"
    results.mkdir(parents=True)
    barrier = get_context("fork").Barrier(len(race.plans))
    notes = [folder / str(k) for k in range(len(race.plans))]
    writers = [
        start_child(partial(_write, race, plan, results, barrier, note))
        for plan, note in zip(race.plans, notes, strict=True)
    ]
    cleaner = start_child(partial(clean_all_the_time, results)) if race.has_cleaner else None
    codes = [end_of(writer) for writer in writers]
    if cleaner:
        os.kill(cleaner, signal.SIGKILL)
        assert end_of(cleaner) == -signal.SIGKILL, "clearing up failed"
    assert codes == [0] * len(codes)
    said = [note.read_text().split(":", 1) for note in notes]
    written = [plan for plan, (word, _) in zip(race.plans, said, strict=True) if word == "written"]
    assert len(written) == 1, said
    for plan, (word, code) in zip(race.plans, said, strict=True):
        if plan == written[0]:
            assert word in {"written", "already done"}, said
            assert int(code.split(":")[0]) == ExitCode.DONE, said
        else:
            assert (word, int(code.split(":")[0])) == ("failed", ExitCode.CONFLICT), said
    assert check_files(results / NAME, receipt_of(results / NAME), 1) == []
    assert outputs_in(results) == [NAME]


def _write(race: _Race, plan: int, results: Path, barrier: Any, note: Path) -> None:
    rename_new = disk.rename_new

    def watched_rename(source: Path, target: Path) -> None:
        if race.at_the_rename and target.parent == results:
            barrier.wait(_PATIENCE_S)
        rename_new(source, target)

    disk.rename_new = watched_rename
    nwb_job.open_pool = no_processes
    if not race.at_the_rename:
        barrier.wait(_PATIENCE_S)
    result = run_job(
        NwbJob(NAME, (nwb_samples.source(race.form),), results, format=race.form, compression_level=_LEVELS[plan])
    )
    note.write_text(f"{result.word}:{int(result.exit_code)}:{result.message}")


def _cases(tier: Tier) -> Iterable[Case]:
    races = _FAST if tier is Tier.FAST else [_random_race(seed) for seed in range(_FULL_CASES)]
    for k, race in enumerate(races):
        place = "at-the-rename" if race.at_the_rename else "from-the-start"
        name = f"{k}-{race.form}-{''.join(map(str, race.plans))}-{place}{'-cleaner' * race.has_cleaner}"
        yield Case(name, partial(_raced, race))


ROW = Row(
    name="R8 NWB",
    title="several writers of one NWB file",
    promise="one publishes, those that made the same say so, those that made another exit 5",
    cases=_cases,
)
