"""What other tools do under the faults of the scorecard: NeuroConv's MiniscopeConverter, and hdmf-zarr's export.

Both run in the environment that the benchmark makes for NeuroConv; `reliability_contestant.py` is the part in there.
They are given a recording, and the NWB file (HDF5) made of it, that they convert without complaint when it is sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reliability_bench import NEUROCONV, TOOLS, state
from reliability_reading import paths, settings, tables, videos
from reliability_writing import (
    asked_to_stop,
    foreign,
    fsyncs,
    full_disk,
    killed,
    races,
    read_only,
    rot,
    same,
    twice,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability_bench import Bench

Words = dict[str, dict[str, str]]
"""For each row what each tool did."""
_OF_ANY_TOOL = (killed, asked_to_stop, full_disk, fsyncs, races, rot, read_only, foreign, twice, same)
_OF_RECORDINGS = (videos, tables, settings, paths)


def measure(bench: Bench, say: Callable[[str], None]) -> Words:
    """Put both tools under every fault."""
    words: Words = {}
    sound = {}
    for tool in TOOLS:
        (sound[tool],) = bench.carry_out([bench.order(tool, "sound")])
        if state(sound[tool], sound[tool]) != "whole":
            message = f"{tool} does not convert the undamaged recording: {sound[tool]}"
            raise SystemExit(message)
    for part in _OF_ANY_TOOL:
        for tool in TOOLS:
            say(f"{tool}: {part.__name__.replace('_', ' ')}")
            for row, text in part(bench, tool, sound[tool]).items():
                words.setdefault(row, {})[tool] = text
    for part_of_recording in _OF_RECORDINGS:
        say(f"{NEUROCONV}: {part_of_recording.__name__}")
        words |= {row: {NEUROCONV: text} for row, text in part_of_recording(bench, sound[NEUROCONV]).items()}
    return words
