"""Sessions of a data set: a run that is killed leaves no output, and memory does not grow with the arrays."""

import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from tests.allen import visual_coding_ophys as made
from tests.allen.runs import outputs, run

DATASET = "Visual Coding Ophys"
NAME = f"sub-{made.SPECIMEN}_ses-501-StimA"
FRAME = (256, 256)
SMALL, LARGE = 180, 1200
# what one run took at most, of this process or of any that it started
PEAK = """
import resource, sys
from miniscope_to_nwb_zarr.run.main import main
if __name__ == "__main__":
    code = main(sys.argv[1:], {})
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    print("peak", max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024)
    sys.exit(code)
"""


def session_of(folder, n_frames):
    """A session whose raw frames are as many as asked for, 131 kB each."""
    made.write_session(folder, "StimA", experiment=501)
    (raw,) = folder.rglob("*_ophys.nwb")
    block = np.random.default_rng(0).integers(0, 300, (20, *FRAME), dtype=np.uint16)
    with h5py.File(raw, "a") as file:
        series = file["acquisition/MotionCorrectedTwoPhotonSeries"]
        attributes = dict(series["data"].attrs)
        del series["data"]
        data = series.create_dataset(
            "data", (n_frames, *FRAME), np.uint16, chunks=(10, *FRAME), compression="gzip", compression_opts=1
        )
        data.attrs.update(attributes)
        for first in range(0, n_frames, len(block)):
            data[first : first + len(block)] = block + first
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return {n: session_of(tmp_path_factory.mktemp(f"frames{n}"), n) for n in (SMALL, LARGE)}


def words(folder, results):
    return ["--dataset", DATASET, "--data_dir", str(folder), "--results_dir", str(results), "--workers", "1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such figures of a process")
def test_memory_does_not_grow_with_the_frames(data, tmp_path):
    script = tmp_path / "peak.py"
    script.write_text(PEAK)
    peaks = {}
    for n_frames, folder in data.items():
        said = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), *words(folder, tmp_path / str(n_frames))],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        peaks[n_frames] = int(said.stdout.rsplit("peak ", 1)[1])
    grown = (LARGE - SMALL) * 2 * FRAME[0] * FRAME[1]
    assert peaks[LARGE] - peaks[SMALL] < 0.35 * grown, peaks


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes to kill")
def test_a_session_that_is_killed_leaves_no_output_and_the_next_run_makes_it(data, tmp_path):
    results = tmp_path / "results"
    script = "import sys; from miniscope_to_nwb_zarr.run.main import main; sys.exit(main(sys.argv[1:], {}))"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, *words(data[LARGE], results)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    began = time.monotonic()
    # in the middle of the frames
    while not list(results.glob(".staging-*/*.nwb.zarr/acquisition/*/data/*.0.0")):
        assert process.poll() is None, "the run ended before its frames were seen"
        assert time.monotonic() - began < 300
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert outputs(results) == []
    assert run(DATASET, results, "--data_dir", data[LARGE]) == 0
    assert outputs(results) == [NAME]
    check = ("--verify_only", "True", "--against_source", "True")
    assert run(DATASET, results, "--data_dir", data[LARGE], *check) == 0
