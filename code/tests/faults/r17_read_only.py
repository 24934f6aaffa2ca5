"""R17: the data folder is only ever read: it may be mounted read-only, and nothing there is opened for writing."""

import os
import re
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.conversions import listing
from tests.faults import mounts, samples, traced
from tests.faults.harness import Case, Row, Tier, in_child
from tests.faults.program import PROGRAM, run, run_in_child, words_for

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset({
    "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown",
    "os.utime", "os.setxattr", "os.removexattr", "shutil.rmtree", "shutil.move",
})  # fmt: skip
_WRITE_FLAGS = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND")
_CALLS = (
    "open", "openat", "openat2", "creat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "unlink", "unlinkat",
    "rmdir", "link", "linkat", "symlink", "symlinkat", "truncate", "chmod", "fchmodat", "chown", "lchown", "fchownat",
    "utimensat", "setxattr", "lsetxattr", "removexattr", "mknod", "mknodat",
)  # fmt: skip
_OPENS = frozenset({"open", "openat", "openat2", "creat"})
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _on_a_read_only_disk(layout: str, folder: Path) -> None:
    """The program's own Python code is watched; what libraries in C try is refused by the disk."""
    samples.truth_of(layout)
    data, tried = samples.folder_of(layout), folder / "tried"
    before = listing(data)
    folder.mkdir(parents=True)

    def on_disk() -> None:
        if mounts.why_not() is None:
            mounts.make_read_only(data)
        said = run_in_child(words_for(layout, folder / "results"), folder / "said", partial(_watch, data, tried))
        assert said.code == 0, said
        assert said.outcomes == {samples.session_of(layout).name: "written"}

    in_their_own = mounts.in_own_mounts if mounts.why_not() is None else in_child
    assert in_their_own(on_disk) == 0
    assert tried.read_text() == "", tried.read_text()
    assert listing(data) == before


def _watch(data: Path, tried: Path) -> None:
    """Note whatever this process tries to change below a folder."""
    fd = os.open(tried, os.O_WRONLY | os.O_CREAT)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        is_change = event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES)
        if not is_change:
            return
        paths = [os.fsdecode(each) for each in arguments if isinstance(each, (str, bytes, os.PathLike))]
        if any(Path(path).is_relative_to(data) for path in paths):
            os.write(fd, f"{event} {paths}\n".encode())

    sys.addaudithook(hook)


def _traced(layout: str, folder: Path) -> None:
    """Every call of the program and its workers that could change a file is held against the folder."""
    samples.truth_of(layout)
    data, log = samples.folder_of(layout), folder / "log"
    before = listing(data)
    folder.mkdir(parents=True)
    said = run(words_for(layout, folder / "results"), (*traced.strace(log, _CALLS), *PROGRAM))
    assert said.code == 0, said
    calls = traced.calls_of(log)
    assert any(str(data) in rest for _, _, rest in calls), "nothing was read"
    assert not [(call, rest) for _, call, rest in calls if _changes(call, rest, data)]
    assert listing(data) == before


def _changes(call: str, rest: str, data: Path) -> bool:
    paths = [match for match in _PATH.findall(rest) if Path(match).is_relative_to(data)]
    return bool(paths) and (call not in _OPENS or any(flag in rest for flag in _WRITE_FLAGS))


def _cases(tier: Tier) -> Iterable[Case]:
    for layout in samples.LAYOUTS:
        yield Case(layout, partial(_on_a_read_only_disk, layout))
        if tier is Tier.FULL and traced.why_not() is None:
            yield Case(f"{layout}-traced", partial(_traced, layout))


ROW = Row(
    name="R17",
    title="data that must not be written",
    promise="a recording on a read-only disk is converted; nothing below the data folder is opened for writing",
    cases=_cases,
)
