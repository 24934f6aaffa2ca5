"""R1 for NWB files: killed at any step that changes the disk, a conversion leaves a whole output or none.

The process that is killed is its own worker: what a worker writes is a step, too.
"""

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

import h5py
import numpy as np

from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from tests.conversions import listing
from tests.faults.harness import Case, Row, Tier, die, in_child, shared_folder, spread
from tests.faults.nwb_samples import convert_here
from tests.faults.outputs import clear_staging, hold_whole_or_absent, outputs_in
from tests.faults.steps import watched
from tests.nwb_files import bare_file

_FAST_CASES = {"zarr": 4, "hdf5": 3}
_FULL_CASES = 100
_NAME = "session"


@cache
def _source(form: str) -> Path:
    """A file with an array that the workers copy, in the format that is not `form`."""
    folder = shared_folder() / f"r01-nwb-{form}"
    folder.mkdir()
    file = bare_file(folder / f"{_NAME}.nwb")
    with h5py.File(file, "a") as opened:
        values = np.random.default_rng(1).integers(0, 99, (50_000, 12), "u4")
        opened.create_dataset("analysis/large", data=values, chunks=(5_000, 1), compression="gzip")
    if form == "zarr":
        return file
    store = convert_here(NwbJob(_NAME, (file,), folder / "made")).output / f"{_NAME}.nwb.zarr"
    return store.rename(folder / store.name)


def _job(form: str, results: Path) -> NwbJob:
    return NwbJob(_NAME, (_source(form),), results, format="zarr" if form == "zarr" else "hdf5", chunk_bytes=1_000_000)


@cache
def _undisturbed(form: str) -> tuple[int, str]:
    """Steps of a whole conversion, and the content digest of its output."""
    _source(form)
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    with watched(step):
        outcome = convert_here(_job(form, shared_folder() / f"r01-nwb-counted-{form}"))
    return count, outcome.receipt.content_digest


def _killed_at(form: str, share: float, folder: Path) -> None:
    results = folder / "results"
    n_steps, wanted = _undisturbed(form)
    before, last = listing(_source(form).parent), round(share * (n_steps - 1))
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count > last:
            die()

    def run() -> None:
        with watched(step):
            convert_here(_job(form, results))

    assert in_child(run) == -9, "the run was not killed"
    hold_whole_or_absent(results / _NAME, wanted)
    outcome = convert_here(_job(form, results))
    assert outcome.receipt.content_digest == wanted
    assert hold_whole_or_absent(outcome.output, wanted)
    assert listing(_source(form).parent) == before, "the source was changed"
    clear_staging(results)
    assert outputs_in(results) == [_NAME]


def _cases(tier: Tier) -> Iterable[Case]:
    for form, fast in _FAST_CASES.items():
        n_cases = fast if tier is Tier.FAST else _FULL_CASES
        for k in spread(n_cases, n_cases):
            yield Case(f"{form}-step-{k}-of-{n_cases}", partial(_killed_at, form, k / (n_cases - 1)))


ROW = Row(
    name="R1 NWB",
    title="killed at every step, NWB files",
    promise="an output is whole or not there; the source is unchanged; the next run finishes",
    cases=_cases,
)
