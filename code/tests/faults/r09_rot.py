"""R9: every change of a finished output is found, and the file is named."""

import random
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier

_CASES = {Tier.FAST: 60, Tier.FULL: 1000}


def _flip(path: Path, rng: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(raw)


def _truncate(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(rng.randrange(path.stat().st_size))


def _empty(path: Path, _rng: random.Random) -> None:
    path.write_bytes(b"")


def _delete(path: Path, _rng: random.Random) -> None:
    path.unlink()


def _swap(path: Path, rng: random.Random) -> None:
    """Another file's content under this name, as after a repair of the disk."""
    own = path.read_bytes()
    others = [other for other in path.parent.rglob("*") if other.is_file() and other.read_bytes() != own]
    path.write_bytes(rng.choice(others).read_bytes() if others else own[::-1] + b"\0")


def _add(path: Path, _rng: random.Random) -> None:
    path.with_name(f"{path.name}.added").write_bytes(b"")


_CHANGES: tuple[Callable[[Path, random.Random], None], ...] = (_flip, _truncate, _empty, _delete, _swap, _add)


def _changed(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    output = samples.copy_of_output(folder)
    receipt = commit.read_receipt(output)
    assert receipt is not None
    assert check_files(output, receipt, 1) == []
    entry = rng.choice([entry for entry in receipt.files if entry.size_bytes])
    change = _CHANGES[seed % len(_CHANGES)]
    change(output / entry.path, rng)
    problems = check_files(output, receipt, 1)
    assert any(problem.startswith((f"{entry.path}:", f"{entry.path}.added:")) for problem in problems), problems


def _changed_receipt(seed: int, folder: Path) -> None:
    """A receipt that was changed does not pass for one: it is unreadable, or the files no longer agree with it."""
    rng = random.Random(seed)
    output = samples.copy_of_output(folder)
    before = commit.read_receipt(output)
    _flip(output / "receipt.json", rng)
    after = commit.read_receipt(output)
    assert after is None or after == before or check_files(output, after, 1)


def _cases(tier: Tier) -> Iterable[Case]:
    n_cases = _CASES[tier]
    for seed in range(n_cases):
        if seed % 10 == 9:
            yield Case(f"receipt-{seed}", partial(_changed_receipt, seed))
        else:
            yield Case(f"{_CHANGES[seed % len(_CHANGES)].__name__[1:]}-{seed}", partial(_changed, seed))


ROW = Row(
    name="R9",
    title="a finished output changes",
    promise="--verify_only finds every change and names the file",
    cases=_cases,
)
