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
from tests.faults.harness import Case, Row, Tier, in_child, shared_folder
from tests.faults.nwb_samples import convert_here
from tests.faults.outputs import clear_staging, hold_whole_or_absent, outputs_in, receipt_of
from tests.faults.steps import Place, Steps, count_steps, killed_at, places
from tests.nwb_files import bare_file

_FAST_CASES = {"zarr": 5, "hdf5": 4}
"""Of each form, three of them around the step that publishes."""
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
def _undisturbed(form: str) -> tuple[Steps, str]:
    """Steps of a whole conversion, and the content digest of its output."""
    results = shared_folder() / f"r01-nwb-counted-{form}"
    _source(form)
    steps = count_steps(lambda: convert_here(_job(form, results)), results / _NAME)
    return steps, receipt_of(results / _NAME).content_digest


def _killed(form: str, place: Place, folder: Path) -> None:
    results = folder / "results"
    steps, wanted = _undisturbed(form)
    before, step = listing(_source(form).parent), place.step(steps)
    assert in_child(lambda: killed_at(step, lambda: convert_here(_job(form, results)))) == -9, "the run was not killed"
    hold_whole_or_absent(results / _NAME, wanted)
    outcome = convert_here(_job(form, results))
    assert outcome.receipt.content_digest == wanted
    assert hold_whole_or_absent(outcome.output, wanted)
    assert listing(_source(form).parent) == before, "the source was changed"
    clear_staging(results)
    assert outputs_in(results) == [_NAME]


def _cases(tier: Tier) -> Iterable[Case]:
    for form, n_fast in _FAST_CASES.items():
        for place in places(n_fast if tier is Tier.FAST else _FULL_CASES):
            yield Case(f"{form}-{place.name}", partial(_killed, form, place), group=form)


ROW = Row(
    name="R1 NWB",
    title="killed at every step, NWB files",
    promise="an output is whole or not there; the source is unchanged; the next run finishes",
    cases=_cases,
)
