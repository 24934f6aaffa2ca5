"""R22: workers, schedulers, nodes and whole runs are lost while shards are converted."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import psutil

from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests import slurm_cluster
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.outputs import clear_staging
from tests.faults.program import run_in_child, words
from tests.sharded import PATIENCE_S, digests, ending, is_begun, make_inputs, run, start, wait_until, workers_of
from tests.slurm_cluster import Slurm

_N_SESSIONS = 3
_RUNS_AGAIN = 3
_MEMORY = "2600000000"
# takes memory until the nanny ends the worker: the first one that gets to it, once
_HOG = """\
import os, threading, time
def hog():
    while not os.path.isdir({results!r}) or not any(n.startswith('.staging-') for n in os.listdir({results!r})):
        time.sleep(0.01)
    try:
        os.close(os.open({mark!r}, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return
    taken = []
    while True:
        taken.append(bytearray(os.urandom(1 << 20)) * 100)
        time.sleep(0.02)
def dask_setup(worker):
    threading.Thread(target=hog, daemon=True).start()
"""
_SOON = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}


@cache
def _inputs() -> Path:
    return make_inputs(shared_folder() / "r22", _N_SESSIONS)


@cache
def _wanted() -> dict[str, str]:
    """What one machine makes."""
    folder = shared_folder() / "r22-wanted"
    said = run_in_child(words(_inputs() / "data", folder / "results", engine="serial"), folder / "said")
    assert said.code == 0, said
    return digests(folder / "results")


def _hold(results: Path) -> None:
    """Every shard has exactly one output, whole, and nothing is left that cannot be cleared away."""
    assert digests(results) == _wanted()
    for name in _wanted():
        receipt = commit.read_receipt(results / name)
        assert receipt is not None
        assert check_files(results / name, receipt, 1) == []
    clear_staging(results)
    left = {path.name for path in results.iterdir()} - set(_wanted())
    assert all(name.startswith("run-") for name in left), left


def _go_on(results: Path, code: int, said: str, *more: object) -> None:
    """A run that lost too much says so, and the same command finishes."""
    for _ in range(_RUNS_AGAIN):
        if code == 0:
            break
        assert code in {4, 75}, said
        assert re.search(r"[Rr]un (the same command )?again|lost", said), said
        code, _, said = run(_inputs(), results, *more)
    assert code == 0, said
    _hold(results)


def _workers_killed(seed: int, n_kills: int, folder: Path) -> None:
    rng, results = random.Random(seed), folder / "results"
    process = start(_inputs(), results, "--workers", "2")
    with ending(process):
        for _ in range(n_kills):
            if not wait_until(lambda: is_begun(results) and workers_of(process), process):
                break
            time.sleep(rng.uniform(0, 1.5))
            if victims := workers_of(process):
                with suppress(psutil.Error):
                    rng.choice(victims).kill()
        out, err = process.communicate(timeout=PATIENCE_S)
    _go_on(results, process.returncode, out + err, "--workers", "2")


def _run_killed(seed: int, folder: Path) -> None:
    """The run itself, with the scheduler in it: its workers notice, and the next run finishes."""
    results = folder / "results"
    process = start(_inputs(), results, "--workers", "2")
    with ending(process):
        assert wait_until(lambda: is_begun(results), process)
        time.sleep(random.Random(seed).uniform(0, 1))
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    code, out, err = run(_inputs(), results, "--workers", "2")
    _go_on(results, code, out + err, "--workers", "2")


def _memory(seed: int, folder: Path) -> None:
    """A worker takes more memory than it may have: its nanny ends it, and the shard is done by another."""
    del seed
    results, mark, preload = folder / "results", folder / "hogged", folder / "hog.py"
    folder.mkdir(parents=True)
    preload.write_text(_HOG.format(results=str(results), mark=str(mark)))
    limits = {"CO_MEMORY": _MEMORY, "DASK_DISTRIBUTED__WORKER__PRELOAD": f'["{preload}"]'}
    code, out, err = run(_inputs(), results, "--workers", "2", environment=limits)
    assert mark.exists()
    _go_on(results, code, out + err, "--workers", "2")


def _scheduler_restarted(seed: int, folder: Path) -> None:
    """The scheduler is killed and started again; workers of the first may still be writing."""
    results, port = folder / "results", _free_port()
    engine = ("--engine", f"tcp://127.0.0.1:{port}", "--workers", "2")
    first = _dask(port)
    process = start(_inputs(), results, *engine, environment=_SOON)
    with ending(process, *first):
        assert wait_until(lambda: is_begun(results), process)
        time.sleep(random.Random(seed).uniform(0, 1))
        first[0].kill()
        first[0].wait(60)
        second = _dask(port)
        with ending(*second):
            out, err = process.communicate(timeout=PATIENCE_S)
            code = process.returncode
            for _ in range(_RUNS_AGAIN):
                if code == 0:
                    break
                assert code in {4, 75}, out + err
                code, out, err = run(_inputs(), results, *engine, environment=_SOON)
            assert code == 0, out + err
    _hold(results)


def _dask(port: int) -> list[subprocess.Popen[str]]:
    """A scheduler and two workers, as a lab starts them."""
    python, environment = sys.executable, {**os.environ, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    scheduler = [python, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [python, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1"]
    commands = [[*scheduler, "--no-dashboard"], *[[*worker, "--no-dashboard", "--memory-limit", "0"]] * 2]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "text": True}
    return [subprocess.Popen(command, env=environment, **quiet) for command in commands]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _requeued(seed: int, folder: Path) -> None:
    """A job is put back into the queue while it writes."""
    results = folder / "results"
    with slurm_cluster.running() as slurm:
        job = _begin(slurm, results, seed)
        slurm.call("scontrol", "requeue", f"{job}_0")
        slurm.wait()
    _hold(results)


def _node_lost(seed: int, folder: Path) -> None:
    """A node is given up, the job on it goes on, and the same shard is done on another."""
    results = folder / "results"
    with slurm_cluster.running() as slurm:
        job = _begin(slurm, results, seed)
        slurm.kill_node(slurm.nodes_of(job)[0])
        slurm.wait()
        # the one that was given up may still be at it
        assert wait_until(lambda: not is_begun(results))
    _hold(results)


def _preempted(seed: int, folder: Path) -> None:
    """Jobs of another partition take the nodes away."""
    results = folder / "results"
    with slurm_cluster.running(is_preempting=True) as slurm:
        _begin(slurm, results, seed)
        slurm.preempt()
        slurm.wait()
    _hold(results)


def _twice_at_once(seed: int, folder: Path) -> None:
    """Every shard in two jobs."""
    results = folder / "results"
    with slurm_cluster.running() as slurm:
        _begin(slurm, results, seed)
        slurm.submit(_inputs(), results, f"0-{_N_SESSIONS - 1}")
        slurm.wait()
    _hold(results)


def _begin(slurm: Slurm, results: Path, seed: int) -> str:
    """Submit all shards, and wait until one is being written."""
    results.parent.mkdir(parents=True, exist_ok=True)
    job = slurm.submit(_inputs(), results, f"0-{_N_SESSIONS - 1}")
    assert wait_until(lambda: is_begun(results))
    time.sleep(random.Random(seed).uniform(0, 1))
    return job


def _cases(tier: Tier) -> Iterable[Case]:
    is_slurm_here = slurm_cluster.why_not() is None
    if tier is Tier.FAST:
        yield Case("worker-killed", partial(_workers_killed, 0, 1))
        if is_slurm_here:
            yield Case("job-requeued", partial(_requeued, 0))
        return
    for seed in range(10):
        yield Case(f"workers-killed-{seed}", partial(_workers_killed, seed, 1 + seed % 3))
    for name, attempt, n_cases in (
        ("run-killed", _run_killed, 3),
        ("memory", _memory, 4),
        ("scheduler-restarted", _scheduler_restarted, 3),
    ):
        for seed in range(n_cases):
            yield Case(f"{name}-{seed}", partial(attempt, seed))
    if not is_slurm_here:
        return
    for name, attempt, n_cases in (
        ("job-requeued", _requeued, 3),
        ("node-lost", _node_lost, 3),
        ("job-preempted", _preempted, 3),
        ("twice-at-once", _twice_at_once, 1),
    ):
        for seed in range(n_cases):
            yield Case(f"{name}-{seed}", partial(attempt, seed))


ROW = Row(
    name="R22",
    title="workers, schedulers and nodes are lost",
    promise="every shard has exactly one output, whole; a run that lost too much says so and the next one finishes",
    cases=_cases,
)
