"""Damaged recordings, as a tool that reads them takes them."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from reliability_bench import NEUROCONV, is_told, state
from reliability_damage import DEVICE, HOSTILE_JSON, cut_payload, damaged_copy, flip_payload, outward
from tests.faults.damaged_text import KNOWN
from tests.faults.written_text import StampColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reliability_bench import Answer, Bench

_N_FLIPS, _N_CUTS = 50, 12
_STAMPS = StampColumns(
    ("Frame Number", "Time Stamp (ms)", "Buffer Index", "DAQ Frame Number"), "Time Stamp (ms)", "Frame Number"
)
_CLOSE = 1e-6


def videos(bench: Bench, sound: Answer) -> dict[str, str]:
    """A bit of a video changed, a video cut off."""
    texts = []
    for kind, n_cases, damage in (("flip", _N_FLIPS, flip_payload), ("cut", _N_CUTS, cut_payload)):
        changes = {str(seed): partial(damage, rng=np.random.default_rng(seed)) for seed in range(n_cases)}
        answers = [answer for _, answer in _try_damages(bench, f"video-{kind}", "1.avi", changes)]
        silent = [answer for answer in answers if not is_told(answer, sound) and state(answer, sound) != "whole"]
        what = "one bit of FFV1" if kind == "flip" else "cut off"
        texts.append(f"{what}: {len(silent)} of {n_cases} silent")
    return {"R10": "; ".join(texts)}


def tables(bench: Bench, sound: Answer) -> dict[str, str]:
    """The damages of R11 that have a name, on the table of stamps."""
    tried = _try_damages(bench, "table", "timeStamps.csv", KNOWN)
    told = [is_told(answer, sound) for _, answer in tried]
    n_misread = sum(not t and _is_misread(raw, answer) for t, (raw, answer) in zip(told, tried, strict=True))
    return {"R11": f"of {len(tried)} damages {n_misread} misread in silence, {sum(told)} refused or warned of"}


def _is_misread(raw: bytes, answer: Answer) -> bool:
    """Whether a frame has a stamp that no line has for it, or none."""
    found = answer["found"]
    if "frames" not in found or len(found["frames"]) != len(found["stamps"]):
        return True
    written = _STAMPS.written(raw)
    return not all(
        any(abs(stamp * 1000 - line) <= _CLOSE * max(1, abs(line)) for line in written[frame])
        for frame, stamp in enumerate(found["stamps"])
    )


def settings(bench: Bench, sound: Answer) -> dict[str, str]:
    """Hostile JSON in place of the scope's settings."""
    tried = _try_damages(bench, "settings", "metaData.json", HOSTILE_JSON)
    taken = [name for name, (_, answer) in zip(HOSTILE_JSON, tried, strict=True) if not is_told(answer, sound)]
    errors = {answer["error"].partition(":")[0] for _, answer in tried if answer["error"]}
    said = f"taken without a word: {', '.join(taken)}" if taken else "none taken without a word"
    return {"R12": f"of {len(tried)}, {len(taken)} {said}; the others end in {', '.join(sorted(errors))}"}


def paths(bench: Bench, sound: Answer) -> dict[str, str]:
    """Names that lead out of the data folder."""
    ((_, named),) = _try_damages(bench, "outward", "metaData.json", {"deviceName": outward})
    beside = os.listdir(bench.work / "stores" / f"{NEUROCONV}-outward-0")  # noqa: PTH208 - names are what is asked for
    word = "refused" if named["codes"] != [0] else "converted"
    device = f"deviceName `../x`: {word}, {len(beside) - 1} files outside"
    inner = bench.work / "stores" / "inner"
    inner.mkdir(parents=True)
    (animal,) = {path.parents[2].name for path in bench.data.rglob(f"{DEVICE}") if path.is_dir()}
    shutil.copytree(next(bench.data.rglob(animal)), bench.work / "stores" / "outside")
    config = json.loads(bench.config.read_text(encoding="utf-8")) | {
        "directoryStructure": ["animalName", "date", "time"],
        "animalName": "../outside",
    }
    path = bench.work / "stores" / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    (answer,) = bench.carry_out([bench.order(NEUROCONV, "outside", source=str(inner), config=str(path))])
    followed = state(answer, sound) == "whole"
    return {"R13": f"{device}; animalName `../outside`: {'followed out of the data folder' if followed else 'refused'}"}


def _try_damages(
    bench: Bench, kind: str, name: str, changes: Mapping[str, Callable[[bytes], bytes]]
) -> list[tuple[bytes, Answer]]:
    """What the changed file holds, and the answer, for each change of a file of the recording."""
    raws, orders = [], []
    for number, change in enumerate(changes.values()):
        copy = bench.work / "stores" / f"{kind}-{number}-data"
        raws.append(damaged_copy(bench.data, copy, name, change))
        orders.append(bench.order(NEUROCONV, f"{kind}-{number}", source=str(copy)))
    return list(zip(raws, bench.carry_out(orders), strict=True))
