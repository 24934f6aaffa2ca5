"""Shards on a real SLURM of three nodes: as an array of jobs, and as Dask workers that are jobs. See also R22."""

import pytest

from tests import slurm_cluster
from tests.sharded import digests, is_begun, make_inputs, run, start, wait_until

N_SESSIONS = 2
REASON = slurm_cluster.why_not()

pytestmark = [pytest.mark.skipif(REASON is not None, reason=str(REASON)), pytest.mark.xdist_group("slurm")]


@pytest.fixture(scope="module")
def slurm():
    try:
        with slurm_cluster.running() as found:
            yield found
    except slurm_cluster.NotStartedError as error:
        pytest.skip(f"SLURM could not be started: {error}")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return make_inputs(tmp_path_factory.mktemp("sharded"), N_SESSIONS)


@pytest.fixture(scope="module")
def expected(inputs, tmp_path_factory):
    """What one machine makes."""
    results = tmp_path_factory.mktemp("expected")
    assert run(inputs, results, "--engine", "serial")[0] == 0
    return digests(results)


def test_an_array_of_jobs_makes_what_one_machine_makes(slurm, inputs, expected, tmp_path):
    results = tmp_path / "results"
    slurm.submit(inputs, results, f"0-{N_SESSIONS - 1}")
    # the same shard once more at the same time: a node that was given up may still be writing
    slurm.submit(inputs, results, "1")
    slurm.wait()
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert digests(results) == expected, logs
    assert not list(results.glob(".staging-*"))


def test_workers_that_are_jobs_are_asked_for_again_when_one_is_cancelled(slurm, inputs, expected, tmp_path):
    results = tmp_path / "results"
    environment = {**slurm.environment, "MINISCOPE_SCRATCH_DIR": str(tmp_path / "scratch")}
    process = start(inputs, results, "--engine", "slurm", "--workers", "2", environment=environment)
    assert wait_until(lambda: is_begun(results), process)
    victim = slurm.call("squeue", "--noheader", "--format=%i", "--states=RUNNING").split()[0]
    slurm.call("scancel", "--signal=KILL", "--full", victim)
    said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert digests(results) == expected
    assert list((tmp_path / "scratch" / "slurm").iterdir())
