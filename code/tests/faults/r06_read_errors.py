"""R6: a file that the disk does not give back is said to be unreadable, or its loss is a finding.

A read fails once, as on a network that hiccups, or from then on, as on a disk that dies.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.conversions import listing
from tests.faults import samples, traced
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.outputs import is_whole, outputs_in
from tests.faults.program import WITHOUT_WORKERS, run, wanted_digest, words_for

_CALLS = ("read", "pread64", "readv", "preadv")
_FULL_CASES = 12
"""Of each layout."""
_MAIN_LAYOUT = "Miniscope DAQ"
_FAST = (("HPC_miniscope1/timeStamps.csv", 5), ("HPC_miniscope1/metaData.json", 8), ("Behavior_camera/0.avi", 1))
"""Files of the main layout, and which read of them fails: one of discovery, of the copy, of the decoder."""


@dataclass(frozen=True)
class _Place:
    """A read of a file."""

    path: Path
    call: str
    number: int
    """Of the calls of that name, from 1."""


@cache
def _places(layout: str) -> tuple[_Place, ...]:
    """The reads of every file of a recording, in an undisturbed run."""
    log = shared_folder() / f"r06-{layout}.log"
    files = [file.path for file in samples.session_of(layout).source_files]
    command = (*traced.strace(log, _CALLS, only=files), "-y", *WITHOUT_WORKERS)
    assert run(words_for(layout, shared_folder() / f"r06-{layout}"), command).code == 0
    numbers: Counter[tuple[Path, str]] = Counter()
    places = []
    for _, call, rest in traced.calls_of(log):
        opened = re.match(r"\d+<(.*?)>, ", rest)
        if opened and Path(opened[1]) in files:
            numbers[Path(opened[1]), call] += 1
            places.append(_Place(Path(opened[1]), call, numbers[Path(opened[1]), call]))
    return tuple(places)


def _place(layout: str, name: str, number: int) -> _Place:
    """A read of the file whose path ends so: a run that is traced to find its reads takes as long as three cases."""
    (path,) = (file.path for file in samples.session_of(layout).source_files if file.path.as_posix().endswith(name))
    return _Place(path, "read", number)


def _fails(layout: str, find: Callable[[], _Place], folder: Path, *, for_good: bool) -> None:
    session, results, log = samples.session_of(layout), folder / "results", folder / "log"
    data, wanted, place = listing(samples.folder_of(layout)), wanted_digest(layout), find()
    folder.mkdir(parents=True)
    when = f"error=EIO:when={place.number}{'+' if for_good else ''}"
    before = traced.strace(log, (place.call,), when, only=(place.path,))
    said = run(words_for(layout, results), (*before, *WITHOUT_WORKERS))
    assert "(INJECTED)" in log.read_text(), "nothing failed"
    assert "a fault of this program" not in said.err, said.err
    if said.code:
        assert said.code in {3, 75}, said
        assert place.path.name in said.err, said.err
        assert outputs_in(results) == []
    elif not is_whole(results / session.name, wanted):
        _hold_told(results / session.name, place.path, layout)
    assert listing(samples.folder_of(layout)) == data


def _hold_told(final: Path, path: Path, layout: str) -> None:
    """What an output does not have, a finding says."""
    receipt = commit.read_receipt(final)
    assert receipt is not None
    assert check_files(final, receipt, 1) == []
    usual = {finding.sentence for finding in samples.session_of(layout).findings}
    told = [f for f in receipt.findings if f.sentence not in usual and f.severity is Severity.ERROR]
    assert any(path.name in f"{f.where} {f.sentence}" or path.parent.name in f.where for f in told), receipt.findings


def _any_place(layout: str, k: int) -> _Place:
    """One of the reads of a layout, of each file and call in turn, each time another."""
    kinds = list(dict.fromkeys((place.path, place.call) for place in _places(layout)))
    path, call = kinds[k % len(kinds)]
    places = [place for place in _places(layout) if (place.path, place.call) == (path, call)]
    return random.Random(k).choice(places)


def _cases(tier: Tier) -> Iterable[Case]:
    if tier is Tier.FAST:
        for name, number in _FAST:
            find = partial(_place, _MAIN_LAYOUT, name, number)
            yield Case(f"{Path(name).name}-{number}", partial(_fails, _MAIN_LAYOUT, find, for_good=False))
        return
    for layout in samples.LAYOUTS:
        for k in range(_FULL_CASES):
            find, for_good = partial(_any_place, layout, k), k % 2 == 1
            name = f"{layout}-{k}-{'from-then-on' if for_good else 'once'}"
            yield Case(name, partial(_fails, layout, find, for_good=for_good))


ROW = Row(
    name="R6",
    title="a read fails",
    promise="exit 3 or 75 that names the file, or a finding that says what is lost; never less in silence",
    cases=_cases,
    needs=traced.why_not,
)
