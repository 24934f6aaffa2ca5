"""An analysis that is killed as a process, and the same command again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.conversions import listing, staged
from tests.data_conversion.analysis.conftest import linked_copy
from tests.sharded import ending, wait_until

PROGRAM = Path(__file__).resolve().parents[3] / "run_capsule.py"


def test_killed_between_two_steps_it_goes_on_after_the_last_finished_one(converted, tmp_path):
    results = linked_copy(converted.parent, tmp_path / "results")
    (tmp_path / "lab.yml").write_text("cells: {find: false}\n")
    words = ["--dataset", "analysis", "--data_dir", tmp_path / "none", "--results_dir", results, "--workers", "2"]
    words += ["--scratch_dir", tmp_path / "scratch", "--analysis_parameters", tmp_path / "lab.yml"]
    command = [sys.executable, *map(str, [PROGRAM, *words, "--engine", "serial"])]
    kept = tmp_path / "scratch" / "analysis" / converted.name
    before = listing(results / converted.name)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with ending(process):
        # the first step is whole, and the second has begun: its workers take a second to start
        assert wait_until(lambda: any(kept.glob("mean_trace-*")) and any(kept.glob(".motion-*")), process)
        workers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    (mean_trace,) = (path for path in kept.iterdir() if not path.name.startswith((".", "lock")))
    assert mean_trace.name.startswith("mean_trace-")
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    assert listing(results / converted.name) == before
    again = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert again.returncode == 0, again.stderr
    assert "mean trace" not in again.stderr
    assert "motion (" in again.stderr
    output = results / converted.name
    steps = json.loads((output / "processing.json").read_text())["data_processes"][1:]
    taken_over = ["by a run before this one" in step["notes"] for step in steps]
    assert taken_over == [True, False]
    assert check_files(output, commit.read_receipt(output), 1) == []
    (former,) = (results / ".replaced").iterdir()
    assert listing(former) == before
    assert not staged(results)
    assert not list((tmp_path / "scratch" / "analysis").iterdir())
