"""R18: whatever lies in the results before a run is there afterwards, to the byte, also where it is in the way."""

import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import disk
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.outputs import outputs_in
from tests.faults.program import Said, run_in_child, words_for

_N_FILES = 50
_MAIN_LAYOUT = "Miniscope DAQ"


def _folder(place: Path, _elsewhere: Path) -> None:
    (place / "deep").mkdir(parents=True)
    (place / "thesis.txt").write_text("the only copy")
    (place / "deep" / "0.0.0").write_bytes(b"\0\1")


def _file(place: Path, _elsewhere: Path) -> None:
    place.write_text("a file")


def _empty_folder(place: Path, _elsewhere: Path) -> None:
    place.mkdir()


def _link(place: Path, elsewhere: Path) -> None:
    place.symlink_to(elsewhere)


def _dangling_link(place: Path, elsewhere: Path) -> None:
    place.symlink_to(elsewhere / "nowhere")


def _closed_folder(place: Path, elsewhere: Path) -> None:
    _folder(place, elsewhere)
    (place / "thesis.txt").chmod(0o400)
    place.chmod(0o500)


_Make = Callable[[Path, Path], None]


@dataclass(frozen=True)
class _Before:
    """What a run finds, and what comes of it."""

    at_the_name: _Make | None = None
    """Put in the place of the output."""
    options: Mapping[str, object] = field(default_factory=dict)
    codes: frozenset[int] = frozenset({0})
    layout: str = _MAIN_LAYOUT
    at_replaced: _Make | None = None
    """Put in the place of what was replaced."""

    @property
    def name(self) -> str:
        """For the name of a case."""
        makes = (self.at_the_name, self.at_replaced)
        parts = [make.__name__.lstrip("_").replace("_", "-") if make else "nothing" for make in makes]
        return "-".join([self.layout, *parts, *(f"{key}={value}" for key, value in self.options.items())])


_REPLACE = {"existing": "replace"}
_IN_THE_WAY = frozenset({5})
_FAST = (
    _Before(),
    _Before(_folder, codes=_IN_THE_WAY),
    _Before(_folder, _REPLACE),
    _Before(_link, _REPLACE),
    _Before(options={"clean_staging": "delete"}),
)
_FULL = (
    *(_Before(layout=layout) for layout in samples.LAYOUTS),
    *(
        _Before(make, codes=_IN_THE_WAY)
        for make in (_folder, _file, _empty_folder, _link, _dangling_link, _closed_folder)
    ),
    *(_Before(make, _REPLACE) for make in (_folder, _file, _empty_folder, _link, _dangling_link)),
    _Before(_folder, {"existing": "error"}, _IN_THE_WAY),
    _Before(_folder, {"metadata": True}, _IN_THE_WAY),
    _Before(_folder, _REPLACE, at_replaced=_folder),
    _Before(_folder, _REPLACE, _IN_THE_WAY, at_replaced=_file),
    _Before(options={"clean_staging": "delete"}),
)


def _kept(before: _Before, folder: Path) -> None:
    samples.finished()
    results, elsewhere = folder / "results", folder / "elsewhere"
    name = samples.session_of(before.layout).name
    _fill(results, elsewhere, name)
    if before.at_the_name:
        before.at_the_name(results / name, elsewhere)
    if before.at_replaced:
        before.at_replaced(results / ".replaced", elsewhere)
    foreign, outside = _state(results), _state(elsewhere)
    said = run_in_child(words_for(before.layout, results, **before.options), folder / "said")
    assert said.code in before.codes, said
    _hold(results, foreign, name, said)
    assert _state(elsewhere) == outside


def _come_meanwhile(make: _Make, folder: Path) -> None:
    """Somebody takes the name of the output while it is made."""
    samples.finished()
    results, elsewhere = folder / "results", folder / "elsewhere"
    name = samples.session_of(_MAIN_LAYOUT).name
    results.mkdir(parents=True)

    def prepare() -> None:
        rename_new = disk.rename_new

        def late_rename(source: Path, target: Path) -> None:
            make(target, elsewhere)
            rename_new(source, target)

        disk.rename_new = late_rename

    make(folder / "reference", elsewhere)
    said = run_in_child(words_for(_MAIN_LAYOUT, results), folder / "said", prepare)
    assert said.code in _IN_THE_WAY, said
    assert outputs_in(results) == [name]
    assert _contents(results / name) == _contents(folder / "reference")


def _contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in (place, *place.rglob("*"))[1:]}


def _hold(results: Path, foreign: dict[str, tuple[object, ...]], name: str, said: Said) -> None:
    now = _state(results)
    moved = [path.name for path in (results / ".replaced").glob(f"{name}.*")] if said.code == 0 else []
    for path, state in foreign.items():
        top, _, rest = path.partition("/")
        # what was in the way is kept where replaced outputs are
        places = [f".replaced/{each}/{rest}".rstrip("/") for each in moved] if top == name and moved else [path]
        found = [now.get(place) for place in places]
        assert state in found, f"{path} was {state}, is {found}"


def _fill(results: Path, elsewhere: Path, name: str) -> None:
    """Files as people and other programs leave them, with names that are close to ours."""
    rng = random.Random(name)
    tops = (
        "analysis", "repository/.git/objects/ab", "run-00000000-00000000", f".staging-{name}-mine",
        f".staging-{name}-{'0' * 32}", ".staging-other", f"{name}.nwb.zarr", "qc", "behavior-videos",
    )  # fmt: skip
    for number in range(_N_FILES - 5):
        place = results / tops[number % len(tops)]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.bin").write_bytes(rng.randbytes(rng.randrange(200)))
    (results / "repository" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    for text in ("summary.json", "receipt.json", ".owner.json", ".hidden"):
        (results / text).write_text("mine")
    for path in (results / "repository" / ".git").rglob("*.bin"):
        path.chmod(0o444)
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("the only copy")
    (results / f".staging-{name}-mine" / "link").symlink_to(elsewhere)
    (results / ".staging-link").symlink_to(elsewhere)


def _state(folder: Path) -> dict[str, tuple[object, ...]]:
    """Of every file, folder and link: what it is, when it was changed, what it holds."""
    found: dict[str, tuple[object, ...]] = {}
    for base, folders, files in os.walk(folder):
        for each in (*folders, *files):
            path = Path(base, each)
            status = path.lstat()
            if path.is_symlink():
                content: object = path.readlink()
            else:
                # a folder's own time changes when another folder in it is renamed
                content = None if path.is_dir() else (path.read_bytes(), status.st_mtime_ns)
            found[path.relative_to(folder).as_posix()] = (status.st_mode, status.st_ino, content)
    return found


def _cases(tier: Tier) -> Iterable[Case]:
    for before in _FAST if tier is Tier.FAST else _FULL:
        yield Case(before.name, partial(_kept, before))
    for make in (_empty_folder, _folder):
        yield Case(f"{make.__name__[1:].replace('_', '-')}-comes-meanwhile", partial(_come_meanwhile, make))


ROW = Row(
    name="R18",
    title="files of others in the results",
    promise="every one of them is as it was; what an output takes the place of is kept",
    cases=_cases,
)
