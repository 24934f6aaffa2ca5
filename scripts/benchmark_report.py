"""Measure what the report of a recording costs: the same recording with and without it, in turn, by processor time.

    cd code && uv run python ../scripts/benchmark_report.py --data_dir FOLDER [--rounds 6]

Processor time of all processes, because it hardly depends on what else the machine does. Without it means: no sums and
pictures while frames are decoded, no camera pictures, no preview, no page.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.camera_pictures import CameraTask
from miniscope_to_nwb_zarr.run import session_frames, session_pictures, session_report
from miniscope_to_nwb_zarr.run.main import main as program

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the seconds of every run and the share of the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args(arguments)
    seconds: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}
    runs = {"with": _run, "without": _run_without}
    for number in range(options.rounds):
        # whatever the machine does, now the one comes first and now the other
        for name in sorted(runs, reverse=bool(number % 2)):
            seconds[name].append(runs[name](options.data_dir))
    for name, found in seconds.items():
        print(f"{name:8}", "  ".join(f"{cpu:.1f} s cpu, {wall:.1f} s" for cpu, wall in found))
    pairs = zip(seconds["with"], seconds["without"], strict=True)
    costs = [(cpu - bare) / cpu for (cpu, _), (bare, _) in pairs]
    print(f"the report takes {median(costs):.1%} of the processor time ({min(costs):.1%} to {max(costs):.1%})")
    return 0


def _run(data_dir: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as results, redirect_stdout(StringIO()):
        before, began = _cpu_s(), time.perf_counter()
        code = program(["--data_dir", str(data_dir), "--results_dir", results, "--quiet", "True"], os.environ)
        if code:
            raise SystemExit(code)
        return _cpu_s() - before, time.perf_counter() - began


def _run_without(data_dir: Path) -> tuple[float, float]:
    kept = session_frames._sampled, session_frames.plan_camera, session_pictures.can_encode  # noqa: SLF001
    page = session_report.write_report
    session_frames._sampled = lambda series, *_: series  # noqa: SLF001
    session_frames.plan_camera = lambda place, *_: CameraTask(place, ())
    session_pictures.can_encode = lambda: False
    session_report.write_report = lambda *_: ()
    try:
        return _run(data_dir)
    finally:
        session_frames._sampled, session_frames.plan_camera, session_pictures.can_encode = kept  # noqa: SLF001
        session_report.write_report = page


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
