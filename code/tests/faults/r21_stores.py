"""R21: an object store that is busy, slow or breaks off, a wrong clock, a run that is killed while it publishes."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from miniscope_to_nwb_zarr.buckets import patience
from miniscope_to_nwb_zarr.core.receipt import Receipt
from tests.bucket_outputs import hold_whole
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.program import PATIENCE_S, Said, run_in_child, start, wanted_digest, words
from tests.s3_server import KEYS, Bucket, Fault, Proxy, by_chance, faulty, no_fault

_LAYOUT = "Miniscope DAQ"
_ZARR: Mapping[str, object] = {}
_HDF5: Mapping[str, object] = {"format": "hdf5"}
"""Two dozen requests instead of some two hundred."""
_MIX = {"503": 0.1, "500": 0.05, "reset": 0.05, "lost": 0.05, "cut": 0.05, "bent": 0.03, "slow": 0.02}
_RUNS_AGAIN = 3


@dataclass(frozen=True)
class _Trouble:
    """What becomes of the requests of a run."""

    name: str
    fault: Fault
    options: Mapping[str, object] = field(default_factory=lambda: _HDF5)


def _by_chance(seed: int, options: Mapping[str, object] = _HDF5, **shares: float) -> _Trouble:
    shown = "-".join(f"{name}-{share:.0%}" for name, share in shares.items()) if len(shares) < 3 else "mixed"
    return _Trouble(f"{shown}-{seed}-{options.get('format', 'zarr')}", by_chance(shares, seed), options)


def _first(n_times: int, fault: str, is_meant: Callable[[str, str], bool]) -> Fault:
    """A fault for the first requests that are meant."""
    lock, seen = threading.Lock(), 0

    def become(method: str, path: str, _number: int) -> str:
        nonlocal seen
        with lock:
            seen += is_meant(method, path)
            return fault if is_meant(method, path) and seen <= n_times else ""

    return become


def _is_receipt(method: str, path: str) -> bool:
    return method == "PUT" and path.split("?", maxsplit=1)[0].endswith("/receipt.json")


def _round_trip(trouble: _Trouble, folder: Path) -> None:
    """From bucket to bucket; a run that gives up for a while is run again."""
    bucket = _with_data()
    with faulty(trouble.fault) as proxy:
        said = [_run(bucket, proxy, folder / "0", **trouble.options)]
        while said[-1].code == 75 and len(said) <= _RUNS_AGAIN:
            said.append(_run(bucket, proxy, folder / str(len(said)), **trouble.options))
    assert said[-1].code == 0, said[-1]
    # what the run before has published, and could not say, is found there
    assert list(said[-1].outcomes.values()) == ["written"] or len(said) > 1, said[-1]
    _hold_published(bucket, proxy, trouble.options)


def _with_data() -> Bucket:
    samples.session_of(_LAYOUT)
    bucket = Bucket()
    bucket.put_folder(samples.folder_of(_LAYOUT), "raw")
    return bucket


def _run(
    bucket: Bucket, proxy: Proxy, folder: Path, prepare: Callable[[], object] = lambda: None, **options: object
) -> Said:
    def in_child() -> None:
        os.environ.update(KEYS)
        patience._FIRST_WAIT_S = 0.01
        prepare()

    return run_in_child(_words(bucket, proxy, folder.parent, **options), folder, in_child)


def _words(bucket: Bucket, proxy: Proxy, folder: Path, **options: object) -> list[str]:
    where = {"engine": "serial", "s3_endpoint": proxy.url, "s3_credentials": True, "scratch_dir": folder / "scratch"}
    return words(f"{bucket}/raw", f"{bucket}/out", **where, **options)


def _hold_published(bucket: Bucket, proxy: Proxy, options: Mapping[str, object]) -> None:
    name = samples.session_of(_LAYOUT).name
    receipt = _receipt(bucket)
    assert receipt is not None
    assert receipt.content_digest == wanted_digest(_LAYOUT, **options)
    hold_whole(bucket, receipt, f"out/{name}")
    put = [path.split("?")[0] for method, path in proxy.took if method in {"PUT", "POST"} and f"/out/{name}/" in path]
    first = next(k for k, path in enumerate(put) if path.endswith("/receipt.json"))
    assert all(path.endswith("/receipt.json") for path in put[first:]), put[first:]


def _receipt(bucket: Bucket) -> Receipt | None:
    key = f"out/{samples.session_of(_LAYOUT).name}/receipt.json"
    return Receipt.from_text(bucket.get(key).decode()) if key in bucket.objects(key) else None


def _clock_is_wrong(folder: Path) -> None:
    """The server refuses every request: the message names the clock, and nothing is there."""
    bucket = _with_data()
    before = bucket.objects()
    with faulty(lambda *_: "skew") as proxy:
        said = _run(bucket, proxy, folder / "0", lambda: setattr(patience, "_GIVE_UP_AFTER_S", 0.1), **_HDF5)
        assert said.code == 75, said
        assert "the clock of this machine" in said.err
        assert bucket.objects() == before
        proxy.fault = no_fault
        assert _run(bucket, proxy, folder / "1", **_HDF5).code == 0
    _hold_published(bucket, proxy, _HDF5)


def _killed(n_th: int, options: Mapping[str, object], fault: Fault, folder: Path) -> None:
    """Killed at the n-th object that it puts there: no receipt then, and the next run sends only what is missing."""
    bucket = _with_data()
    child: list[int] = []
    sent: list[str] = []

    def kill(method: str, path: str, number: int) -> str:
        if method == "PUT" and "/out/M" in path:
            sent.append(path)
            if len(sent) == n_th:
                os.kill(child[0], signal.SIGKILL)
        return fault(method, path, number)

    def tell() -> None:
        os.write(pipe[1], str(os.getpid()).encode())

    pipe = os.pipe()
    threading.Thread(target=lambda: child.append(int(os.read(pipe[0], 20))), daemon=True).start()
    with faulty(kill) as proxy:
        said = _run(bucket, proxy, folder / "0", tell, **options)
        assert said.code == -signal.SIGKILL, said
        assert _receipt(bucket) is None
        there = set(bucket.objects("out/M"))
        proxy.asked.clear()
        proxy.took.clear()
        proxy.fault = fault
        again = _run(bucket, proxy, folder / "1", **options)
        assert again.code == 0, again
        assert list(again.outcomes.values()) == ["written"]
    again_sent = {path.removeprefix(f"/{bucket.name}/") for method, path, _ in proxy.asked if method == "PUT"}
    assert not there & again_sent
    _hold_published(bucket, proxy, options)


def _two_writers(fault: Fault, options: Mapping[str, object], folder: Path) -> None:
    """Two machines publish the same session at once: one writes, the other finds it done."""
    bucket = _with_data()
    os.environ.update(KEYS)
    with faulty(fault) as proxy:
        processes = [start(_words(bucket, proxy, folder / str(k), **options)) for k in range(2)]
        said = [Said(process.wait(PATIENCE_S), *process.communicate()) for process in processes]
    assert [one.code for one in said] == [0, 0], said
    words_said = sorted(chain.from_iterable(one.outcomes.values() for one in said))
    assert words_said in (["already done", "written"], ["written", "written"]), said
    assert words_said.count("written") == 1, said
    _hold_published(bucket, proxy, options)


def _troubles() -> Iterable[_Trouble]:
    for share in (0.1, 0.3, 0.6):
        for seed in range(6):
            yield _by_chance(seed, _ZARR if seed < 2 else _HDF5, **{"503": share})
    for seed in range(4):
        yield _by_chance(seed, **{"500": 0.3})
    for fault, share in (("reset", 0.1), ("lost", 0.1), ("cut", 0.1), ("bent", 0.05)):
        for seed in range(6):
            yield _by_chance(seed, _ZARR if seed < 2 else _HDF5, **{fault: share})
    for seed in range(2):
        yield _by_chance(seed, slow=0.2)
    for seed in range(8):
        yield _by_chance(seed, _ZARR if seed < 4 else _HDF5, **_MIX)
    for n_times, options in ((1, _HDF5), (2, _HDF5), (1, _ZARR), (5, _ZARR)):
        yield _Trouble(f"receipt-unanswered-{n_times}-{len(options)}", _first(n_times, "lost", _is_receipt), options)
    for n_times in (1, 5, 20):
        yield _Trouble(f"clock-wrong-{n_times}-times", _first(n_times, "skew", lambda _method, _path: True))


def _cases(tier: Tier) -> Iterable[Case]:
    if tier is Tier.FAST:
        # at 60 % most of half a minute goes into waiting, as it should
        yield Case("503-30%", partial(_round_trip, _by_chance(0, **{"503": 0.3})))
        yield Case("mixed", partial(_round_trip, _by_chance(0, **_MIX)))
        receipt = _Trouble("receipt-unanswered", _first(1, "lost", _is_receipt))
        yield Case(receipt.name, partial(_round_trip, receipt))
        yield Case("killed-at-object-3", partial(_killed, 3, _HDF5, no_fault))
        return
    for trouble in _troubles():
        yield Case(trouble.name, partial(_round_trip, trouble))
    yield Case("clock-wrong", _clock_is_wrong)
    for n_th in (1, 3, 5, 7, 9):
        yield Case(f"killed-at-object-{n_th}-hdf5", partial(_killed, n_th, _HDF5, by_chance({"503": 0.1}, n_th)))
    for n_th in (1, 20, 60, 100, 140):
        yield Case(f"killed-at-object-{n_th}-zarr", partial(_killed, n_th, _ZARR, by_chance({"503": 0.1}, n_th)))
    for seed in range(6):
        options = _ZARR if seed < 3 else _HDF5
        yield Case(f"two-writers-{seed}", partial(_two_writers, by_chance({"503": 0.1, "lost": 0.05}, seed), options))


ROW = Row(
    name="R21",
    title="trouble with an object store",
    promise="no object is lost or bent, the receipt comes last, no lost answer is a conflict; the next run goes on",
    cases=_cases,
)
