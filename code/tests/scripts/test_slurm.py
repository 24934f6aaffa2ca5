"""Shards on a real SLURM of three nodes on this machine: as an array of jobs, and as Dask workers that are jobs."""

import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.data_conversion.test_create_inputs import digests, make
from tests.recordings import SMALL, small_recording
from tests.scripts.test_run_shards import run

CAPSULE = Path(__file__).parents[3]
TOOL = CAPSULE.parent / "shared" / "tools" / "userland_slurm.sh"
N_SESSIONS = 3
SMALL_JOBS = {"DASK_JOBQUEUE__SLURM__CORES": "1", "DASK_JOBQUEUE__SLURM__MEMORY": "1500MB"}

pytestmark = [
    pytest.mark.skipif(not TOOL.exists(), reason="the tool that starts a SLURM is not beside the repository"),
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("apt-get"), reason="a SLURM of Debian packages needs root"
    ),
    # the nodes have fixed ports
    pytest.mark.xdist_group("slurm"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The environment in which the commands of a running SLURM are found."""
    folder = tmp_path_factory.mktemp("slurm")
    # code/run takes the Python that it finds first
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **SMALL_JOBS, "ROOT": str(folder), "PATH": path}
    started = subprocess.run(
        ["bash", TOOL, "up"], check=False, env=environment, capture_output=True, text=True, timeout=300
    )
    try:
        if started.returncode or "idle" not in started.stdout:
            pytest.skip(f"SLURM could not be started: {started.stderr[-300:]}")
        exports = subprocess.run(["bash", TOOL, "env"], env=environment, capture_output=True, text=True, check=True)
        found = exports.stdout.removeprefix("export ").replace("$PATH", path)
        yield {**environment, **dict(part.split("=", 1) for part in found.split())}
    finally:
        subprocess.run(["bash", TOOL, "down"], check=False, env=environment, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded")
    for day in range(N_SESSIONS):
        small_recording(folder / "data", start=SMALL.start + timedelta(days=day))
    assert make(folder / "data", folder) == 0
    return folder


@pytest.fixture(scope="module")
def expected(inputs, tmp_path_factory):
    """What one machine makes."""
    results = tmp_path_factory.mktemp("expected")
    assert run(inputs, results, "--engine", "serial")[0] == 0
    return digests(results)


def call(environment, *words):
    return subprocess.run(
        list(map(str, words)), env=environment, cwd=CAPSULE, capture_output=True, text=True, timeout=120, check=True
    ).stdout


def submit(environment, inputs, results, array):
    script = CAPSULE / "scripts" / "sbatch_shards.sh"
    more = ["--cpus-per-task=1", "--mem=1G", f"--output={results}-%a.log", f"--array={array}"]
    said = call(environment, "sbatch", *more, script, inputs, inputs / "data", results, "--engine", "serial")
    return said.split()[-1]


def wait(environment, until=240):
    ends = time.monotonic() + until
    while time.monotonic() < ends:
        if not call(environment, "squeue", "--noheader").strip():
            return
        time.sleep(1)
    raise AssertionError(call(environment, "squeue"))


def test_an_array_of_jobs_makes_what_one_machine_makes(cluster, inputs, expected, tmp_path):
    results = tmp_path / "results"
    submit(cluster, inputs, results, "0-2")
    # the same shard once more at the same time: a node that was given up may still be writing
    submit(cluster, inputs, results, "1")
    wait(cluster)
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert digests(results) == expected, logs
    assert not list(results.glob(".staging-*"))


def test_a_job_that_is_requeued_is_done_in_the_end(cluster, inputs, expected, tmp_path):
    results = tmp_path / "results"
    job = submit(cluster, inputs, results, "0")
    until = time.monotonic() + 120
    while not list(results.glob(".staging-*")) and time.monotonic() < until:
        time.sleep(0.05)
    assert not digests(results)
    call(cluster, "scontrol", "requeue", f"{job}_0")
    call(cluster, "scontrol", "release", f"{job}_0")
    wait(cluster)
    assert digests(results).items() <= expected.items()
    assert len(digests(results)) == 1


def test_workers_that_are_jobs_are_asked_for_again_when_one_is_cancelled(cluster, inputs, expected, tmp_path):
    results = tmp_path / "results"
    environment = {**cluster, "MINISCOPE_SCRATCH_DIR": str(tmp_path / "scratch")}
    process = subprocess.Popen(
        [
            *(sys.executable, CAPSULE / "scripts" / "run_shards.py"),
            *("--inputs", inputs, "--data_dir", inputs / "data", "--results_dir", results),
            *("--engine", "slurm", "--workers", "2"),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 120
    while not list(results.glob(".staging-*")) and time.monotonic() < until:
        time.sleep(0.05)
    victim = call(cluster, "squeue", "--noheader", "--format=%i", "--states=RUNNING").split()[0]
    call(cluster, "scancel", "--signal=KILL", "--full", victim)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert digests(results) == expected
    assert list((tmp_path / "scratch" / "slurm").iterdir())
