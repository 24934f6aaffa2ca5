"""R25: the same recording gives the same output, whoever makes it, where, when and in which order."""

import os
import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from miniscope_to_nwb_zarr.data_conversion import commit, frames
from miniscope_to_nwb_zarr.data_conversion.pool import Pool
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.sources.video import listen_to_decoder
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.program import PROGRAM, Said, run, run_in_child, words
from tests.recordings import SMALL, scope_spec, small_recording, write_recording


@cache
def _data() -> Path:
    """Two recordings, one with a camera."""
    folder = shared_folder() / "r25"
    small_recording(folder, notes=SMALL.notes)
    write_recording(scope_spec(animal="M2", n_frames=35), folder)
    return folder


@cache
def _reference() -> dict[str, str]:
    """The content digest of each session, made by one process, one frame after the other."""
    folder = shared_folder() / "r25-reference"
    said = run_in_child(words(_data(), folder / "results", engine="serial", workers=1), folder / "said")
    return _digests(folder / "results", said)


def _digests(results: Path, said: Said) -> dict[str, str]:
    assert said.code == 0, said
    assert set(said.outcomes.values()) == {"written"}
    receipts = {path.parent.name: commit.read_receipt(path.parent) for path in results.glob("[!.]*/receipt.json")}
    assert len(receipts) == len(said.outcomes) == 2
    return {name: receipt.content_digest for name, receipt in receipts.items() if receipt is not None}


def _in_any_order(folder: Path) -> None:
    """The tasks of three workers, done in an order of their own."""
    command = words(_data(), folder / "results", engine="serial", workers=3)
    said = run_in_child(command, folder / "said", partial(setattr, session_job, "open_pool", _in_disorder))
    assert _digests(folder / "results", said) == _reference()


def _elsewhere(folder: Path) -> None:
    """Another folder, other times of the files, another zone, other rights; folders are listed backwards."""
    wanted, data = _reference(), folder / "other data"
    shutil.copytree(_data(), data)
    for path in data.rglob("*"):
        os.utime(path, (0, 1_000_000_000))
        path.chmod(0o755 if path.is_dir() else 0o444)

    def prepare() -> None:
        os.environ["TZ"] = "Pacific/Kiritimati"
        time.tzset()
        os.umask(0o077)
        os.chdir("/")
        scandir, listdir = os.scandir, os.listdir
        os.scandir = lambda path=".": _Backwards(scandir(path))
        os.listdir = lambda path=".": sorted(listdir(path), reverse=True)

    said = run_in_child(words(data, folder / "other results", engine="serial", workers=1), folder / "said", prepare)
    assert _digests(folder / "other results", said) == wanted


class _Backwards(AbstractContextManager):
    """The entries of a folder in an order that no disk gives them in."""

    def __init__(self, found: Any) -> None:
        with found:
            self._entries = iter(sorted(found, key=lambda entry: entry.name, reverse=True))

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


def _by_program(options: Mapping[str, object], env: Mapping[str, str], folder: Path) -> None:
    wanted = _reference()
    program = ("/usr/bin/env", *(f"{name}={value}" for name, value in env.items()), *PROGRAM)
    said = run(words(_data(), folder / "results", **options), program)
    assert _digests(folder / "results", said) == wanted


@contextmanager
def _in_disorder(workers: int) -> Iterator[Pool]:
    listen_to_decoder()
    try:
        yield Pool(_Disorder(), workers)
    finally:
        frames._state.videos.clear()


class _Disorder(Executor):
    """One thread that does what is waiting in a random order."""

    _processes = None

    def __init__(self) -> None:
        self._waiting: list[tuple[Future[object], Callable[[], object]]] = []
        self._has_come = Condition()
        Thread(target=self._work, daemon=True).start()

    def submit(self, fn, /, *args, **kwargs):
        future: Future[object] = Future()
        with self._has_come:
            self._waiting.append((future, partial(fn, *args, **kwargs)))
            self._has_come.notify()
        return future

    def _work(self) -> None:
        rng = random.Random(1)
        while True:
            with self._has_come:
                self._has_come.wait_for(lambda: self._waiting)
            # for others to come
            time.sleep(0.01)
            future, task = self._waiting.pop(rng.randrange(len(self._waiting)))
            try:
                future.set_result(task())
            except Exception as error:  # noqa: BLE001 - as an executor does
                future.set_exception(error)


_PROGRAMS: Mapping[str, tuple[Mapping[str, object], Mapping[str, str]]] = {
    "one-worker": ({"engine": "serial", "workers": 1}, {}),
    "two-workers": ({"engine": "serial", "workers": 2}, {}),
    "four-workers": ({"engine": "serial", "workers": 4}, {}),
    "a-cluster": ({"engine": "local", "workers": 2}, {}),
    "other-hashes": ({"engine": "serial", "workers": 2}, {"PYTHONHASHSEED": "4242"}),
    "another-locale": ({"engine": "serial", "workers": 2}, {"LC_ALL": "C", "LANG": "C"}),
    "another-zone": ({"engine": "serial", "workers": 2}, {"TZ": "Asia/Kathmandu"}),
    "fewer-threads": ({"engine": "serial", "workers": 2}, {"BLOSC_NTHREADS": "1", "OMP_NUM_THREADS": "1"}),
}


def _cases(tier: Tier) -> Iterable[Case]:
    yield Case("tasks-in-any-order", _in_any_order)
    yield Case("another-place-and-time", _elsewhere)
    for name, (options, env) in _PROGRAMS.items() if tier is Tier.FULL else ():
        yield Case(name, partial(_by_program, options, env))


ROW = Row(
    name="R25",
    title="the same recording again, elsewhere",
    promise="the same content digest, whatever the number of workers, their order, the engine, place and time",
    cases=_cases,
)
