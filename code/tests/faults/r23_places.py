"""R23: awkward names and places work, or the program says with its exit code and a sentence why they do not."""

import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.conversions import listing
from tests.faults import mounts, samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.program import CODE, PATIENCE_S, PROGRAM, Said, run_in_child, words
from tests.faults.r14_links import be_nobody

_NAMES = {
    "spaces": " two  spaces ",
    "composed": unicodedata.normalize("NFC", "Müßé 猫"),
    "decomposed": unicodedata.normalize("NFD", "Müßé 猫"),
    "255-bytes": "n" * 255,
    "255-bytes-of-letters": "猫" * 85,
    "dots": "..data",
    "hash-and-percent": "a#b%20c?d=e&f",
    "glob": "[a-z]*{0,1}",
    "quotes": 'it\'s "data"',
    "dash": "-rf",
    "comma": "a,b",
    "tilde": "~nobody",
    "backslash": "a\\b",
    "zarr-like": "data.nwb",
    "line-feed": "a\nb",
    "not-utf-8": os.fsdecode(b"m\xfcde \xff"),
}
_DEEP = "/".join(["a folder in a folder"] * 20)
_TOO_DEEP = "/".join(["deep"] * 40)


@dataclass(frozen=True)
class _Place:
    """Where data and results lie, seen from the folder of the case; and what comes of it."""

    data: str = "data"
    results: str = "results"
    inner: str = ""
    """Where the recording is in the data."""
    codes: frozenset[int] = frozenset({0})
    says: str = ""
    """Stands in what is said where the run fails."""
    prepare: Callable[[Path], object] = lambda _: None
    """Done in the process before, given the folder of the case."""
    make: Callable[[Path], object] = lambda _: None
    """Done before that, given the folder of the case."""
    options: Mapping[str, object] = field(default_factory=dict)
    is_relative: bool = False


def _full_of_files(folder: Path) -> None:
    mounts.leave_others()
    mounts.mount_small_disk(folder / "results", 50_000_000, 40)


def _other_disk(folder: Path) -> None:
    mounts.leave_others()
    mounts.mount_small_disk(folder / "results", 50_000_000)


def _read_only_disk(folder: Path) -> None:
    mounts.leave_others()
    (folder / "results").mkdir()
    mounts.make_read_only(folder / "results")


def _not_to_be_written(folder: Path) -> None:
    (folder / "results").mkdir()
    (folder / "results").chmod(0o500)
    be_nobody()


def _parent_not_to_be_written(folder: Path) -> None:
    (folder / "closed").mkdir()
    (folder / "closed").chmod(0o500)
    be_nobody()


def _nowhere(folder: Path) -> None:
    """The folder in which the program runs is gone."""
    gone = folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()


def _is_file(folder: Path) -> None:
    (folder / "results").write_text("mine")


def _is_link(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "results").symlink_to(folder / "elsewhere")


def _is_dangling_link(folder: Path) -> None:
    (folder / "results").symlink_to(folder / "nowhere")


_PLACES = {
    "results-not-to-be-written": _Place(codes=frozenset({3}), says="results", prepare=_not_to_be_written),
    "parent-not-to-be-written": _Place(
        results="closed/results", codes=frozenset({3}), says="closed", prepare=_parent_not_to_be_written
    ),
    "results-are-a-file": _Place(codes=frozenset({2, 3}), says="results", make=_is_file),
    "results-are-a-link": _Place(make=_is_link),
    "results-are-a-dangling-link": _Place(codes=frozenset({2, 3}), says="results", make=_is_dangling_link),
    "results-in-data": _Place(results="data/results", codes=frozenset({2}), says="--results_dir"),
    "results-are-data": _Place(results="data", codes=frozenset({2}), says="--results_dir"),
    "data-in-results": _Place(data="results/data"),
    "relative": _Place(is_relative=True, prepare=os.chdir),
    "relative-and-deep": _Place(f"{_DEEP}/data", f"{_DEEP}/../results", is_relative=True, prepare=os.chdir),
    "relative-from-nowhere": _Place(is_relative=True, codes=frozenset({2, 3}), prepare=_nowhere),
    "from-nowhere": _Place(prepare=_nowhere),
    "deep": _Place(data=f"data/{_DEEP}", results=f"results/{_DEEP}"),
    "too-deep": _Place(inner=_TOO_DEEP, codes=frozenset({3}), says="--limits"),
    "no-data": _Place(
        data="data", codes=frozenset({3}), says="--data_dir", make=lambda folder: shutil.rmtree(folder / "data")
    ),
    "another-disk": _Place(prepare=_other_disk),
    "no-more-files": _Place(codes=frozenset({75}), says="files", prepare=_full_of_files),
    "read-only-disk": _Place(codes=frozenset({3}), says="results", prepare=_read_only_disk),
}
_MOUNTED = ("another-disk", "no-more-files", "read-only-disk")
_FAST_PLACES = (
    "results-not-to-be-written", "results-are-a-file", "results-in-data", "relative", "from-nowhere", "no-more-files",
)  # fmt: skip
_FAST_NAMES = {
    "decomposed": "Miniscope V3",
    "255-bytes-of-letters": "Miniscope DAQ",
    "not-utf-8": "Miniscope Open Ephys",
}


def _in_place(name: str, folder: Path) -> None:
    place, layout = _PLACES[name], "Miniscope DAQ"
    samples.truth_of(layout)
    data = folder / place.data
    data.parent.mkdir(parents=True)
    samples.copy_of(layout, data / place.inner)
    place.make(folder)
    before = listing(data) if data.exists() else {}
    given = [Path(place.data), Path(place.results)] if place.is_relative else [data, folder / place.results]
    said = run_in_child(
        words(*given, engine="serial", **place.options), folder.parent / "said", partial(place.prepare, folder)
    )
    _hold(said, place.codes, place.says)
    assert (listing(data) if data.exists() else {}) == before
    if said.code == 0 and name not in _MOUNTED:
        assert (folder / place.results / samples.session_of(layout).name / "receipt.json").is_file()


def _hold(said: Said, codes: Iterable[int], says: str = "") -> None:
    assert said.code in codes, said
    assert "Traceback" not in said.err
    assert said.lines[-1]["exit_code"] == said.code
    if said.code:
        assert says in said.err, said


def _called(layout: str, name: str, folder: Path) -> None:
    """Data, results and the files of the recording itself have an awkward name."""
    samples.truth_of(layout)
    data, results = folder / "in" / name, folder / "out" / name
    data.parent.mkdir(parents=True)
    samples.copy_of(layout, data / name)
    for path in sorted(data.rglob("*.avi")):
        # longer than any: what belongs together keeps its common name
        stem = f"{name[:40]}{path.stem}" if layout != "Miniscope DAQ" else path.stem
        for other in list(path.parent.glob(f"{path.stem}.*")):
            other.rename(other.with_name(f"{stem}{other.suffix}"))
    before = listing(data)
    request = samples.LAYOUTS[layout].request
    said = run_in_child(words(data, results, **request), folder / "said")
    _hold(said, {0, 3})
    assert listing(data) == before
    if layout == "Miniscope DAQ" and not name.startswith("."):
        assert said.code == 0, said
    if said.code == 0:
        checked = run_in_child(words(data, results, verify_only=True, **request), folder / "checked")
        _hold(checked, {0})


def _under_locale(locale: Mapping[str, str], name: str, folder: Path) -> None:
    """The process is told that text is in another encoding than names are."""
    samples.truth_of("Miniscope DAQ")
    data = folder / "in" / name
    data.parent.mkdir(parents=True)
    samples.copy_of("Miniscope DAQ", data)
    ended = subprocess.run(
        [os.fsencode(word) for word in (*PROGRAM, *words(data, folder / "out" / name, json=False, dry_run=True))],
        check=False,
        capture_output=True,
        timeout=PATIENCE_S,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))},
            **locale,
            "PYTHONPATH": str(CODE),
        },
    )
    assert ended.returncode == 0, ended
    assert b"Traceback" not in ended.stderr


_LOCALES = {
    "C-without-UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LC_ALL": "POSIX"},
    "latin-1": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"},
}


def _cases(tier: Tier) -> Iterable[Case]:
    is_full = tier is Tier.FULL
    for name in _PLACES if is_full else _FAST_PLACES:
        if name not in _MOUNTED or mounts.why_not() is None:
            yield Case(name, partial(_in_place, name))
    named = [(layout, name) for layout in samples.LAYOUTS for name in _NAMES]
    for layout, name in named if is_full else [(layout, name) for name, layout in _FAST_NAMES.items()]:
        yield Case(f"{layout}-{name}", partial(_called, layout, _NAMES[name]))
    for locale in _LOCALES if is_full else ["C-without-UTF-8"]:
        for name in ("composed", "not-utf-8") if is_full else ["not-utf-8"]:
            yield Case(f"{locale}-{name}", partial(_under_locale, _LOCALES[locale], _NAMES[name]))


def _needs() -> str | None:
    return None if sys.platform.startswith("linux") else "names and rights are those of Linux"


ROW = Row(
    name="R23",
    title="awkward names and places",
    promise="a conversion works, or ends with 2, 3 or 75 and says which place is at fault and why",
    cases=_cases,
    needs=_needs,
)
