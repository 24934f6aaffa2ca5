"""R12: hostile settings are read as they are written, or a finding or a message says what is wrong; nothing crashes.

What stands in a settings file is held against another reading of it (`hostile_text`). A fact that came out another way
than from the whole file must stand in the damaged one, or be gone. Whatever is in a file, reading it takes less than
two seconds of work and 300 MB.
"""

import math
import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.sources import limits
from tests.faults import hostile_text, samples
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.hostile_text import leaves, numbers_in
from tests.faults.program import run_in_child, words, words_for
from tests.faults.settings_files import FILES, SPARSE, SettingsFile, Taken

_MAX_S = 2
_MAX_KB = 300_000
_MAX_CHARS = 2000
_MAX_COMPARED = 100_000
"""Longer texts are not read another way too, which would take longer than the program may."""
_FULL_KNOWN = 1300
_RANDOM = {Tier.FAST: 13, Tier.FULL: 620}
_CONVERTED = {Tier.FAST: 4, Tier.FULL: 60}
_SIZE = 1 << 30
_POSSIBLE = {
    "led_percent": (0, 100),
    "focus": (-127, 127),
    "nominal_rate_hz": (1e-9, 10_000),
    "frames_per_file": (1, 10_000_000),
    "width_px": (1, 65_535),
    "height_px": (1, 65_535),
    "left_px": (0, 65_535),
    "top_px": (0, 65_535),
}
"""From where to where a fact can be."""
_BLANK = {"", "None", "~", "null", "Null", "NULL"}
_NO_CRASH = (ExitCode.DONE, ExitCode.INVALID_INPUT, ExitCode.SOME_FAILED)
_WHOLE_OBJECT = 100
"""Characters of the longest value that is a single one."""
_ODD = ("negative", "fraction", "large", "digits as text", "text", "long text", "empty text", "half a character")
_ODD_SHARE = 0.6
_RECORDED = ("settings of a r", "settings of a s", "settings and", "configuration of")
_STOPPING = ("deep lists", "tags", "aliases of aliases", "UTF-16", "cut", "100,000 keys", "zeros", "a pickle")
_OF_THE_LAB = [file for file in FILES if file.name.startswith(("facts", "animals"))]
_LAB = [(file, "session_metadata" if file.name.startswith("facts") else "subjects") for file in FILES
        if file.name.startswith(("facts", "animals in Y", "animals in J"))]  # fmt: skip


@cache
def _whole(file: SettingsFile) -> Taken:
    taken = file.take(file.whole(), shared_folder() / f"r12-{file.name}")
    assert taken.facts
    return taken


def _hold(file: SettingsFile, raw: bytes, folder: Path) -> None:
    """Read a file, and hold what was taken from it against what it says."""
    whole = _whole(file)
    _forget_peak()
    before_kb, began = _peak_kb(), time.process_time()
    taken = file.take(raw, folder)
    took_s, more_kb = time.process_time() - began, _peak_kb() - before_kb
    assert took_s < _MAX_S, f"took {took_s:.1f} s"
    assert more_kb < _MAX_KB, f"took {more_kb} kB"
    taken = replace(taken, problems=tuple(problem for problem in taken.problems if problem not in whole.problems))
    for problem in taken.problems:
        _hold_words(problem)
    is_blank = file in _OF_THE_LAB and raw.strip() in {b"", b"null", b"{}", b"[]"}
    assert taken.facts or taken.problems or is_blank, "nothing is known, and nothing is said"
    is_short = len(raw) < _MAX_COMPARED
    said = file.say(raw) if file.say and is_short else None
    if file.say and is_short and said is None:
        assert taken.problems, "it says nothing for sure, and nothing is said of that"
    if said is not None and taken.settings is not None and not taken.problems:
        assert _same(taken.settings, said[0]), "it is kept as something else"
    if taken.facts:
        _hold_facts(file, taken, whole, raw, said)


def _hold_words(problem: str) -> None:
    """A sentence that can be stored, and is not the file; the console escapes what must not be printed."""
    problem.encode()
    assert len(problem) < _MAX_CHARS, f"{len(problem)} characters: {problem[:200]}"
    assert "Traceback" not in problem


def _hold_facts(file: SettingsFile, taken: Taken, whole: Taken, raw: bytes, said: Any) -> None:
    text = raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", "replace")
    numbers = {number * factor for number in numbers_in(text) for factor in file.factors}
    for name, value in taken.facts.items():
        if value == whole.facts.get(name, value if name not in whole.facts and value is None else None):
            continue
        if name.endswith((".frames", ".kind")):
            is_said = bool(taken.problems)
        elif name == "start":
            is_said = bool(taken.problems) or numbers >= set(value.timetuple()[:6])
        else:
            is_said = _stands(value, text, numbers)
        assert is_said, f"{name} is {str(value)[:200]!r}, was {str(whole.facts.get(name))[:200]!r}, and nothing says so"
        place = name.rpartition(".")[2]
        low, high = _POSSIBLE.get(place, (-math.inf, math.inf))
        assert not isinstance(value, int | float) or low <= value <= high, f"{name} is {value}, which cannot be"
    gone = [name for name, value in whole.facts.items() if value is not None and taken.facts.get(name) is None]
    if gone and not taken.problems and said is not None:
        assert file.say is not None
        assert _n_said(said) < _n_said(file.say(file.whole())), f"{gone[:5]} are gone, and nothing says so"


def _n_said(said: Any) -> int:
    """How many values a text has, blank ones not counted: every setting may be left out."""
    return sum(str(value).strip() not in _BLANK for _, value in leaves(said))


def _stands(value: Any, text: str, numbers: set[float]) -> bool:
    """Whether a value stands in the text in some way of writing it, or is that nothing is known."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, list):
        return all(_stands(one, text, numbers) for one in value)
    if isinstance(value, int | float):
        return any(math.isclose(value, number, rel_tol=1e-6) for number in numbers)
    return _plain(value) in _plain(text) or any(f"{number:.15g}" == value for number in numbers)


def _plain(text: str) -> str:
    """A text without what escapes, quotes, folded lines and lost characters change in it."""
    text = re.sub(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|U[0-9a-fA-F]{8}|.)", "", text)
    return "".join(char for char in text if char.isascii() and char.isalnum())


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(other, str) and other in _BLANK:
        return one is None or one == other
    return type(one) is type(other) and one == other


def _forget_peak() -> None:
    """From now on the most memory that this process had is counted anew, where the system can do that."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_kb() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0])


def _value(file: SettingsFile, place: int, value: str, folder: Path) -> None:
    text = file.whole().decode()
    _hold(file, file.slots(text)[place].put(text, value).encode(), folder)


def _left_out(file: SettingsFile, place: int, folder: Path) -> None:
    text = file.whole().decode()
    _hold(file, hostile_text.without(text, file.slots(text)[place]).encode(), folder)


def _doubled(file: SettingsFile, place: int, value: str, folder: Path) -> None:
    """A name twice is never one of the two in silence."""
    text = file.whole().decode()
    raw = hostile_text.doubled(text, file.slots(text)[place], value).encode()
    _hold(file, raw, folder)
    assert file.take(raw, folder / "again").problems, "a name is there twice, and nothing is said"


def _named_alike(file: SettingsFile, place: int, other: int, folder: Path) -> None:
    """The same for a name that stands above a column."""
    text = file.whole().decode()
    slots = file.slots(text)
    raw = slots[place].put(text, text[slots[other].begin : slots[other].end]).encode()
    _hold(file, raw, folder)
    assert file.take(raw, folder / "again").problems, "a name is there twice, and nothing is said"


def _file(file: SettingsFile, change: Callable[[bytes], bytes], folder: Path) -> None:
    _hold(file, change(file.whole()), folder)


def _random(file: SettingsFile, seed: int, folder: Path) -> None:
    _hold(file, hostile_text.changed(file.whole(), random.Random(seed)), folder)


def _cases_of(file: SettingsFile) -> dict[str, Callable[[Path], None]]:
    """Every known case of one file, by name."""
    found: dict[str, Callable[[Path], None]] = {
        f"file-{name}": partial(_file, file, change) for name, change in hostile_text.FILES.items()
    }
    text = file.whole().decode()
    is_json = file.slots is hostile_text.json_slots
    for place, slot in enumerate(file.slots(text)):
        where = f"{place} {slot.name}"
        for name, value in file.values.items():
            found[f"{where}-{name}"] = partial(_value, file, place, value)
        if slot.name.startswith("line 1 ") and place:
            found[f"{where}-twice"] = partial(_named_alike, file, place, place - 1)
            found[f"{where}-as the first"] = partial(_named_alike, file, place, 0)
        if is_json:
            found[f"{where}-left out"] = partial(_left_out, file, place)
            found[f"{where}-twice"] = partial(_doubled, file, place, '"other"')
            found[f"{where}-twice the same"] = partial(_doubled, file, place, text[slot.begin : slot.end])
    return found


def _huge(file: SettingsFile, folder: Path) -> None:
    """A file of a gibibyte, of which nothing takes space on the disk."""
    _hold(file, SPARSE, folder)
    taken = file.take(SPARSE, folder / "again")
    assert any("--limits" in problem for problem in taken.problems), taken.problems


def _limit_raised(folder: Path) -> None:
    """Where the limit of the size is raised, the others still hold."""
    limits.choose({limits.SETTINGS_BYTES.name: _SIZE})
    try:
        _hold(FILES[0], hostile_text.FILES["ten million digits"](b""), folder / "digits")
        _hold(FILES[0], b"[" * 10_000_000, folder / "deep")
    finally:
        limits.choose({})


def _stops_the_run(file: SettingsFile, option: str, name: str, folder: Path) -> None:
    """Facts of the lab that cannot be read stop the run before it writes anything."""
    folder.mkdir(parents=True)
    path = folder / f"facts{'.yml' if file.slots is hostile_text.yaml_slots else '.json'}"
    path.write_bytes(hostile_text.FILES[name](file.whole()))
    said = run_in_child(words_for("Miniscope DAQ", folder / "results", **{option: path}), folder / "said")
    assert said.code == ExitCode.INVALID_INPUT, said
    assert str(path) in said.out + said.err
    assert not list((folder / "results").glob("M*"))


def _converted(file: SettingsFile, seed: int, folder: Path) -> None:
    """Settings of which every value is hostile are converted, or refused; no later step falls over them."""
    rng, text = random.Random(seed), file.whole().decode()
    for slot in reversed(file.slots(text)):
        if slot.end - slot.begin < _WHOLE_OBJECT and rng.random() < _ODD_SHARE:
            text = slot.put(text, file.values[rng.choice([name for name in _ODD if name in file.values])])
    taken = file.take(text.encode(), folder)
    request = samples.LAYOUTS[taken.session.layout].request if taken.session else {}
    said = run_in_child(words(folder / "data", folder / "results", **request), folder / "said")
    assert said.code in _NO_CRASH, said
    assert "Traceback" not in said.err + said.out, said
    assert (said.code == 0) == (taken.session is not None), said


_FAST_KINDS = (
    *("deep lists", "deep objects", "digits", "digits in the exponent", "twice", "twice the same", "NaN", "Infinity"),
    *("1e999", "half a character", "NUL escaped", "NUL", "tag", "anchor", "bomb", "left out", "object", "list"),
    *("number", "null", "empty text", "long text", "5000 digits", "file-UTF-16", "file-UTF-16 without mark"),
    *("file-byte order mark", "file-aliases of aliases", "file-tags", "file-deep, in block style", "file-empty"),
    *("file-twice", "file-ten million digits", "file-cut"),
)

_PINNED = (" led0-negative", " ewl-large", " deviceID-1e999", " framesPerFile-negative", " deviceID-digits")
"""Of the scope's settings: what a reader without limits would take."""


def _group(file: SettingsFile) -> int:
    """Each known kind of damage is tried on a file of two groups in the fast tier."""
    return 2 if file in _OF_THE_LAB else int(file.slots is not hostile_text.json_slots)


def _cases(tier: Tier) -> Iterable[Case]:
    rng = random.Random(12)
    known = [(file, name, run) for file in FILES for name, run in _cases_of(file).items()]
    if tier is Tier.FAST:
        groups = [[one for one in known if _group(one[0]) == group] for group in range(3)]
        chosen = []
        for number, kind in enumerate(_FAST_KINDS):
            fitting = [[one for one in group if f"-{one[1]}".endswith(f"-{kind}")] for group in groups]
            # on two kinds of files, not always the same
            turned = [*fitting[number % 3 :], *fitting[: number % 3]]
            chosen += [rng.choice(group) for group in [group for group in turned if group][:2]]
        chosen += [one for one in known if one[1].endswith(_PINNED) and one[0].name == "settings of a scope"]
    else:
        chosen = rng.sample(known, _FULL_KNOWN)
    for file, name, run in chosen:
        yield Case(f"{file.name}-{name}", run)
    for seed in range(_RANDOM[tier]):
        file = FILES[seed % len(FILES)]
        yield Case(f"{file.name}-random {seed}", partial(_random, file, seed))
    for file in FILES:
        yield Case(f"{file.name}-a gibibyte", partial(_huge, file))
    yield Case("limit raised", _limit_raised)
    recorded = [file for file in FILES if file.name.startswith(_RECORDED)]
    for seed in range(_CONVERTED[tier]):
        file = recorded[seed % len(recorded)]
        yield Case(f"{file.name}-converted {seed}", partial(_converted, file, seed))
    for number, name in enumerate(_STOPPING[: None if tier is Tier.FULL else 2]):
        file, option = _LAB[number % len(_LAB)]
        yield Case(f"{file.name}-{name} stops the run", partial(_stops_the_run, file, option, name))


ROW = Row(
    name="R12",
    title="hostile settings",
    promise="read as they are written, or a finding or a message says what is wrong; never a crash, never without end",
    cases=_cases,
)
