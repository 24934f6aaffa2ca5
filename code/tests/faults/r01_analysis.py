"""R1 for analyses: killed at any step that changes the disk, a run leaves the former version of an output or the next.

The process that is killed is its own worker: what a worker writes is a step, too.
"""

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from tests.faults import analysis_samples as samples
from tests.faults.harness import Case, Row, Tier, in_child, shared_folder
from tests.faults.outputs import clear_staging, hold_versions, is_whole, outputs_in, receipt_of
from tests.faults.steps import AROUND_PUBLISHING, Place, Steps, count_steps, killed_at, places

_FULL_CASES = 60


@cache
def _undisturbed() -> tuple[Steps, str, str]:
    """Steps of a whole analysis, and the content digests of the former version and the next."""
    output = samples.copy_of_output(shared_folder() / "r01-analysis")
    former = receipt_of(output).content_digest
    steps = count_steps(lambda: samples.analyse(output), output)
    return steps, former, receipt_of(output).content_digest


def _killed(place: Place, folder: Path) -> None:
    steps, former, wanted = _undisturbed()
    output = samples.copy_of_output(folder)
    code = in_child(lambda: killed_at(place.step(steps), lambda: samples.analyse(output)))
    assert code == -9, "the run was not killed"
    hold_versions(output, former, wanted)
    assert samples.analyse(output).receipt.content_digest == wanted
    assert is_whole(output, wanted)
    hold_versions(output, former, wanted)
    clear_staging(output.parent)
    assert outputs_in(output.parent) == [".replaced", output.name]


def _cases(tier: Tier) -> Iterable[Case]:
    for place in AROUND_PUBLISHING[1:] if tier is Tier.FAST else places(_FULL_CASES):
        yield Case(place.name, partial(_killed, place))


ROW = Row(
    name="R1 analysis",
    title="killed at every step, analyses",
    promise="the former version of the output is there or the next, whole; none is lost; the next run finishes",
    cases=_cases,
)
