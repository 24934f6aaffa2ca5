"""R18 and R20 for NWB files: what others have in the results stays, and a run that was killed is taken up again."""

import os
import random
import signal
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import disk
from tests.conversions import listing
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier, die, shared_folder
from tests.faults.nwb_samples import NAME
from tests.faults.outputs import clear_staging, outputs_in

_N_FOREIGN = 50
_N_FILES = 4
_FULL_KILLS = 20


def _fill(results: Path) -> None:
    """Files as people and other programs leave them, with names that are close to ours."""
    rng = random.Random(NAME)
    tops = ("analysis", "repository/.git/objects/ab", f".staging-{NAME}-mine", f"{NAME}.nwb.zarr", "qc", "external")
    for number in range(_N_FOREIGN):
        place = results / tops[number % len(tops)]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.bin").write_bytes(rng.randbytes(rng.randrange(200)))
    for text in ("summary.json", "receipt.json", ".owner.json", f"{NAME}.nwb"):
        (results / text).write_text("mine")


def _in_the_way(results: Path) -> None:
    (results / NAME).mkdir()
    (results / NAME / "thesis.txt").write_text("the only copy")


def _kept(form: str, folder: Path, *, is_in_the_way: bool, existing: str) -> None:
    results = folder / "results"
    results.mkdir(parents=True)
    _fill(results)
    if is_in_the_way:
        _in_the_way(results)
    before = listing(results)
    line = nwb_samples.words(nwb_samples.source(form).parent, results, format=form, existing=existing)
    said = nwb_samples.run(line, folder / "said")
    assert said.code == (5 if is_in_the_way and existing != "replace" else 0), said
    now = listing(results)
    moved = {path.removeprefix(".replaced/").partition("/")[2]: state for path, state in now.items()}
    for path, state in before.items():
        top, _, rest = path.partition("/")
        assert state == (moved.get(rest) if top == NAME and existing == "replace" else now.get(path)), path


@cache
def _data() -> Path:
    """Several files to convert, one after the other."""
    folder = shared_folder() / "r20-nwb"
    for number in range(_N_FILES):
        path = nwb_samples.copy_of_source("zarr", folder)
        path.rename(folder / f"{number}.nwb")
    return folder


def _resumed(seed: int, folder: Path) -> None:
    """Every process of the run is killed when some files are done, or within the next; the next run does the rest."""
    results = folder / "results"
    rng = random.Random(seed)
    n_done, left = rng.randrange(_N_FILES), rng.randrange(1, 40)
    line = nwb_samples.words(_data(), results)
    said = nwb_samples.run(line, folder / "first", partial(_die_after, results, n_done, left))
    assert said.code == -signal.SIGKILL, said
    done = _done(results)
    assert len(done) in {n_done, n_done + 1}
    before = {name: listing(results / name) for name in done}
    said = nwb_samples.run(line, folder / "second")
    assert said.code == 0, said
    assert {name for name, word in said.outcomes.items() if word == "already done"} == set(done), said
    assert len(said.outcomes) == _N_FILES
    assert {name: listing(results / name) for name in done} == before
    clear_staging(results)
    assert outputs_in(results) == sorted(said.outcomes)


def _die_after(results: Path, n_done: int, left: int) -> None:
    sync_file, parent = disk.sync_file, os.getpid()

    def counted_sync(path: str) -> None:
        nonlocal left
        left -= len(_done(results)) >= n_done
        if left <= 0:
            # the process of the run first, and then the child that does the work
            os.kill(parent, signal.SIGKILL)
            die()
        sync_file(path)

    disk.sync_file = counted_sync


def _done(results: Path) -> list[str]:
    return sorted(path.parent.name for path in results.glob("[!.]*/receipt.json"))


def _cases(tier: Tier) -> Iterable[Case]:
    for form in nwb_samples.FORMS:
        yield Case(f"{form}-beside", partial(_kept, form, is_in_the_way=False, existing="verify"))
        for existing in ("verify", "error", "replace") if tier is Tier.FULL or form == "zarr" else ("verify",):
            name = f"{form}-in-the-way-{existing}"
            yield Case(name, partial(_kept, form, is_in_the_way=True, existing=existing))
    for seed in range(_FULL_KILLS if tier is Tier.FULL else 3):
        yield Case(f"killed-{seed}", partial(_resumed, seed))


ROW = Row(
    name="R18 and R20 NWB",
    title="files of others, and killed when k of n are done, NWB files",
    promise="every file of others is as it was; the next run converts the others and touches none that is done",
    cases=_cases,
)
