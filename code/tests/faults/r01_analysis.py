"""R1 for analyses: killed at any step that changes the disk, a run leaves the former version of an output or the next.

The process that is killed is its own worker: what a worker writes is a step, too.
"""

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import commit
from tests.faults import analysis_samples as samples
from tests.faults.harness import Case, Row, Tier, in_child, shared_folder
from tests.faults.outputs import clear_staging, is_whole, outputs_in
from tests.faults.steps import AROUND_PUBLISHING, Place, Steps, count_steps, killed_at, places

_FULL_CASES = 60


@cache
def _undisturbed() -> tuple[Steps, str, str]:
    """Steps of a whole analysis, and the content digests of the former version and the next."""
    output = samples.copy_of_output(shared_folder() / "r01-analysis")
    former = _digest_of(output)
    steps = count_steps(lambda: samples.analyse(output), output)
    return steps, former, _digest_of(output)


def _digest_of(output: Path) -> str:
    receipt = commit.read_receipt(output)
    assert receipt is not None
    return receipt.content_digest


def _killed(place: Place, folder: Path) -> None:
    steps, former, wanted = _undisturbed()
    output = samples.copy_of_output(folder)
    code = in_child(lambda: killed_at(place.step(steps), lambda: samples.analyse(output)))
    assert code == -9, "the run was not killed"
    _hold_versions(output, former, wanted)
    assert samples.analyse(output).receipt.content_digest == wanted
    assert is_whole(output, wanted)
    _hold_versions(output, former, wanted)
    clear_staging(output.parent)
    assert outputs_in(output.parent) == [".replaced", output.name]


def _hold_versions(output: Path, former: str, wanted: str) -> None:
    """The output is the former version, or the next and the former is kept."""
    kept = [path for path in (output.parent / ".replaced").glob("*") if is_whole(path, former)]
    assert is_whole(output, former) or (is_whole(output, wanted) and kept)


def _cases(tier: Tier) -> Iterable[Case]:
    for place in AROUND_PUBLISHING[1:] if tier is Tier.FAST else places(_FULL_CASES):
        yield Case(place.name, partial(_killed, place))


ROW = Row(
    name="R1 analysis",
    title="killed at every step, analyses",
    promise="the former version of the output is there or the next, whole; none is lost; the next run finishes",
    cases=_cases,
)
