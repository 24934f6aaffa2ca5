"""R19: a run that finds its output done writes nothing into it, decodes nothing, and is soon over."""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.run import session_job
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.processes import cpu_of_children_s
from tests.faults.program import run_in_child, words, words_for
from tests.recordings import scope_recording

_MOST_OF_THE_TIME, _LITTLE_OF_THE_TIME = 0.5, 0.05
_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "zarr": {},
    "hdf5": {"format": "hdf5"},
    "embedded": {"behavior_video": "embed"},
    "metadata": {"metadata": True},
}


def _twice(layout: str, options: Mapping[str, object], folder: Path) -> None:
    first_s, second_s = _times_of_both(words_for(layout, folder / "results", **options), folder)
    # a small recording: most of the time goes into starting, and checking what is there
    assert options.get("metadata") or second_s < _MOST_OF_THE_TIME * first_s, (first_s, second_s)


def _twice_large(folder: Path) -> None:
    """A recording of some minutes, of which the start is a small part."""
    scope_recording(folder / "data", width_px=304, height_px=304, n_frames=4000, frames_per_file=1000)
    first_s, second_s = _times_of_both(words(folder / "data", folder / "results"), folder)
    assert second_s < _LITTLE_OF_THE_TIME * first_s, (first_s, second_s)


def _times_of_both(line: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run the program twice, and hold the second run against the promise; gives the work of both, in seconds."""
    samples.finished()
    results = folder / "results"
    began_s = cpu_of_children_s()
    (first,) = run_in_child(line, folder / "first").outcomes.items()
    first_s, name = cpu_of_children_s() - began_s, first[0]
    assert first == (name, "written")
    before, tops = state(results / name), set(results.iterdir())
    began_s = cpu_of_children_s()
    said = run_in_child(line, folder / "second", _refuse_to_work)
    second_s = cpu_of_children_s() - began_s
    assert (said.code, said.outcomes) == (0, {name: "already done"}), said
    assert state(results / name) == before
    (added,) = set(results.iterdir()) - tops
    assert added.name.startswith("run-")
    return first_s, second_s


def _refuse_to_work() -> None:
    """Work that has been done would end the run."""

    def refuse(*_: object) -> None:
        raise AssertionError("work is done again")

    session_job.start_frames = session_job.write_metadata = refuse


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Of every file and folder: which it is, and when it was changed."""
    paths = [folder, *(Path(base, each) for base, folders, files in os.walk(folder) for each in (*folders, *files))]
    return {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in sorted(paths)
    }


def _cases(tier: Tier) -> Iterable[Case]:
    for layout in samples.LAYOUTS:
        for kind, options in list(_OPTIONS.items())[: 1 if tier is Tier.FAST else None]:
            yield Case(f"{layout}-{kind}", partial(_twice, layout, options))
    if tier is Tier.FULL:
        yield Case("large", _twice_large)


ROW = Row(
    name="R19",
    title="the same run again",
    promise="exit 0, no byte of the output written or touched, no frame decoded",
    cases=_cases,
)
