import json
import logging
import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import zarr
from distributed import Nanny

from miniscope_to_nwb_zarr.core.errors import ExitCode, TemporaryError
from miniscope_to_nwb_zarr.run import engine, named_session
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.named_session import SessionOrder, run_named_session
from miniscope_to_nwb_zarr.run.options import Options
from miniscope_to_nwb_zarr.run.summary import SessionResult
from tests.conversions import staged
from tests.recordings import SCOPE, small_recording


@pytest.fixture
def two(tmp_path):
    for animal in ("M1", "M2"):
        small_recording(tmp_path / "data", animal=animal, devices=(replace(SCOPE, n_frames=5),))
    return ["--data_dir", str(tmp_path / "data"), "--results_dir", str(tmp_path / "results"), "--json", "True"]


def results_of(capsys):
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["session"]: line for line in lines if line["type"] == "result"}


def test_several_sessions_on_a_local_cluster_are_all_written(two, capsys, tmp_path):
    (tmp_path / "animals.csv").write_text("subject_id,sex\nM1,F\nM2,M\n")
    two += ["--subjects", str(tmp_path / "animals.csv")]
    assert main([*two, "--workers", "2"], {}) == 0
    assert {row["outcome"] for row in results_of(capsys).values()} == {"written"}
    assert len(list((tmp_path / "results").glob("M?_*/receipt.json"))) == 2
    assert staged(tmp_path / "results") == []
    stores = sorted((tmp_path / "results").glob("M?_*/*.nwb.zarr"))
    assert [zarr.open(str(store), "r")["general/subject/sex"][()] for store in stores] == ["F", "M"]
    # again, one after the other: nothing to do, so that both ways write the same
    assert main([*two, "--engine", "serial"], {}) == 0
    assert {row["outcome"] for row in results_of(capsys).values()} == {"already done"}


@pytest.mark.usefixtures("in_process")
def test_a_session_that_fails_does_not_stop_the_next(two, capsys, monkeypatch, tmp_path):
    convert = named_session.convert_session

    def first_fails(session, *args):
        if session.name.startswith("M1"):
            raise TemporaryError("M1: no room")
        return convert(session, *args)

    monkeypatch.setattr(named_session, "convert_session", first_fails)
    assert main([*two, "--engine", "serial"], {}) == ExitCode.TEMPORARY
    rows = results_of(capsys)
    assert sorted((name[:2], row["outcome"], row["frames"]) for name, row in rows.items()) == [
        ("M1", "failed", 0),
        ("M2", "written", 5),
    ]
    (run,) = (tmp_path / "results").glob("run-*")
    events = [json.loads(line) for line in (run / "run.jsonl").read_text("utf-8").splitlines()]
    assert [(event["type"], event["exit_code"]) for event in events] == [
        ("session", 75),
        ("session", 0),
        ("summary", 75),
    ]


@pytest.mark.usefixtures("in_process")
def test_a_session_travels_as_its_name(two, tmp_path):
    options = Options.from_python(data_dir=tmp_path / "data", results_dir=tmp_path / "results")
    folder = next(path.parent for path in (tmp_path / "data").rglob("notes.csv") if "M2" in str(path))
    result = run_named_session(SessionOrder(options, str(folder), "M2_2026-03-14_09-26-53", "{}"))
    assert (result.exit_code, result.word, result.frames) == (ExitCode.DONE, "written", 5)
    gone = run_named_session(SessionOrder(options, str(folder), "M3_2026-03-14_09-26-53", "{}"))
    assert gone.exit_code is ExitCode.INVALID_INPUT


def end_own_process():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_whose_workers_never_come_back_ends(monkeypatch, tmp_path):
    async def not_again(self, exitcode):
        """As where a worker is killed while it starts."""

    monkeypatch.setattr(Nanny, "_on_worker_exit", not_again)
    monkeypatch.setattr(engine, "WORKERS_BACK_WITHIN", "1s")
    ours = {"name": "M1", "outputs": ("M1",), "amount": (0, 0), "findings": (), "prepare": None}
    task = SimpleNamespace(**ours, order=lambda workers: end_own_process)
    options = Options.from_python(data_dir=tmp_path, results_dir=tmp_path, engine="local", workers=1)
    with pytest.raises(TemporaryError, match="all workers were lost"):
        list(engine.run_tasks([task], options, Console(quiet=True), None))


def answered_late():
    """What a worker logs when the scheduler of a busy machine answers its heartbeat late."""
    logging.getLogger("distributed.worker").error("Failed to communicate with scheduler during heartbeat.")
    return SessionResult("M1", ExitCode.DONE, "written", "")


def test_what_dask_logs_of_a_busy_machine_does_not_reach_people(tmp_path, capfd):
    ours = {"name": "M1", "outputs": ("M1",), "amount": (0, 0), "findings": (), "prepare": None}
    task = SimpleNamespace(**ours, order=lambda workers: answered_late)
    options = Options.from_python(data_dir=tmp_path, results_dir=tmp_path, engine="local", workers=1)
    (result,) = engine.run_tasks([task], options, Console(), SimpleNamespace(event=lambda *_: None))
    assert result.word == "written"
    said = capfd.readouterr().err
    assert "M1 has ended (1 of 1)" in said
    assert "heartbeat" not in said


@pytest.mark.parametrize(("kinds", "memory"), [((False, False), "4GB"), ((False, True), "8GB")])
def test_a_job_of_slurm_has_memory_for_what_is_made(tmp_path, monkeypatch, kinds, memory):
    pytest.importorskip("dask_jobqueue")
    made = engine._slurm_cluster
    scripts = []

    @contextmanager
    def only_look(_n_jobs, *more):
        with made(0, *more) as cluster:
            scripts.append(cluster.job_script())
            yield cluster

    monkeypatch.setattr(engine, "_slurm_cluster", only_look)
    tasks = [SimpleNamespace(is_analysis=kind) for kind in kinds]
    with engine._cluster("slurm", 2, tmp_path, tasks):
        pass
    assert f"--mem={memory.removesuffix('B')}" in scripts[0]
    assert "--cpus-per-task=2" in scripts[0]
    assert "--nthreads 1 " in scripts[0]


def end_first_process(results):
    """Die as a worker that is killed while it writes; another time, be done."""
    staging = results / ".staging-M1-1"
    if staging.exists():
        return SessionResult("0: M1", ExitCode.DONE, "written", "")
    staging.mkdir()
    (staging / ".owner.json").write_text('{"program": "miniscope-to-nwb-zarr"}')
    return end_own_process()


def test_a_lost_worker_is_told_of_and_what_it_left_is_cleared(tmp_path, capsys):
    order = partial(end_first_process, tmp_path)
    shard = {"name": "0: M1", "outputs": ("M1",), "amount": (0, 0), "findings": (), "prepare": None}
    task = SimpleNamespace(**shard, order=lambda workers: order)
    options = Options.from_python(data_dir=tmp_path, results_dir=tmp_path, engine="local", workers=1)
    told = SimpleNamespace(event=lambda *_: None)
    (result,) = engine.run_tasks([task], options, Console(), told)
    assert result.word == "written"
    assert "0: M1: its worker was lost; another worker takes over" in "".join(capsys.readouterr())
    assert not (tmp_path / ".staging-M1-1").exists()


def test_what_killed_workers_leave_is_cleared_when_the_run_ends_early(tmp_path):
    ours, others = tmp_path / ".staging-M1-1", tmp_path / ".staging-M2-1"
    for folder in (ours, others):
        folder.mkdir()
        (folder / ".owner.json").write_text('{"program": "miniscope-to-nwb-zarr"}')
    with engine._clearing(tmp_path, ["M1"]):
        pass
    assert ours.exists()

    def fail():
        with engine._clearing(tmp_path, ["M1"]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not ours.exists()
    assert others.exists()
