"""The program as people and pipelines call it: one process, its arguments, its exit code, what lies on the disk."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.demo.example import DEMO
from miniscope_to_nwb_zarr.demo.recording import movie_of
from tests.conversions import listing, staged
from tests.recordings import SCOPE, small_recording

CODE = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, str(CODE / "run_capsule.py")]
DEMO_NAME = "M770001_2026-03-14_09-26-53"


def start(*words, before=()):
    # from elsewhere: nothing may depend on where it is called
    return subprocess.Popen(
        [*before, *PROGRAM, *map(str, words)], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*words, before=()):
    process = start(*words, before=before)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo, made and converted by the program itself, in folders with spaces."""
    scratch, results = (tmp_path_factory.mktemp(name) for name in ("the scratch", "the results"))
    words = ("--dataset", "DEMO", "--scratch_dir", scratch, "--results_dir", results, "--json", "True")
    code, out, err = run(*words, "--workers", "2")
    assert code == 0, err
    return scratch / "demo", results, words, [json.loads(line) for line in out.splitlines()]


def test_the_demo_is_made_and_converted_whole(demo):
    _, results, _, lines = demo
    (result,) = (line for line in lines if line["type"] == "result")
    assert (result["session"], result["outcome"], result["frames"]) == (DEMO_NAME, "written", 600 + 598)
    store = zarr.open(str(results / DEMO_NAME / f"{DEMO_NAME}.nwb.zarr"), mode="r")
    spec = DEMO.devices[1]
    data = store[f"acquisition/OnePhotonSeries_{spec.folder_name}/data"]
    movie = movie_of(spec, 1000 * DEMO.seed + 1)
    # frame 311 was lost: what follows is one further in the movie
    for row, taken in ((0, 0), (310, 310), (311, 312), (597, 598)):
        assert np.array_equal(data[row], movie.frame(taken).T)
    files = {path.name for path in (results / DEMO_NAME).iterdir()}
    assert files >= {"receipt.json", "behavior-videos", "qc"}
    assert files >= {"subject.json", "acquisition.json", "data_description.json"}


def test_the_demo_again_is_done_already_and_nothing_is_written(demo):
    folder, results, words, _ = demo
    before, sources = listing(results / DEMO_NAME), listing(folder)
    code, out, _ = run(*words)
    (result,) = (line for line in map(json.loads, out.splitlines()) if line["type"] == "result")
    assert (code, result["outcome"]) == (0, "already done")
    assert listing(results / DEMO_NAME) == before
    assert listing(folder) == sources


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_in_the_midst_leaves_nothing_half_done(demo, tmp_path, number, expected):
    process = start("--data_dir", demo[0], "--results_dir", tmp_path, "--workers", "2", "--json", "True")
    wait_for_frames(process, tmp_path)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert process.returncode == expected, err
    assert json.loads(out.splitlines()[-1])["exit_code"] == expected
    assert [path.name[:4] for path in tmp_path.iterdir()] == ["run-"]


def test_killed_it_leaves_staging_that_is_found_and_removed(demo, tmp_path):
    process = start("--data_dir", demo[0], "--results_dir", tmp_path, "--workers", "2")
    wait_for_frames(process, tmp_path)
    process.kill()
    process.communicate(timeout=30)
    assert not (tmp_path / DEMO_NAME).exists()
    assert len(staged(tmp_path)) == 1
    # its workers end by themselves
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (before := listing(tmp_path)) != (time.sleep(0.5), listing(tmp_path))[1]:
        pass
    assert listing(tmp_path) == before
    code, out, _ = run("--clean_staging", "delete", "--results_dir", tmp_path, "--scratch_dir", tmp_path / "scratch")
    assert code == 0
    assert "1 of 1 removed" in out
    assert staged(tmp_path) == []


def wait_for_frames(process, results):
    deadline = time.monotonic() + 60
    while not any(path.is_file() and path.name[0] != "." for path in results.glob(".staging-*/.frames/*/*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_programs_at_once_give_one_output(tmp_path):
    small_recording(tmp_path / "data", devices=(replace(SCOPE, has_orientation=False),))
    words = ("--data_dir", tmp_path / "data", "--results_dir", tmp_path / "results", "--workers", "1")
    both = [start(*words) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    (output,) = (tmp_path / "results").glob("M*")
    assert staged(tmp_path / "results") == []
    assert run("--verify_only", "True", "--results_dir", tmp_path / "results")[0] == 0
    chunk = next(output.glob("*.zarr/acquisition/One*/data/0.0.0"))
    chunk.write_bytes(chunk.read_bytes()[::-1])
    code, _, err = run("--verify_only", "True", "--results_dir", tmp_path / "results")
    assert code == 6
    assert "data/0.0.0" in err


def test_a_data_folder_that_may_not_be_written_to_is_enough(tmp_path):
    """As root it runs without root's power over permissions, for which it needs setpriv (util-linux)."""
    as_mortal = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and setpriv, which could take that from it, is not installed")
        as_mortal = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all"]
    truth = small_recording(tmp_path / "data", devices=(replace(SCOPE, has_orientation=False),))
    folders = (tmp_path / "data", *(tmp_path / "data").rglob("*"))
    for path in folders:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = listing(tmp_path / "data")
    words = ("--data_dir", tmp_path / "data", "--workers", "1", "--results_dir")
    code, _, err = run(*words, tmp_path / "results", before=as_mortal)
    assert code == 0, err
    assert listing(tmp_path / "data") == before
    # where results may not be written, that is said, and it is no reason to try again
    code, _, err = run(*words, truth.folder.parent / "results", before=as_mortal)
    assert code == 2
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    code, _, err = run(*words, closed, before=as_mortal)
    assert code == 3
    assert "Permission denied" in err
    assert "Traceback" not in err
    for path in folders:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], 0),
        (["--version", "True"], 0),
        (["--dataset", "nothing"], 2),
        (["--dry_run"], 2),
        (["--data_dir", "/nowhere/at/all"], 3),
        (["--data_dir", "/nowhere/at/all", "--json=True"], 3),
    ],
)
def test_the_exit_code_is_the_programs_last_word(words, expected, tmp_path):
    code, out, err = run(*words, "--results_dir", tmp_path / "results")
    assert code == expected
    assert "Traceback" not in err
    left = [path.name[:4] for path in (tmp_path / "results").glob("*")]
    assert left == (["run-"] if expected == 3 else [])
    if "--json=True" in words:
        assert [json.loads(line)["exit_code"] for line in out.splitlines()] == [3]


def test_the_script_of_code_ocean_passes_its_arguments_on():
    script = CODE / "run"
    if not script.exists() or shutil.which("uv") is None:
        pytest.skip("code/run starts uv, which is not installed")
    assert os.access(script, os.X_OK)
    assert "run_capsule.py" in script.read_text("utf-8")
    assert '"$@"' in script.read_text("utf-8")
