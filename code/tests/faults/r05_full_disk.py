"""R5: a full disk is a reason to run again: how much room is needed is said, and nothing half-done stays."""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.run import session_job
from tests.conversions import listing
from tests.faults import mounts, samples, traced
from tests.faults.harness import Case, Row, Tier, shared_folder, spread
from tests.faults.outputs import hold_whole_or_absent, outputs_in
from tests.faults.program import WITHOUT_WORKERS, Said, run, run_in_child, wanted_digest, words_for

_LAYOUT = "Miniscope DAQ"
_DISK_BYTES = 16 << 20
_CALLS = ("write", "pwrite64", "mkdir", "fsync", "rename", "renameat2", "ftruncate")
_REFUSED_CASES = 100
_ON_STANDARD_OUTPUT = ("1, ", "2, ")


@dataclass(frozen=True)
class _Disk:
    """A disk on which a run does not find the room that it takes."""

    left: float = 0.0
    """Share of that room which is left."""
    is_filled_meanwhile: bool = True
    """Another program takes the room after this one has looked; False: it was taken before."""
    options: Mapping[str, str] = field(default_factory=dict)
    layout: str = _LAYOUT
    n_files: int = 0
    """Files that the disk has room for, whatever their size; 0: no limit."""

    @property
    def name(self) -> str:
        """For the name of a case."""
        taken = "meanwhile" if self.is_filled_meanwhile else "from-the-start"
        form = "HDF5" if self.options else self.layout
        return f"{form}-{self.n_files}-files" if self.n_files else f"{form}-{taken}-{self.left:.2f}"


_HDF5 = {"format": "hdf5"}
_FAST = (
    _Disk(0.3, is_filled_meanwhile=False), _Disk(0.0), _Disk(0.4), _Disk(0.97), _Disk(0.6, options=_HDF5),
    _Disk(1.0, n_files=50),
)  # fmt: skip
_FULL = (
    *(_Disk(share, is_filled_meanwhile=False) for share in (0.0, 0.01, 0.5, 0.99)),
    *(_Disk(0.05 + 0.1 * k, layout=layout) for k, layout in enumerate((*samples.LAYOUTS, *samples.LAYOUTS))),
    *(_Disk(share, options=_HDF5) for share in (0.2, 0.5, 0.8, 0.95)),
    *(_Disk(1.0, n_files=n_files) for n_files in (5, 200)),
)


def _full(disk: _Disk, folder: Path) -> None:
    left_bytes = disk.left * _used_bytes(disk.layout, **disk.options)
    check_room = session_job.check_room

    def prepare() -> None:
        if disk.is_filled_meanwhile and not disk.n_files:
            session_job.check_room = check_and_fill

    def check_and_fill(*arguments: object) -> None:
        check_room(*arguments)
        _fill(results, left_bytes)

    def on_disk() -> None:
        mounts.mount_small_disk(results, _DISK_BYTES, disk.n_files)
        foreign = _foreign_files(results)
        if not (disk.is_filled_meanwhile or disk.n_files):
            _fill(results, left_bytes)
        _hold(run_in_child(words_for(disk.layout, results, **disk.options), folder / "said", prepare))
        (results / "other.bin").unlink(missing_ok=True)
        assert listing(results / "mine") == foreign
        assert outputs_in(results) == ["mine"]

    results = folder / "results"
    assert mounts.in_own_mounts(on_disk) == 0


def _hold(said: Said) -> None:
    assert said.code == 75, said
    assert _says_how_much(said), said.err
    assert "a fault of this program" not in said.err
    assert said.lines[-1]["exit_code"] == 75


def _says_how_much(said: Said) -> bool:
    return re.search(r"(needs about|about) [\d,]+ bytes", said.err) is not None


def _fill(results: Path, left_bytes: float) -> None:
    """Another program writes into the results until so many bytes are left."""
    n_bytes = shutil.disk_usage(results).free - int(left_bytes)
    (results / "other.bin").write_bytes(b"\1" * max(n_bytes, 0))


def _foreign_files(results: Path) -> dict[str, tuple[int, str]]:
    (results / "mine").mkdir(parents=True)
    (results / "mine" / "thesis.txt").write_text("the only copy")
    return listing(results / "mine")


@cache
def _used_bytes(layout: str, **options: str) -> int:
    """What an output takes of a disk with room."""
    folder = shared_folder() / f"r05-{layout}-{len(options)}"

    def measure() -> None:
        mounts.mount_small_disk(folder / "results", _DISK_BYTES)
        said = run_in_child(words_for(layout, folder / "results", **options), folder / "said")
        assert said.code == 0, said
        (folder / "used").write_text(str(shutil.disk_usage(folder / "results").used))

    assert mounts.in_own_mounts(measure) == 0
    return int((folder / "used").read_text())


def _refused(k: int, folder: Path) -> None:
    """One call of the program is told that no room is left."""
    session, results, log = samples.session_of(_LAYOUT), folder / "results", folder / "log"
    foreign, wanted = _foreign_files(results), wanted_digest(_LAYOUT)
    call, when = _places()[k * len(_places()) // _REFUSED_CASES]
    before = traced.strace(log, (call,), f"error=ENOSPC:when={when + 1}")
    said = run(_quiet(results), (*before, *WITHOUT_WORKERS))
    hits = [rest for _, _, rest in traced.calls_of(log) if "(INJECTED)" in rest]
    assert hits, f"{call} was called less than {when} times"
    is_there = hold_whole_or_absent(results / session.name, wanted)
    # no harm is done where a folder could not be made that was there already
    assert said.code == 75 or (said.code == 0 and is_there), (said, hits)
    # a standard error on a full disk takes no message
    is_untold = all(hit.startswith(_ON_STANDARD_OUTPUT) for hit in hits)
    assert said.code == 0 or is_untold or _says_how_much(said), (said, hits)
    assert listing(results / "mine") == foreign
    assert set(outputs_in(results)) <= {"mine", session.name}


@cache
def _places() -> list[tuple[str, int]]:
    """Calls that an undisturbed run makes, and the numbers of some, from the first to the last."""
    log = shared_folder() / "r05.log"
    _foreign_files(shared_folder() / "r05-traced")
    command = (*traced.strace(log, _CALLS), *WITHOUT_WORKERS)
    assert run(_quiet(shared_folder() / "r05-traced"), command).code == 0
    counts = sorted(traced.counts_of(log).items())
    return [(call, when) for call, n in counts for when in spread(n, 1 + _REFUSED_CASES // 3)]


def _quiet(results: Path) -> list[str]:
    """A command that writes to its standard output when it ends, if at all."""
    return words_for(_LAYOUT, results, quiet=True, json=False)


def _cases(tier: Tier) -> Iterable[Case]:
    for disk in _FAST if tier is Tier.FAST else _FULL:
        yield Case(disk.name, partial(_full, disk))
    if tier is Tier.FULL and traced.why_not() is None:
        for k in range(_REFUSED_CASES):
            yield Case(f"refused-{k}", partial(_refused, k))


ROW = Row(
    name="R5",
    title="the disk is full",
    promise="exit 75 with the bytes that are needed; no output; what others have there is untouched",
    cases=_cases,
    needs=mounts.why_not,
)
