"""Where other tools are put under faults: their environment, what they are given, what they leave behind."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark_contestants import NEUROCONV_PINS, SCRIPTS, neuroconv_python
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.settings import qt_json, user_config
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec
from reliability_damage import DEVICE
from tests.conversions import convert, sessions_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NEUROCONV, HDMF_ZARR = "NeuroConv", "hdmf-zarr"
TOOLS = (NEUROCONV, HDMF_ZARR)
VERSIONS = {pin.partition("==")[0].partition("[")[0]: pin.partition("==")[2] for pin in NEUROCONV_PINS}
_SCOPE = DeviceSpec(
    name=DEVICE, width_px=128, height_px=96, encoding=Encoding.FFV1, n_frames=60, frames_per_file=20, rate_hz=30.0
)

Answer = dict[str, Any]
"""Of `reliability_contestant.py`."""


@dataclass(frozen=True)
class Bench:
    """Where the tools are tried, and what they are given."""

    work: Path
    python: Path
    data: Path
    config: Path
    hdf5: Path

    def order(self, tool: str, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - what an order has
        """An order to convert the sound recording into a store of its own."""
        folder = self.work / "stores" / f"{tool}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        source = self.data if tool == NEUROCONV else self.hdf5
        order = {"tool": tool, "source": str(source), "config": str(self.config), "store": str(folder / "a.nwb.zarr")}
        return {**order, "note": str(self.work / "note.json"), **more}

    def carry_out(self, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answers to orders, given in the other environment."""
        asked, answered = self.work / "orders.json", self.work / "answers.json"
        asked.write_text(json.dumps(list(orders)), encoding="utf-8")
        answered.unlink(missing_ok=True)
        script = SCRIPTS / "reliability_contestant.py"
        subprocess.run([str(self.python), str(script), str(asked), str(answered)], check=True, cwd=self.work)
        answers: list[dict[str, Any]] = json.loads(answered.read_text(encoding="utf-8"))
        return answers


def set_up(work: Path) -> Bench:
    """Make the other environment, the recording and the NWB file."""
    python = neuroconv_python(work)
    for name in ("data", "stores", "results"):
        shutil.rmtree(work / name, ignore_errors=True)
    spec = RecordingSpec(devices=(_SCOPE,), researcher="Doe", experiment="Faults", seed=0)
    write_recording(spec, work / "data")
    config = work / "UserConfigFile.json"
    config.write_text(qt_json(user_config(spec)) + "\n", encoding="utf-8")
    (session,) = sessions_in(work / "data")
    made = convert(session, work / "results", backend="hdf5").output
    return Bench(work, python, work / "data", config, next(made.glob("*.nwb")))


def state(answer: dict[str, Any], sound: dict[str, Any]) -> str:
    """Of a store: ``absent``, ``unreadable``, ``whole``, or ``other``: it opens, and holds something else."""
    found = answer["found"]
    if not answer["exists"]:
        return "absent"
    if "frames" not in found:
        return "unreadable"
    return "whole" if found == sound["found"] else "other"


def left_behind(answers: Iterable[dict[str, Any]], sound: dict[str, Any]) -> str:
    """In words: what lies under the final name after runs that did not come to their end."""
    states = [state(answer, sound) for answer in answers if answer["codes"] != [0]]
    n_there = len(states) - states.count("absent")
    opens = f"; {len(states) - states.count('absent') - states.count('unreadable')} of these open as NWB"
    other = f", {states.count('other')} with other data" if states.count("other") else ""
    return f"{n_there} of {len(states)} leave a store under its final name" + (opens + other if n_there else "")


def is_told(answer: dict[str, Any], sound: dict[str, Any]) -> bool:
    """Whether anything says that something is wrong."""
    return answer["codes"] != [0] or bool(set(answer["warnings"]) - set(sound["warnings"]))
