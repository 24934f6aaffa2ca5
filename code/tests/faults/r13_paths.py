"""R13: names in settings that are paths lead nowhere: nothing else is opened, nothing is made outside the results.

Every file that is opened or made is noted, by Python's own audit or by strace, and held against what an undisturbed run
touches outside of data and results. Most cases of the fast tier plan the conversion, which reads everything but frames
and names all outputs; some convert.
"""

import gc
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.core.errors import ExitCode
from tests.conversions import listing
from tests.faults import samples, traced
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.program import WITHOUT_WORKERS, Said, run, run_in_child, words

_CANARY = "/tmp/r13-canary"
_STRINGS: dict[str, str] = {
    "up": "../../x",
    "far up": "../" * 40 + "etc/passwd",
    "up and down": "x/../../../x",
    "parent": "..",
    "here": ".",
    "three dots": "...",
    "root": "/",
    "absolute": "/etc",
    "absolute file": "/etc/passwd",
    "two slashes": "//etc/passwd",
    "canary": _CANARY,
    "canary below": f"{_CANARY}/x/y",
    "device of the system": "/dev/zero",
    "process": "/proc/self/environ",
    "home": "~/x",
    "home of root": "~root/.ssh/id_rsa",
    "variable": "$HOME/x",
    "variable of Windows": "%USERPROFILE%\\x",
    "backslashes": "..\\..\\x",
    "both": "..\\../..\\x",
    "drive": "C:\\Windows\\System32",
    "drive of the folder": "C:x",
    "share": "\\\\server\\share\\x",
    "long form": "\\\\?\\C:\\x",
    "encoded": "%2e%2e%2f%2e%2e%2fx",
    "encoded twice": "%252e%252e%252fx",
    "URL": "file:///etc/passwd",
    "other URL": "http://127.0.0.1:9/x",
    "bucket": "s3://bucket/../x",
    "NUL": "x\0/../../y",
    "line end": "x\n../../y",
    "CON": "CON",
    "NUL device": "nul.txt",
    "300 characters": "x" * 300,
    "300 folders": "x/" * 300,
    "right to left": "\u202e../../x",
    "wide slash": "..\uff0f..\uff0fx",
    "dots of Unicode": "\u2024\u2024/x",
    "trailing dot and blank": "../x. ",
    "pattern": "*/../[a-z]?{x,y}",
}
_PROGRAMS = ("open", "os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.rmdir", "os.truncate")
_LISTED = ("os.listdir", "os.scandir", "os.chdir", "os.chmod", "os.utime", "subprocess.Popen", "os.system")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CALLS = (
    "open",
    "openat",
    "openat2",
    "creat",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "symlink",
    "link",
)
_N_CONVERTED = {Tier.FAST: 6, Tier.FULL: 200}
_FAST_STEP = 4
_N_TRACED = {Tier.FAST: 1, Tier.FULL: 20}

_Prepare = Callable[[Path, str], Mapping[str, object]]
"""Puts a string into the data below a folder; gives the options of the run."""


def _edit(data: Path, file: str, change: Callable[[Any], None], device: str = "") -> None:
    path = next(p for p in sorted(data.rglob(file)) if not device or p.parent.name == device)
    settings = json.loads(path.read_bytes())
    change(settings)
    path.write_text(json.dumps(settings))


def _directory_structure(folder: Path, text: str) -> Mapping[str, object]:
    samples.copy_of("Miniscope DAQ", folder / "data")
    config = {
        "dataDirectory": text,
        "directoryStructure": ["researcherName", text, "animalName"],
        "researcherName": text,
        "animalName": text,
        text: text,
        "devices": {"miniscopes": {text: {"deviceName": text}}},
    }
    (folder / "user_config.json").write_text(json.dumps(config))
    return {"user_config": folder / "user_config.json"}


def _device_name(folder: Path, text: str) -> Mapping[str, object]:
    data = samples.copy_of("Miniscope DAQ", folder / "data")
    _edit(data, "metaData.json", lambda one: one.update(miniscopes=[text], cameras=[text]), "09_26_53")
    for device in (samples.SCOPE_NAME, "Behavior_camera"):
        names = {"deviceName": text, "deviceDirectory": text, "deviceType": text}
        _edit(data, "metaData.json", lambda one, names=names: one.update(names), device)
    return {}


def _animal_name(folder: Path, text: str) -> Mapping[str, object]:
    data = samples.copy_of("Miniscope DAQ", folder / "data")
    _edit(data, "metaData.json", lambda one: one.update(animalName=text), "09_26_53")
    return {}


def _animal_of_v3(folder: Path, text: str) -> Mapping[str, object]:
    data = samples.copy_of("Miniscope V3", folder / "data")
    path = next(data.rglob("settings_and_notes.dat"))
    path.write_text(path.read_text().replace("mouse1", text))
    return samples.LAYOUTS["Miniscope V3"].request


def _experiment_name(folder: Path, text: str) -> Mapping[str, object]:
    data = samples.copy_of("Miniscope DAQ", folder / "data")
    names = {"experimentName": text, "researcherName": text, "baseDirectory": text}
    _edit(data, "metaData.json", lambda one: one.update(names), "09_26_53")
    return {}


def _file_name_of_open_ephys(folder: Path, text: str) -> Mapping[str, object]:
    data = samples.copy_of("Miniscope Open Ephys", folder / "data")
    path = next(data.rglob("*.yml"))
    path.write_text(
        re.sub(r"(FileName|Suffix|PortName):[^\n]*", lambda m: f"{m[1]}: {json.dumps(text)}", path.read_text())
    )
    return {}


def _subject_option(folder: Path, text: str) -> Mapping[str, object]:
    samples.copy_of("Miniscope Open Ephys", folder / "data")
    # words cannot hold NUL
    return {"subject_id": text.replace("\0", "") or "x"}


def _subject_of_facts(folder: Path, text: str) -> Mapping[str, object]:
    samples.copy_of("Miniscope Open Ephys", folder / "data")
    (folder / "facts.json").write_text(json.dumps({"subject": {"subject_id": text}}))
    return {"session_metadata": folder / "facts.json"}


def _zone_of_facts(folder: Path, text: str) -> Mapping[str, object]:
    samples.copy_of("Miniscope Open Ephys", folder / "data")
    (folder / "facts.json").write_text(json.dumps({"session": {"timezone": text}}))
    return {"session_metadata": folder / "facts.json"}


def _subject_of_table(folder: Path, text: str) -> Mapping[str, object]:
    _animal_name(folder, text)
    row = {"subject_id": text, "description": text, "imaging": {"scopes": [{"name": text}]}}
    (folder / "subjects.json").write_text(json.dumps([row]))
    return {"subjects": folder / "subjects.json"}


_PLACES: dict[str, tuple[_Prepare, ...]] = {
    "directoryStructure": (_directory_structure,),
    "deviceName": (_device_name,),
    "animalName": (_animal_name, _animal_of_v3),
    "experimentName": (_experiment_name, _file_name_of_open_ephys),
    "subject id": (_subject_option, _subject_of_facts, _subject_of_table, _zone_of_facts),
}


def _watched(command: Iterable[str], folder: Path) -> tuple[Said, set[tuple[str, bool]]]:
    """Run the program in a child; also every path that it touches, and whether it was to be changed."""
    log = folder / "touched"
    folder.mkdir(parents=True, exist_ok=True)
    said = run_in_child(list(command), folder / "said", partial(_watch, log))
    lines = (line.split("\t", 1) for line in log.read_text(errors="surrogateescape").splitlines())
    return said, {(json.loads(path), mark == "w") for mark, path in lines}


def _watch(log: Path) -> None:
    """Note every path from now on; cannot be undone, so only a child may do it."""
    # a collection would touch, and so copy, all that the child shares with its parent
    gc.disable()
    to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(event: str, args: tuple[Any, ...]) -> None:
        if event not in _PROGRAMS and event not in _LISTED:
            return
        changes = event != "open" and event not in _LISTED
        if event == "open":
            changes = bool(isinstance(args[2], int) and args[2] & _WRITES)
        for path in args[:2] if event in {"os.rename", "os.link", "os.symlink"} else args[:1]:
            if isinstance(path, str | bytes | os.PathLike):
                shown = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - nothing that looks at the disk
                os.write(to, f"{'w' if changes else 'r'}\t{json.dumps(shown)}\n".encode())

    sys.addaudithook(note)


@cache
def _usual(layout: str, *, is_converted: bool) -> frozenset[tuple[str, bool]]:
    """What an undisturbed run touches outside of data and results."""
    folder = shared_folder() / f"r13-{layout}-{is_converted}"
    samples.copy_of(layout, folder / "data")
    options = {**samples.LAYOUTS[layout].request, **({} if is_converted else {"dry_run": True})}
    said, touched = _watched(words(folder / "data", folder / "results", **options), folder / "watched")
    assert said.code == 0, said
    return frozenset(_elsewhere(touched, folder))


def _elsewhere(touched: Iterable[tuple[str, bool]], folder: Path) -> Iterator[tuple[str, bool]]:
    for path, changes in touched:
        is_ours = Path(path).is_relative_to(folder / "results") or (
            not changes and any(Path(path).is_relative_to(folder / name) for name in _READ)
        )
        if not is_ours and not Path(path).is_relative_to(folder / "watched"):
            yield path, changes


_READ = ("data", "user_config.json", "facts.json", "subjects.json")


def _hold(place: str, kind: str, prepare: _Prepare, folder: Path, *, is_converted: bool) -> None:
    # deep enough for every `..` to end inside the folder of the case, but for the one that goes to the root
    folder = folder / "a" / "b" / "c"
    options, before = _prepared(kind, prepare, folder)
    if not is_converted:
        options = {**options, "dry_run": True}
    said, touched = _watched(words(folder / "data", folder / "results", **options), folder / "watched")
    assert said.code in {ExitCode.DONE, ExitCode.INVALID_INPUT, ExitCode.USAGE}, said
    layouts = ("Miniscope DAQ", "Miniscope V3", "Miniscope Open Ephys")
    usual = frozenset().union(*(_usual(layout, is_converted=is_converted) for layout in layouts))
    wrong = [one for one in _elsewhere(touched, folder) if one not in usual and not _is_program(one)]
    assert not wrong, f"{place}: {wrong}"
    _hold_places(folder, before, said, is_converted=is_converted)


def _prepared(kind: str, prepare: _Prepare, folder: Path) -> tuple[Mapping[str, object], dict[str, tuple[int, str]]]:
    folder.mkdir(parents=True)
    options = prepare(folder, _STRINGS[kind])
    return options, listing(folder.parents[2])


def _hold_places(folder: Path, before: Mapping[str, tuple[int, str]], said: Said, *, is_converted: bool) -> None:
    results = folder / "results"
    top = folder.parents[2]
    after = {
        name: state
        for name, state in listing(top).items()
        if not (top / name).is_relative_to(results) and not (top / name).is_relative_to(folder / "watched")
    }
    assert after == before, "something was changed or made outside the results"
    assert not Path(_CANARY).exists()
    for path in results.rglob("*"):
        assert _NAME.fullmatch(path.name), f"{path} is called so by the data"
    names = {line["session"] for line in said.lines if line.get("session")}
    assert all(_NAME.fullmatch(name) for name in names), names
    made = [path.name for path in results.glob("[!.]*") if not path.name.startswith("run-")]
    assert len(made) == (said.code == 0 and is_converted), made


def _is_program(one: tuple[str, bool]) -> bool:
    """Modules and packages that happen to be imported only now."""
    path, changes = one
    roots = {sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2])}
    return not changes and any(Path(path).is_relative_to(root) for root in roots)


def _traced(kind: str, prepare: _Prepare, folder: Path) -> None:
    """The same, as the system sees it: libraries that are not Python's own open files too."""
    folder = folder / "a" / "b" / "c"
    options, before = _prepared(kind, prepare, folder)
    if options.get("user_config"):
        options = {}
    log = folder / "watched" / "log"
    log.parent.mkdir()
    said = run(words(folder / "data", folder / "results", **options), (*traced.strace(log, _CALLS), *WITHOUT_WORKERS))
    assert said.code in {ExitCode.DONE, ExitCode.INVALID_INPUT}, said
    paths = {
        os.path.normpath(path)
        for _, _, rest in traced.calls_of(log)
        for path in re.findall(r'"((?:[^"\\]|\\.)*)"', rest.partition(" = ")[0])
    }
    text = _STRINGS[kind]
    aimed_at = {os.path.normpath(text), os.path.normpath(folder / "data" / text), os.path.normpath(_CANARY)}
    aimed_at = {path for path in aimed_at if path != "." and not Path(path).is_relative_to(folder / "data")}
    assert not paths & aimed_at, "a file was opened by a name in the data"
    changed = {
        path
        for _, call, rest in traced.calls_of(log)
        if call.startswith(("mkdir", "creat", "rename", "symlink", "link")) or "O_CREAT" in rest
        for path in re.findall(r'"(/(?:[^"\\]|\\.)*)"', rest.partition(" = ")[0])
    }
    # pynwb keeps what it has parsed of the schema
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    allowed = (str(folder / "results"), str(folder / "watched"), "/dev/", "/proc/", cache)
    wrong = sorted(path for path in changed if not path.startswith(allowed))
    assert not wrong, f"made outside the results: {wrong[:5]}"
    _hold_places(folder, before, said, is_converted=True)


def _cases(tier: Tier) -> Iterable[Case]:
    every = [(place, kind, number) for number, kind in enumerate(_STRINGS) for place in _PLACES]
    if tier is Tier.FAST:
        # every kind in some places, and every place with some kinds
        every = [one for k, one in enumerate(every) if (k % len(_PLACES) + one[2]) % _FAST_STEP == 0]
    step = max(len(every) // _N_CONVERTED[tier], 1)
    for k, (place, kind, number) in enumerate(every):
        prepare = _PLACES[place][number % len(_PLACES[place])]
        run_it = partial(_hold, place, kind, prepare, is_converted=k % step == 0)
        yield Case(f"{place}-{kind}", run_it)
    if traced.why_not() is None:
        for number in range(_N_TRACED[tier]):
            kind = list(_STRINGS)[number * 2]
            prepare = [_animal_name, _device_name, _experiment_name, _subject_of_table][number % 4]
            yield Case(f"traced-{kind}", partial(_traced, kind, prepare))


ROW = Row(
    name="R13",
    title="names that are paths",
    promise="nothing is opened that a name in the data leads to, nothing is made outside the results",
    cases=_cases,
)
