"""What the tasks of pipeline/main.nf execute, executed: in any order, twice, killed, it makes what one machine does."""

import os
import random
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import emulate_pipeline
from emulate_pipeline import PIPELINE, fill_in, publish, read_params, read_processes, run_task, values_of
from tests.faults.program import run_in_child, words
from tests.recordings import SMALL, small_recording
from tests.sharded import digests

TEXT = (PIPELINE / "main.nf").read_text(encoding="utf-8")
CONFIG = (PIPELINE / "nextflow.config").read_text(encoding="utf-8")
PROCESSES = read_processes(TEXT)
N_SESSIONS = 2
OPTIONS = "--dataset Miniscope --format hdf5"


@pytest.fixture
def values(monkeypatch):
    if not (PIPELINE.parent / ".git").exists():
        pytest.skip("the capsule is cloned from a git checkout, which this is not")
    # code/run takes the Python that it finds first
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return values_of(read_params(TEXT) | {"options": OPTIONS, "data": "here", "run_options": "--engine serial"})


def test_shards_in_any_order_twice_and_killed_are_what_one_machine_makes(values, tmp_path):
    for day in range(N_SESSIONS):
        small_recording(tmp_path / "data", start=SMALL.start + timedelta(days=day))
    results = tmp_path / "results"
    assert run_task(PROCESSES["create_inputs"], [tmp_path / "data"], values, tmp_path / "made") == 0
    names = publish(PROCESSES["create_inputs"], tmp_path / "made", results)
    assert sorted(set(names)) == ["manifest.json", "shards"]
    shards = sorted((results / "shards").iterdir())
    assert len(shards) == N_SESSIONS
    order = [*shards, shards[0]]
    random.Random(5).shuffle(order)
    convert = PROCESSES["convert"]
    # killed in the midst: nothing of it is published
    assert run_task(convert, [order[0], tmp_path / "data"], values, tmp_path / "killed", timeout_s=4) == -9
    for number, shard in enumerate(order):
        work = tmp_path / str(number)
        assert run_task(convert, [shard, tmp_path / "data"], values, work) == 0
        # only the code, and nothing of git
        assert sorted(path.name for path in (work / "capsule").iterdir()) == ["code", "data", "results", "scratch"]
        assert not (work / "capsule" / "code" / ".git").exists()
        published = publish(convert, work, results)
        assert len([name for name in published if name.startswith("run-")]) == 1
    said = run_in_child(words(tmp_path / "data", tmp_path / "whole", format="hdf5", engine="serial"), tmp_path / "said")
    assert said.code == 0, said
    assert digests(results) == digests(tmp_path / "whole")
    assert len(list(results.glob("run-*"))) == len(order)


def test_a_shard_that_cannot_be_converted_is_published_with_its_summary(values, tmp_path):
    recording = small_recording(tmp_path / "data")
    values = values | {"params.options": f"{OPTIONS} --metadata True"}
    assert run_task(PROCESSES["create_inputs"], [tmp_path / "data"], values, tmp_path / "made") == 0
    shard = tmp_path / "made" / "capsule" / "results" / "shards" / "0.json"
    next(recording.folder.rglob("headOrientation.csv")).unlink()
    assert run_task(PROCESSES["convert"], [shard, tmp_path / "data"], values, tmp_path / "work") == 0
    (name,) = publish(PROCESSES["convert"], tmp_path / "work", tmp_path / "results")
    assert name.startswith("run-")


def test_hidden_files_are_not_published_and_a_task_without_others_has_failed(tmp_path):
    process = emulate_pipeline.Process("p", (), ("out/*",), "**", "mkdir -p out/.staging-1\n")
    assert run_task(process, [], {}, tmp_path / "work") == 1


def test_the_script_is_filled_in_as_nextflow_does_and_nothing_else_is_accepted():
    assert fill_in(r"a ${task.cpus} \$b \${c} $d", {"task.cpus": "2"}) == "a 2 $b ${c} $d"
    with pytest.raises(ValueError, match="is not known here"):
        fill_in("${task.disk}", {})
    for process in PROCESSES.values():
        filled = fill_in(process.script, values_of(read_params(TEXT)))
        assert filled.startswith("#!/usr/bin/env bash\nset -e\n")
    assert set(PROCESSES) == {"create_inputs", "convert"}


def test_only_what_may_pass_is_tried_again_and_never_at_once():
    strategy = CONFIG.partition("errorStrategy = {")[2].partition("\n    }\n")[0]
    assert re.findall(r"exitStatus (\S+ \d+)", strategy) == ["== 75", ">= 128", "== 2"]
    assert "|| task.process == 'create_inputs' ? 'terminate' : 'ignore'" in strategy
    assert "sleep(500L * (1L << task.attempt))" in strategy
    assert re.search(r"maxErrors = -1", CONFIG)
    assert re.search(r"submitRateLimit = '1/5s'", CONFIG)
