"""R14 for NWB files: links and special files in the place of a file, a store or a part of it; nothing waits for one."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from tests.conversions import listing
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.nwb_samples import NAME

_MAX_S = 10
_OTHER = "other"


def _fifo(path: Path, _outside: Path) -> None:
    _remove(path)
    os.mkfifo(path)


def _socket(path: Path, _outside: Path) -> None:
    _remove(path)
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        # a socket's path may be 107 bytes long
        os.chdir(path.parent)
        made.bind(path.name)
        os.chdir(before)


def _zeros(path: Path, _outside: Path) -> None:
    _remove(path)
    path.symlink_to("/dev/zero")


def _loop(path: Path, _outside: Path) -> None:
    _remove(path)
    path.symlink_to(path)


def _nowhere(path: Path, _outside: Path) -> None:
    _remove(path)
    path.symlink_to("gone")


def _outside(path: Path, outside: Path) -> None:
    path.symlink_to(path.rename(outside / path.name))


def _elsewhere_inside(path: Path, _outside: Path) -> None:
    hidden = path.parent / ".kept"
    hidden.mkdir()
    path.symlink_to(path.rename(hidden / path.name))


_KINDS: tuple[Callable[[Path, Path], None], ...] = (
    *(_fifo, _zeros, _outside, _socket, _loop, _nowhere, _elsewhere_inside),
)
_IN_STORES = ("analysis/large/0.0", "analysis/words/.zarray", ".zattrs", "analysis", ".zmetadata")


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _held(form: str, kind: Callable[[Path, Path], None], inner: str, folder: Path) -> None:
    """One of two files is not what it seems to be; a level deeper, where links are not trusted."""
    outside, data = folder / "outside", folder / "data"
    outside.mkdir(parents=True)
    path = nwb_samples.copy_of_source(form, data / "deep")
    sound = nwb_samples.copy_of_source(form, data)
    sound.rename(data / sound.name.replace(NAME, _OTHER))
    kind(path / inner if inner else path, outside)
    before = listing(outside)
    began = time.monotonic()
    line = nwb_samples.words(data, folder / "results", format=form)
    said = nwb_samples.run(line, folder / "said")
    assert time.monotonic() - began < _MAX_S + nwb_samples.MAX_S, "it waited"
    assert said.code in {0, 4}, said
    assert said.outcomes[_OTHER] == "written", said
    is_outside = kind in {_outside, _fifo, _socket, _zeros, _loop, _nowhere}
    if is_outside and said.outcomes.get(NAME) == "written":
        raise AssertionError(f"what is no file of the data folder was converted: {said}")
    if is_outside:
        assert "session" in said.err, "nothing is said of it"
    assert listing(outside) == before


def _cases(tier: Tier) -> Iterable[Case]:
    ways = [("zarr", "", kind) for kind in _KINDS]
    ways += [("hdf5", "", kind) for kind in _KINDS]
    ways += [("hdf5", inner, kind) for inner in _IN_STORES for kind in _KINDS]
    for k, (form, inner, kind) in enumerate(ways):
        if tier is Tier.FULL or k < 4 or k % 9 == 0:
            place = inner.replace("/", "-") or "all"
            yield Case(f"{form}-{place}-{kind.__name__[1:]}", partial(_held, form, kind, inner))


ROW = Row(
    name="R14 NWB",
    title="links and special files, NWB files",
    promise="only regular files inside the data folder are opened, nothing waits; the other file is converted",
    cases=_cases,
)
