"""Faults while a tool writes, and after it has written."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reliability_bench import NEUROCONV, left_behind, state
from reliability_damage import flip_anywhere
from tests.faults import mounts
from tests.faults.harness import spread

if TYPE_CHECKING:
    from reliability_bench import Answer, Bench

_N_KILLS, _N_SIGNALS, _N_FLIPS, _N_RACES = 40, 20, 100, 5
_DISK_SHARES = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
_DISK_PAGE = 4096
_FOREIGN = {"thesis.txt": b"the only copy", "deep/0.0.0": b"\0\1", "acquisition/notes.txt": b"mine"}


def killed(bench: Bench, tool: str, sound: Answer) -> dict[str, str]:
    """Killed before one of its renames."""
    points = spread(sound["renames"], _N_KILLS)
    answers = bench.carry_out([bench.order(tool, f"kill-{k}", kill_at=k) for k in points])
    row = "R1" if tool == NEUROCONV else "R1 NWB"
    return {row: f"{left_behind(answers, sound)} ({sound['renames']} renames)"}


def asked_to_stop(bench: Bench, tool: str, sound: Answer) -> dict[str, str]:
    """SIGTERM at moments over the whole time."""
    moments = [sound["seconds"] * (k + 0.5) / _N_SIGNALS for k in range(_N_SIGNALS)]
    answers = bench.carry_out([bench.order(tool, f"stop-{k}", signal_after_s=s) for k, s in enumerate(moments)])
    return {"R4": f"SIGTERM: {left_behind(answers, sound)}"}


def full_disk(bench: Bench, tool: str, sound: Answer) -> dict[str, str]:
    """On disks that hold a part of the store."""
    if mounts.why_not() is not None:
        return {"R5": f"not measured: {mounts.why_not()}"}
    store = Path(bench.order(tool, "sound")["store"])
    used = sum(-(-path.stat().st_size // _DISK_PAGE) * _DISK_PAGE for path in store.rglob("*") if path.is_file())
    orders = [bench.order(tool, f"full-{share}") for share in _DISK_SHARES]

    def on_small_disks() -> None:
        for order, share in zip(orders, _DISK_SHARES, strict=True):
            mounts.mount_small_disk(Path(order["store"]).parent, int(used * share))
        bench.carry_out(orders)

    mounts.in_own_mounts(on_small_disks)
    answers = json.loads((bench.work / "answers.json").read_text(encoding="utf-8"))
    n_told = sum("bytes" in answer["error"] for answer in answers)
    return {"R5": f"{left_behind(answers, sound)}; {n_told} say how many bytes are needed"}


def fsyncs(_bench: Bench, _tool: str, sound: Answer) -> dict[str, str]:
    """What is forced onto the disk."""
    return {"R7": f"{sound['fsyncs']} fsync, {sound['renames']} renames"}


def races(bench: Bench, tool: str, sound: Answer) -> dict[str, str]:
    """Two of them write the same store at the same moment."""
    answers = bench.carry_out([bench.order(tool, f"race-{k}", writers=2) for k in range(_N_RACES)])
    n_both = sum(answer["codes"] == [0, 0] for answer in answers)
    n_none = sum(0 not in answer["codes"] for answer in answers)
    n_whole = sum(state(answer, sound) == "whole" for answer in answers)
    return {
        "R8": f"of {_N_RACES} pairs, both write and say nothing in {n_both}, both fail in {n_none}; "
        f"{n_whole} stores are whole afterwards"
    }


def rot(bench: Bench, tool: str, _sound: Answer) -> dict[str, str]:
    """A bit of a finished store changed."""
    store = Path(bench.order(tool, "sound")["store"])
    orders = [bench.order(tool, "sound", look_only=True, everything=True)]
    for seed in range(_N_FLIPS):
        order = bench.order(tool, f"flip-{seed}", look_only=True, everything=True)
        shutil.copytree(store, order["store"])
        flip_anywhere(Path(order["store"]), np.random.default_rng(seed))
        orders.append(order)
    unchanged, *answers = bench.carry_out(orders)
    states = [state(answer, unchanged) for answer in answers]
    n_read = len(states) - states.count("unreadable")
    other = f"{states.count('other')} of them as other values"
    return {"R9": f"one bit: {n_read} of {_N_FLIPS} read without an error, {other}; no check of a finished store"}


def read_only(bench: Bench, tool: str, sound: Answer) -> dict[str, str]:
    """The source cannot be written to."""
    if mounts.why_not() is not None:
        return {"R17": f"not measured: {mounts.why_not()}"}
    order = bench.order(tool, "read-only")
    source = Path(order["source"]) if tool == NEUROCONV else Path(order["source"]).parent

    def from_there() -> None:
        mounts.make_read_only(source)
        bench.carry_out([order])

    mounts.in_own_mounts(from_there)
    (answer,) = json.loads((bench.work / "answers.json").read_text(encoding="utf-8"))
    return {"R17": "converted" if state(answer, sound) == "whole" else f"fails: {answer['error'][:60]}"}


def foreign(bench: Bench, tool: str, _sound: Answer) -> dict[str, str]:
    """Somebody's files lie where the store goes, and beside it."""
    texts = []
    ways: dict[str, dict[str, Any]] = {"": {}}
    if tool == NEUROCONV:
        ways = {"by default": {}, "with overwrite=True": {"overwrite": True}}
    for way, options in ways.items():
        order = bench.order(tool, f"foreign-{len(options)}", **options)
        for place in (Path(order["store"]), Path(order["store"]).parent / "beside"):
            for name, raw in _FOREIGN.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(raw)
        (answer,) = bench.carry_out([order])
        kept = {at: _n_kept(Path(order["store"]).parent / at) for at in ("a.nwb.zarr", "beside")}
        done = "refuses" if answer["codes"] != [0] else "writes"
        lost = len(_FOREIGN) - kept["a.nwb.zarr"]
        texts.append(f"{way}{' ' * bool(way)}{done}, {lost} of {len(_FOREIGN)} files in its place are gone")
        if kept["beside"] != len(_FOREIGN):
            texts.append(f"{len(_FOREIGN) - kept['beside']} files beside it are gone")
    return {"R18": "; ".join(texts)}


def _n_kept(folder: Path) -> int:
    return sum((folder / name).is_file() and (folder / name).read_bytes() == raw for name, raw in _FOREIGN.items())


def twice(bench: Bench, tool: str, _sound: Answer) -> dict[str, str]:
    """The same conversion again."""
    order = bench.order(tool, "twice")
    bench.carry_out([order])
    before = _times(Path(order["store"]))
    (answer,) = bench.carry_out([order])
    after = _times(Path(order["store"]))
    n_touched = sum(after.get(name) != when for name, when in before.items())
    ends = "says that it is done" if answer["codes"] == [0] and not n_touched else "succeeds"
    if answer["codes"] != [0]:
        ends = f"fails ({answer['error'].partition(':')[0]})"
    return {"R19": f"second run {ends}; {n_touched} of {len(before)} files written again"}


def _times(folder: Path) -> dict[str, tuple[int, int]]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def same(bench: Bench, tool: str, _sound: Answer) -> dict[str, str]:
    """The same conversion into another folder."""
    first, second = (bench.order(tool, f"same-{k}") for k in range(2))
    bench.carry_out([first, second])
    one, other = (_contents(Path(order["store"])) for order in (first, second))
    n_differ = sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())
    return {"R25": f"two runs: {n_differ} of {len(one)} files differ"}


def _contents(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
