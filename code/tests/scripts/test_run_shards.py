"""Shards on a cluster on this machine: all done, whatever becomes of a worker or of one of the shards."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.run.main import main
from tests.data_conversion.test_create_inputs import digests, make
from tests.recordings import SMALL, small_recording

SCRIPT = Path(__file__).parents[3] / "scripts" / "run_shards.py"
N_SESSIONS = 4


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A data folder, and its shards beside it."""
    folder = tmp_path_factory.mktemp("sharded")
    for day in range(N_SESSIONS):
        small_recording(folder / "data", start=SMALL.start + timedelta(days=day))
    assert make(folder / "data", folder) == 0
    return folder


def start(inputs, results, *more):
    command = [sys.executable, SCRIPT, "--inputs", inputs, "--data_dir", inputs / "data", "--results_dir", results]
    return subprocess.Popen(
        list(map(str, [*command, *more])), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*arguments):
    process = start(*arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_a_worker_that_is_killed_costs_nothing(inputs, tmp_path):
    process = start(inputs, tmp_path / "results", "--workers", "2")
    killed = _kill_one_worker(process, tmp_path / "results")
    _, err = process.communicate(timeout=300)
    assert killed
    assert process.returncode == 0, err
    code, *_ = run(inputs, tmp_path / "serial", "--engine", "serial")
    assert code == 0
    assert len(digests(tmp_path / "results")) == N_SESSIONS
    assert digests(tmp_path / "results") == digests(tmp_path / "serial")
    # what the killed worker left is hidden, and goes when it is asked for
    assert main(["--results_dir", str(tmp_path / "results"), "--clean_staging", "delete"], {}) == 0
    assert not list((tmp_path / "results").glob(".staging-*"))


def _kill_one_worker(process, results):
    """Kill the worker that has begun to write an output, as a machine that runs out of memory does."""
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        for staging in results.glob(".staging-*"):
            for child in psutil.Process(process.pid).children(recursive=True):
                try:
                    writes = any(Path(each.path).is_relative_to(staging.resolve()) for each in child.open_files())
                    if writes and "forkserver" not in " ".join(child.cmdline()):
                        os.kill(child.pid, signal.SIGKILL)
                        return True
                except (psutil.Error, ProcessLookupError):
                    continue
        time.sleep(0.01)
    return False


def test_one_shard_that_fails_does_not_stop_the_rest(inputs, tmp_path):
    results = tmp_path / "results"
    taken = results / "M770001_2026-03-15_09-26-53"
    taken.mkdir(parents=True)
    (taken / "mine.txt").write_text("of somebody else")
    code, out, err = run(inputs, results, "--engine", "serial")
    assert code == 4
    assert "a folder of that name is in the results" in err
    assert "3 of 4 shard(s) done" in out
    assert len(digests(results)) == N_SESSIONS - 1
    assert (taken / "mine.txt").read_text() == "of somebody else"
    # once it is out of the way, only what is missing is converted
    (taken / "mine.txt").unlink()
    taken.rmdir()
    before = {path: path.stat().st_mtime_ns for path in results.glob("*/receipt.json")}
    code, out, _ = run(inputs, results, "--engine", "serial")
    assert (code, out.count("already done"), out.count("written")) == (0, 3, 1)
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    assert Receipt.from_text((taken / "receipt.json").read_text()).session == taken.name


def test_what_is_no_folder_of_shards_is_refused(inputs, tmp_path):
    code, _, err = run(inputs / "data", tmp_path)
    assert code == 3
    assert "make it with create_inputs" in err
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "1.json").write_bytes((inputs / "shards" / "1.json").read_bytes())
    code, _, err = run(tmp_path, tmp_path / "results")
    assert code == 3
    assert "expected all shards of one data set" in err
