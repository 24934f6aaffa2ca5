"""R1: killed at any step that changes the disk, a run leaves a whole output or none, and the next run finishes."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.core.model import Session
from tests.conversions import convert, listing
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier, in_child, shared_folder
from tests.faults.outputs import clear_staging, hold_versions, hold_whole_or_absent, outputs_in, receipt_of
from tests.faults.steps import AROUND_PUBLISHING, Place, Steps, count_steps, killed_at, places

_MAIN_LAYOUT = "Miniscope DAQ"
_FULL_CASES = 40
"""Of each situation but the main one, which is killed at every step."""


@dataclass(frozen=True)
class _Situation:
    """What is converted, and what is there before."""

    layout: str = _MAIN_LAYOUT
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the job."""
    before: Mapping[str, Any] | None = None
    """Fields of the job that made the output that is there; None: there is none."""

    @property
    def session(self) -> Session:
        """What is converted."""
        return samples.session_of(self.layout)


_SITUATIONS = {
    **{layout: _Situation(layout) for layout in samples.LAYOUTS},
    "HDF5": _Situation(changes={"backend": "hdf5"}),
    "replace": _Situation(changes={"existing": "replace"}, before={"compression_level": 3, "output_options": {}}),
    "metadata added": _Situation(
        changes={"metadata_only": True, "output_options": {"metadata": True}},
        before={"output_options": {"metadata": False}},
    ),
}


@dataclass(frozen=True)
class _Undisturbed:
    """What comes of a situation when nothing is killed."""

    results: Path
    """Holds what is there before, and nothing else."""
    steps: Steps
    former: str
    """Content digest of what is there before; empty: nothing."""
    wanted: str


@cache
def _undisturbed(name: str) -> _Undisturbed:
    situation, folder = _SITUATIONS[name], shared_folder() / f"r01-{name}"
    session, before = situation.session, folder / "before"
    before.mkdir(parents=True)
    former = "" if situation.before is None else convert(session, before, **situation.before).receipt.content_digest
    results = shutil.copytree(before, folder / "results")
    steps = count_steps(lambda: convert(session, results, **situation.changes), results / session.name)
    return _Undisturbed(before, steps, former, receipt_of(results / session.name).content_digest)


def _killed(name: str, place: Place, folder: Path) -> None:
    situation, undisturbed, results = _SITUATIONS[name], _undisturbed(name), folder / "results"
    session, changes, wanted = situation.session, situation.changes, undisturbed.wanted
    sources = listing(samples.folder_of(situation.layout))
    shutil.copytree(undisturbed.results, results)
    step = place.step(undisturbed.steps)
    code = in_child(lambda: killed_at(step, lambda: convert(session, results, **changes)))
    assert code == -9, "the run was not killed"
    _hold_outputs(results, session.name, undisturbed)
    outcome = convert(session, results, **changes)
    assert outcome.receipt.content_digest == wanted
    assert hold_whole_or_absent(outcome.output, wanted)
    _hold_outputs(results, session.name, undisturbed)
    assert listing(samples.folder_of(situation.layout)) == sources, "the recording was changed"
    clear_staging(results)
    assert outputs_in(results) == ([".replaced"] if undisturbed.former else []) + [session.name]


def _hold_outputs(results: Path, name: str, undisturbed: _Undisturbed) -> None:
    """The output is the former one, or the wanted one and the former is kept."""
    if undisturbed.former:
        hold_versions(results / name, undisturbed.former, undisturbed.wanted)
    else:
        hold_whole_or_absent(results / name, undisturbed.wanted)


def _cases(tier: Tier) -> Iterable[Case]:
    for number, name in enumerate(_SITUATIONS):
        for place in _fast_places(number) if tier is Tier.FAST else _full_places(name):
            yield Case(f"{name}-{place.name}", partial(_killed, name, place), group=name)


def _fast_places(number: int) -> list[Place]:
    """Those at which an output could be half there, and one on the way to them, elsewhere in each situation."""
    around = AROUND_PUBLISHING if number == 0 else AROUND_PUBLISHING[1:]
    return [Place(f"step-{number}-of-{len(_SITUATIONS)}", number / len(_SITUATIONS)), *around]


def _full_places(name: str) -> list[Place]:
    if name != _MAIN_LAYOUT:
        return places(_FULL_CASES)
    n_steps = _undisturbed(name).steps.n
    return [Place(f"step-{k}-of-{n_steps}", k / max(n_steps - 1, 1)) for k in range(n_steps)]


ROW = Row(
    name="R1",
    title="killed at every step",
    promise="an output is whole or not there; the recording is unchanged; the next run finishes",
    cases=_cases,
)
