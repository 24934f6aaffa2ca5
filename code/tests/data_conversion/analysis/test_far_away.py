"""Analyses that other processes make, as people start them: what is told meanwhile, and what comes of it."""

import json
import re
import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from distributed import worker as dask_worker

from miniscope_to_nwb_zarr.analysis import workers
from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion.analysis import task
from miniscope_to_nwb_zarr.data_conversion.create_inputs import main as create_inputs
from miniscope_to_nwb_zarr.data_conversion.shard_task import ShardTask
from miniscope_to_nwb_zarr.run import far_away
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.options import Options
from miniscope_to_nwb_zarr.run.shard import read_shard
from tests.analysis.plain_engine import PlainEngine
from tests.conversions import no_processes
from tests.data_conversion.analysis.conftest import LIVELY
from tests.recordings import small_recording

QUICK = "movie: {detrend: pixel_linear}\nmotion: {correct: false}\ncells: {find: false}\n"
TRACEBACK = re.compile(r"Traceback|distributed\.\w+ - ")


def analyses_in(results):
    """The analyses of every output, by its name."""
    found = (Receipt.from_text(path.read_text()) for path in results.glob("*/receipt.json"))
    return {receipt.session: receipt.analyses for receipt in found}


def test_two_outputs_at_once_tell_of_their_steps(converted, tmp_path, capfd):
    (data := tmp_path / "data").mkdir()
    shutil.copytree(converted, data / converted.name)
    small_recording(data / "raw", devices=(replace(LIVELY, n_frames=60),), animal="M3")
    (tmp_path / "lab.yml").write_text(QUICK)
    words = ["--dataset", "analysis", "--data_dir", data, "--scratch_dir", tmp_path / "scratch"]
    words += ["--analysis_parameters", tmp_path / "lab.yml", "--json", "True", "--workers", "2"]

    def run(name, *more):
        assert main([str(word) for word in (*words, "--results_dir", tmp_path / name, *more)], {}) == 0
        return capfd.readouterr()

    said = run("far", "--engine", "local")
    outcomes = {line["session"]: line for line in map(json.loads, said.out.splitlines()) if line["type"] == "result"}
    assert [one["outcome"] for one in outcomes.values()] == ["written", "written"]
    (recorded,) = outcomes.keys() - {converted.name}
    for name in outcomes:
        told = [line.removeprefix(f"{name}: ") for line in said.err.splitlines() if line.startswith(f"{name}: ")]
        assert told.count("HPC_miniscope1: mean trace (100 %)") == 1
        assert told.count("HPC_miniscope1: trend (100 %)") == 1
        assert ("recording: conversion (0 %)" in told) == (name == recorded)
        assert len(told) < 12, told
    assert not TRACEBACK.search(said.err)
    # the same as one after the other, in this process
    run("here", "--engine", "serial")
    assert analyses_in(tmp_path / "far") == analyses_in(tmp_path / "here")
    said = run("far", "--engine", "local", "--quiet", "True")
    assert "mean trace" not in said.err


@pytest.mark.parametrize("is_far_away", [False, True])
def test_a_shard_tells_of_the_steps_of_its_analysis(converted, tmp_path, capsys, monkeypatch, is_far_away):
    monkeypatch.setattr(task, "engine_named", lambda _name: PlainEngine())
    monkeypatch.setattr(workers, "open_pool", no_processes)
    (data := tmp_path / "data").mkdir()
    shutil.copytree(converted, data / converted.name)
    given = ["--dataset", "analysis", "--data_dir", str(data), "--output_dir", str(tmp_path / "inputs")]
    assert create_inputs(given, {}) == 0
    (path,) = (tmp_path / "inputs" / "shards").iterdir()
    places = {"data_dir": data, "results_dir": tmp_path / "results", "scratch_dir": tmp_path / "scratch"}
    shard = ShardTask(read_shard(path), Options.from_python(**places))
    assert shard.is_analysis
    capsys.readouterr()
    if is_far_away:
        with told_by_a_worker() as told:
            result = shard.order(1)()
    else:
        result = shard.run(Console())
        told = capsys.readouterr().err.splitlines()
    assert (result.exit_code, result.word) == (0, "written")
    assert f"{converted.name}: HPC_miniscope1: cells (100 %)" in told
    assert len(analyses_in(tmp_path / "results")[converted.name]) == 1


@contextmanager
def told_by_a_worker():
    """What is told within this context, as if it were a task on a worker."""
    told = []
    console = SimpleNamespace(info=told.append)

    def log_event(topic, message):
        assert topic == far_away.TOPIC
        far_away.show(console)((datetime.now(UTC).timestamp(), json.loads(json.dumps(message))))

    before = dask_worker._worker_cvar.set(SimpleNamespace(log_event=log_event))
    try:
        yield told
    finally:
        dask_worker._worker_cvar.reset(before)


def test_a_step_is_told_of_where_it_begins_and_ends_and_now_and_then():
    times = iter([0, 1, 2, 59, 61, 62, 63, 64, 65, 66])
    with told_by_a_worker() as told, far_away.steps("M1", lambda: next(times)) as tell:
        for share in (0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 0.5, 1.0):
            tell("HPC", "motion", share)
        tell("HPC", "cells", 1)
        tell("HPC", "cells", 1)
    lines = ("motion (10 %)", "motion (50 %)", "motion (100 %)", "cells (100 %)")
    assert told == [f"M1: HPC: {line}" for line in lines]


def test_nobody_is_told_where_there_is_no_worker():
    with far_away.steps("M1") as tell:
        tell("HPC", "motion", 0.0)
