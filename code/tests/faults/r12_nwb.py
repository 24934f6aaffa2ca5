"""R12 for NWB files: damaged and hostile ones are refused in a sentence, or what comes of them is what they say.

Whatever is in a file: no traceback, no crash of the run, no hang, bounded memory; an output only where everything in it
compares equal with the source.
"""

import json
import pickle
import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import zarr

from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.nwb_samples import NAME, SUFFIX
from tests.faults.outputs import receipt_of

_RANDOM_CASES = {Tier.FAST: 8, Tier.FULL: 500}
_HEADER_BYTES = 20_000
_REFUSED, _DAMAGED = 3, frozenset({0, 3})


def _flip(raw: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 4)):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)


def _truncate(raw: bytearray, rng: random.Random) -> None:
    del raw[rng.randrange(len(raw)) :]


def _blank(raw: bytearray, rng: random.Random) -> None:
    begin, size = rng.randrange(len(raw)), rng.randrange(1, 4096)
    raw[begin : begin + size] = bytes(len(raw[begin : begin + size]))


def _number(raw: bytearray, rng: random.Random) -> None:
    begin = rng.randrange(min(len(raw), _HEADER_BYTES))
    raw[begin : begin + 8] = rng.randbytes(len(raw[begin : begin + 8]))


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _truncate, _blank, _number)


def _damaged(form: str, seed: int, folder: Path) -> None:
    """Bytes of the file, or of a file of the store, are others."""
    rng = random.Random(seed)
    path = nwb_samples.copy_of_source(form, folder / "data")
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    file = rng.choice([one for one in files if one.stat().st_size])
    raw = bytearray(file.read_bytes())
    _CHANGES[seed % len(_CHANGES)](raw, rng)
    file.write_bytes(raw)
    _hold(form, path, folder, _DAMAGED)


def _hold(form: str, path: Path, folder: Path, codes: frozenset[int]) -> None:
    results = folder / "results"
    ended = nwb_samples.in_a_child(NwbJob(NAME, (path,), results, format=form), folder)
    assert ended.code in codes, ended
    assert ended.took_bytes < nwb_samples.MAX_BYTES, ended
    if ended.code == 0:
        receipt = receipt_of(results / NAME)
        assert check_files(results / NAME, receipt, 1) == []
        changed = [finding.where for finding in receipt.findings]
        assert compare_files(path, results / NAME / f"{NAME}{SUFFIX[form]}", changed).is_equal
        return
    assert ended.message.startswith((f"{path.name}: ", f"{NAME}: ")), ended
    assert "fault of this program" not in ended.message
    assert [entry.name for entry in results.glob("*")] == [], "something was left behind"


def _hostile_file(name: str, folder: Path) -> None:
    path = nwb_samples.copy_of_source("zarr", folder / "data")
    with h5py.File(path, "r+") as file:
        _FILES[name](file)
    _hold("zarr", path, folder, frozenset({_REFUSED}))


def _hostile_store(name: str, folder: Path) -> None:
    path = nwb_samples.copy_of_source("hdf5", folder / "data")
    _STORES[name](path)
    _hold("hdf5", path, folder, frozenset({_REFUSED}))
    assert not (path.parent / "ran").exists(), "code of the store was run"


def _schema(text: str | bytes) -> Callable[[h5py.File], object]:
    return lambda file: file["specifications/core"].create_group("0").create_dataset("namespace", data=text)


def _array(**given: object) -> Callable[[h5py.File], object]:
    return lambda file: file["analysis"].create_dataset("odd", **given)


def _deep(file: h5py.File) -> None:
    group = file["analysis"]
    for _ in range(2000):
        group = group.create_group("g")


def _gone(file: h5py.File) -> None:
    file["analysis/odd"] = np.array([file.create_group("analysis/gone").ref], h5py.ref_dtype)
    del file["analysis/gone"]


_FILES: Mapping[str, Callable[[h5py.File], object]] = {
    "schema nests": _schema("[" * 100_000),
    "schema says twice": _schema('{"groups": [], "groups": [1]}'),
    "schema of numbers": _schema("1" * 5_000_000),
    "schema is no text": _schema(b"\xff\xfe"),
    "absurd shape": _array(shape=(10**9, 10**9), dtype="f8", chunks=(100, 100)),
    "absurd list of texts": _array(shape=(10**12,), dtype=h5py.string_dtype(), chunks=(100,)),
    "references to nothing": _array(shape=(3,), dtype=h5py.ref_dtype),
    "reference to what is gone": _gone,
    "group in itself": lambda file: file.__setitem__("analysis/odd", file["analysis"]),
    "deep": _deep,
    "links in a circle": lambda file: file.__setitem__("analysis/odd", h5py.SoftLink("/analysis/odd")),
}


def _set_json(path: Path, **said: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | said))


def _set_metadata(store: Path, key: str, **said: object) -> None:
    """In a file and in the consolidated metadata, which readers prefer."""
    _set_json(store / key, **said)
    all_of_it = json.loads((store / ".zmetadata").read_text())
    all_of_it["metadata"][key].update(said)
    (store / ".zmetadata").write_text(json.dumps(all_of_it))


class _Touch:
    """What touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self._path,)


def _run_code(store: Path) -> None:
    compressor = zarr.open_array(str(store / "analysis" / "list"), mode="r").compressor
    raw = pickle.dumps(_Touch(store.parent / "ran"))
    (store / "analysis" / "list" / "0").write_bytes(compressor.encode(raw) if compressor else raw)


def _stale_metadata(store: Path) -> None:
    """Only what readers prefer says it."""
    found = json.loads((store / ".zmetadata").read_text())
    found["metadata"]["analysis/large/.zarray"]["shape"] = [10**9, 10**9]
    (store / ".zmetadata").write_text(json.dumps(found))


_STORES: Mapping[str, Callable[[Path], object]] = {
    "metadata nest": lambda store: (store / ".zmetadata").write_text("[" * 100_000),
    "attributes say twice": lambda store: (store / "general" / ".zattrs").write_text('{"a": 1, "a": 2}'),
    "absurd shape": lambda store: _set_metadata(store, "analysis/large/.zarray", shape=[10**9, 10**9]),
    "absurd chunks": lambda store: _set_metadata(store, "analysis/large/.zarray", chunks=[10**9, 10**9]),
    "absurd shape in the consolidated metadata": _stale_metadata,
    "shape is text": lambda store: _set_metadata(store, "analysis/large/.zarray", shape="many"),
    "unknown codec": lambda store: _set_metadata(store, "analysis/large/.zarray", compressor={"id": "evil"}),
    "reference runs code": _run_code,
    "link to nothing": lambda store: _set_metadata(
        store, "analysis/.zattrs", zarr_link=[{"name": "odd", "path": "/gone", "source": "."}]
    ),
}
_FAST_HOSTILE = 5


def _cases(tier: Tier) -> Iterable[Case]:
    for form in nwb_samples.FORMS:
        for seed in range(_RANDOM_CASES[tier] // 2):
            change = _CHANGES[seed % len(_CHANGES)].__name__[1:]
            yield Case(f"to-{form}-{change}-{seed}", partial(_damaged, form, seed))
    most = _FAST_HOSTILE if tier is Tier.FAST else None
    for name in list(_FILES)[:most]:
        yield Case(f"file-{name.replace(' ', '-')}", partial(_hostile_file, name))
    for name in list(_STORES)[::-1][:most]:
        yield Case(f"store-{name.replace(' ', '-')}", partial(_hostile_store, name))


ROW = Row(
    name="R12 NWB",
    title="damaged and hostile NWB files",
    promise="refused in a sentence that names the file, within 30 s and 1 GiB, or converted as they are",
    cases=_cases,
)
