"""R9 for NWB files: every change of a finished output, a store or one file, is found, and the file is named."""

import random
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.outputs import receipt_of
from tests.faults.r09_rot import _CHANGES as CHANGES

_CASES = {Tier.FAST: 12, Tier.FULL: 1000}
_COMMANDS = {Tier.FAST: 1, Tier.FULL: 10}


def _copy(form: str, folder: Path) -> Path:
    output = nwb_samples.finished(form)
    return Path(shutil.copytree(output, folder / "results" / output.name))


def _change(output: Path, seed: int) -> str:
    """Change one file of an output; gives its path in it."""
    rng = random.Random(seed)
    receipt = receipt_of(output)
    entry = rng.choice([entry for entry in receipt.files if entry.size_bytes])
    CHANGES[seed % len(CHANGES)](output / entry.path, rng)
    return entry.path


def _changed(form: str, seed: int, folder: Path) -> None:
    output = _copy(form, folder)
    receipt = receipt_of(output)
    assert check_files(output, receipt, 1) == []
    path = _change(output, seed)
    problems = check_files(output, receipt, 1)
    assert any(problem.startswith((f"{path}:", f"{path}.added:")) for problem in problems), problems


def _told(form: str, seed: int, folder: Path) -> None:
    """The same by ``--verify_only``, which says that a sound one is."""
    output = _copy(form, folder)
    line = nwb_samples.words(folder, folder / "results", verify_only=True)
    said = nwb_samples.run(line, folder / "sound")
    assert said.code == 0, said
    path = _change(output, seed)
    said = nwb_samples.run(line, folder / "said")
    assert said.code == 6, said
    assert path in said.err, said


def _cases(tier: Tier) -> Iterable[Case]:
    for form in nwb_samples.FORMS:
        for seed in range(_CASES[tier] // 2):
            yield Case(f"{form}-{CHANGES[seed % len(CHANGES)].__name__[1:]}-{seed}", partial(_changed, form, seed))
        for seed in range(_COMMANDS[tier]):
            yield Case(f"{form}-told-{seed}", partial(_told, form, seed))


ROW = Row(
    name="R9 NWB",
    title="a finished output changes, NWB files",
    promise="--verify_only finds every change and names the file",
    cases=_cases,
)
