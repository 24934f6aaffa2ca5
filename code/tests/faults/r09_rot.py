"""R9: every change of a finished output is found, and the file is named; one that is not finished is not published."""

import json
import random
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import zarr

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion import commit, zarr_stage
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.conversions import convert
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.outputs import outputs_in, receipt_of

_FLIPS = {Tier.FAST: 18, Tier.FULL: 1000}
_CASES = {Tier.FAST: 40, Tier.FULL: 400}
_STAGED_CASES = {Tier.FAST: 4, Tier.FULL: 100}


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


def _link(path: Path, _rng: random.Random) -> None:
    """A folder of elsewhere, which Zarr takes for a part of the store."""
    path.with_name(f"{path.name}.added").symlink_to(path.parents[1], target_is_directory=True)


_Change = Callable[[Path, random.Random], None]
_CHANGES: tuple[_Change, ...] = (_truncate, _empty, _delete, _swap, _add, _link)


@cache
def _receipt() -> Receipt:
    """The receipt of the finished output, in which nothing is found before it is changed."""
    receipt = receipt_of(samples.finished())
    assert check_files(samples.finished(), receipt, 1) == []
    return receipt


def _changed(change: _Change, seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    receipt = _receipt()
    output = samples.copy_of_output(folder)
    entry = rng.choice([entry for entry in receipt.files if entry.size_bytes])
    change(output / entry.path, rng)
    problems = check_files(output, receipt, 1)
    assert any(problem.startswith((f"{entry.path}:", f"{entry.path}.added:")) for problem in problems), problems


def _changed_receipt(seed: int, folder: Path) -> None:
    """A receipt of which a bit was flipped does not pass for one, unless it says the same."""
    rng = random.Random(seed)
    output = samples.copy_of_output(folder)
    before = commit.read_receipt(output)
    _flip(output / "receipt.json", rng)
    after = commit.read_receipt(output)
    assert after is None or after == before


def _forged_receipt(seed: int, folder: Path) -> None:
    """A receipt that says something else, and is as well-formed as before, does not pass for one."""
    rng = random.Random(seed)
    output = samples.copy_of_output(folder)
    value = json.loads((output / "receipt.json").read_text())
    holder = value
    while isinstance(inner := holder[key := _any_key(holder, rng)], (dict, list)) and inner:
        holder = inner
    holder[key] = not inner if isinstance(inner, bool) else inner + 1 if isinstance(inner, (int, float)) else "else"
    (output / "receipt.json").write_text(json.dumps(value))
    assert commit.read_receipt(output) is None


def _any_key(holder: Any, rng: random.Random) -> Any:
    # that digest is not read: it follows from the rest
    return rng.choice(
        [key for key in (holder if isinstance(holder, dict) else range(len(holder))) if key != "content_digest"]
    )


def _changed_in_staging(seed: int, folder: Path) -> None:
    """What the disk does not give back as it was written is not published."""
    rng = random.Random(seed)
    session, start_reading = samples.session_of("Miniscope DAQ"), zarr_stage.start_reading

    def changed_before(series: Any, store: Path, pool: Any) -> Any:
        # but for the schemas, which are no data
        arrays = [path.parent for path in store.rglob(".zarray") if "specifications" not in path.parts]
        chunks = [path for array in arrays for path in array.glob("[0-9]*")]
        _flip_what_is_read(rng.choice(sorted(chunks)), rng)
        return start_reading(series, store, pool)

    zarr_stage.start_reading = changed_before
    try:
        convert(session, folder / "results")
    except VerificationError:
        assert outputs_in(folder / "results") == []
    else:
        raise AssertionError("a changed output was published")
    finally:
        zarr_stage.start_reading = start_reading


def _flip_what_is_read(chunk: Path, rng: random.Random) -> None:
    """Flip a bit of a chunk that is not one of those without a meaning."""
    whole, before = chunk.read_bytes(), _read(chunk.parent)
    while True:
        _flip(chunk, rng)
        if _read(chunk.parent) != before:
            return
        chunk.write_bytes(whole)


def _read(array: Path) -> str | None:
    try:
        values = zarr.open_array(str(array), mode="r")[...]
    except Exception:  # noqa: BLE001 - whatever a reader says of damaged bytes
        return None
    # one NaN is as good as another
    return repr(values.tolist())


def _cases(tier: Tier) -> Iterable[Case]:
    for seed in range(_FLIPS[tier]):
        yield Case(f"flip-{seed}", partial(_changed, _flip, seed))
    for seed in range(_CASES[tier]):
        if seed % 10 == 9:
            change = _forged_receipt if seed % 20 == 19 else _changed_receipt
            yield Case(f"{change.__name__[1:].replace('_', '-')}-{seed}", partial(change, seed))
        else:
            one = _CHANGES[seed % len(_CHANGES)]
            yield Case(f"{one.__name__[1:]}-{seed}", partial(_changed, one, seed))
    for seed in range(_STAGED_CASES[tier]):
        yield Case(f"before-it-is-published-{seed}", partial(_changed_in_staging, seed))


ROW = Row(
    name="R9",
    title="an output changes",
    promise="--verify_only finds every change and names the file; what changed while it was made is not published",
    cases=_cases,
)
