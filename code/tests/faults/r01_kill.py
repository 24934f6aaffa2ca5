"""R1: killed at any step that changes the disk, a run leaves a whole output or none, and the next run finishes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.core.model import Session
from tests.conversions import convert, listing
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier, die, in_child, shared_folder, spread
from tests.faults.outputs import clear_staging, hold_whole_or_absent, is_whole, outputs_in
from tests.faults.steps import watched

_MAIN_LAYOUT = "Miniscope DAQ"
_FULL_CASES = 100


@dataclass(frozen=True)
class _Situation:
    """What is converted, and what is there before."""

    layout: str = _MAIN_LAYOUT
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the job."""
    before: Mapping[str, Any] | None = None
    """Fields of the job that made the output that is there; None: there is none."""
    fast_cases: int = 5

    @property
    def session(self) -> Session:
        """What is converted."""
        return samples.session_of(self.layout)

    def prepare(self, results: Path) -> None:
        """Let there be what is there before."""
        if self.before is not None:
            convert(self.session, results, **self.before)


_SITUATIONS = {
    **{layout: _Situation(layout) for layout in samples.LAYOUTS},
    "HDF5": _Situation(changes={"backend": "hdf5"}),
    "replace": _Situation(changes={"existing": "replace"}, before={"compression_level": 3, "output_options": {}}),
    "metadata added": _Situation(
        changes={"metadata_only": True, "output_options": {"metadata": True}},
        before={"output_options": {"metadata": False}},
    ),
}


@cache
def _n_steps(name: str) -> int:
    """Steps of a whole conversion."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    situation = _SITUATIONS[name]
    results = shared_folder() / f"r01-counted-{name}"
    situation.prepare(results)
    with watched(step):
        convert(situation.session, results, **situation.changes)
    return count


@cache
def _reference(name: str) -> tuple[str, str]:
    """Content digests of undisturbed outputs: the one that is there before, empty where there is none, and the new."""
    situation = _SITUATIONS[name]
    results, session = shared_folder() / f"r01-reference-{name}", situation.session
    before = "" if situation.before is None else convert(session, results, **situation.before).receipt.content_digest
    return before, convert(session, results, **situation.changes).receipt.content_digest


def _killed_at(name: str, share: float, folder: Path) -> None:
    situation, results = _SITUATIONS[name], folder / "results"
    session, changes = situation.session, situation.changes
    former, wanted = _reference(name)
    sources, last = listing(samples.folder_of(situation.layout)), round(share * (_n_steps(name) - 1))
    situation.prepare(results)
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count > last:
            die()

    def run() -> None:
        with watched(step):
            convert(session, results, **changes)

    assert in_child(run) == -9, "the run was not killed"
    _hold_outputs(results, session.name, former, wanted)
    outcome = convert(session, results, **changes)
    assert outcome.receipt.content_digest == wanted
    assert hold_whole_or_absent(outcome.output, wanted)
    _hold_outputs(results, session.name, former, wanted)
    assert listing(samples.folder_of(situation.layout)) == sources, "the recording was changed"
    clear_staging(results)
    assert outputs_in(results) == ([".replaced"] if former else []) + [session.name]


def _hold_outputs(results: Path, name: str, former: str, wanted: str) -> None:
    """The output is the former one, or the wanted one and the former is kept."""
    final = results / name
    if not former:
        hold_whole_or_absent(final, wanted)
        return
    kept = [path for path in (results / ".replaced").glob("*") if is_whole(path, former)]
    assert is_whole(final, former) or (is_whole(final, wanted) and kept)


def _cases(tier: Tier) -> Iterable[Case]:
    for name, situation in _SITUATIONS.items():
        n_cases = situation.fast_cases if tier is Tier.FAST else _n_steps(name) if name == _MAIN_LAYOUT else _FULL_CASES
        for k in spread(n_cases, n_cases):
            yield Case(f"{name}-step-{k}-of-{n_cases}", partial(_killed_at, name, k / max(n_cases - 1, 1)))


ROW = Row(
    name="R1",
    title="killed at every step",
    promise="an output is whole or not there; the recording is unchanged; the next run finishes",
    cases=_cases,
)
