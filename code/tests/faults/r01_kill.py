"""R1: killed at any step that changes the disk, a run leaves a whole output or none, and the next run finishes."""

import shutil
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import commit
from tests.conversions import convert, listing, sessions_in
from tests.faults.harness import Case, Row, Tier, die, in_child, shared_folder, spread
from tests.faults.steps import watched
from tests.recordings import small_recording

_FAST_CASES = 40


@cache
def _recording() -> Path:
    folder = shared_folder() / "r01"
    small_recording(folder)
    return folder


@cache
def _n_steps() -> int:
    """Steps of a whole conversion."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    results = shared_folder() / "r01-counted"
    with watched(step):
        convert(sessions_in(_recording())[0], results)
    return count


@cache
def _reference() -> str:
    """The content digest of an undisturbed output."""
    (session,) = sessions_in(_recording())
    return convert(session, shared_folder() / "r01-reference").receipt.content_digest


def _killed_at(share: float, folder: Path) -> None:
    data, results = _recording(), folder / "results"
    (session,) = sessions_in(data)
    before, wanted, last = listing(data), _reference(), round(share * (_n_steps() - 1))
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count > last:
            die()

    def run() -> None:
        with watched(step):
            convert(session, results)

    assert in_child(run) == -9, "the run was not killed"
    final = results / session.name
    if final.exists():
        receipt = commit.read_receipt(final)
        assert receipt is not None, "an output without a receipt"
        assert receipt.content_digest == wanted
        assert {entry.path for entry in receipt.files} | {"receipt.json"} == set(listing(final))
    outcome = convert(session, results)
    assert outcome.receipt.content_digest == wanted
    assert listing(data) == before, "the recording was changed"
    shutil.rmtree(folder)


def _cases(tier: Tier) -> Iterable[Case]:
    n_steps = _FAST_CASES if tier is Tier.FAST else _n_steps()
    for k in spread(n_steps, n_steps):
        yield Case(f"step-{k}-of-{n_steps}", partial(_killed_at, k / max(n_steps - 1, 1)))


ROW = Row(
    name="R1",
    title="killed at every step",
    promise="an output is whole or not there; the recording is unchanged; the next run finishes",
    cases=_cases,
)
