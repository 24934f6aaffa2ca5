"""R19 for NWB files: a run that finds its output done writes nothing into it and converts nothing."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion.nwb import make
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.r19_twice import state

_OPTIONS: dict[str, dict[str, object]] = {"": {}, "-large-chunks": {"chunk_mb": 20}}


def _twice(form: str, options: dict[str, object], folder: Path) -> None:
    data, results = folder / "data", folder / "results"
    nwb_samples.copy_of_source(form, data)
    line = nwb_samples.words(data, results, format=form, **options)
    assert nwb_samples.run(line, folder / "first").outcomes == {nwb_samples.NAME: "written"}
    before, tops = state(results / nwb_samples.NAME), set(results.iterdir())
    said = nwb_samples.run(line, folder / "second", _refuse_to_work)
    assert (said.code, said.outcomes) == (0, {nwb_samples.NAME: "already done"}), said
    assert state(results / nwb_samples.NAME) == before
    (added,) = set(results.iterdir()) - tops
    assert added.name.startswith("run-")


def _refuse_to_work() -> None:
    """Work that has been done would end the run."""

    def refuse(*_: object) -> None:
        raise AssertionError("work is done again")

    make.make_output = refuse


def _cases(tier: Tier) -> Iterable[Case]:
    for form in nwb_samples.FORMS:
        for name, options in list(_OPTIONS.items())[: 1 if tier is Tier.FAST else None]:
            yield Case(f"to-{form}{name}", partial(_twice, form, options))


ROW = Row(
    name="R19 NWB",
    title="the same run again, NWB files",
    promise="exit 0, no byte of the output written or touched, nothing converted",
    cases=_cases,
)
