"""The three that are compared: this project, the bare loop, NeuroConv. Each is a fresh process and leaves a store."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark_process import Measured, measure
from benchmark_recordings import FRAMES_PER_FILE, SIDE_PX, TIMEZONE
from environments import environment
from miniscope_to_nwb_zarr.core.chunking import plan_chunks
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames
from miniscope_to_nwb_zarr.run.option_table import BY_NAME

if TYPE_CHECKING:
    from benchmark_recordings import BenchRecording

SCRIPTS = Path(__file__).resolve().parent
CODE = SCRIPTS.parent / "code"
OURS, LIMIT, NEUROCONV = "this project", "the limit", "NeuroConv"
NEUROCONV_PINS = (
    "neuroconv[miniscope]==0.10.2",
    "roiextractors==0.10.0",
    "ndx-miniscope==0.5.1",
    "opencv-python-headless==5.0.0.93",
    "pynwb==4.2.0",
    "hdmf==6.2.0",
    "hdmf-zarr==0.13.0",
    "zarr==2.18.7",
    "numcodecs==0.15.1",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "h5py==3.16.0",
)


@dataclass(frozen=True, slots=True)
class Converted:
    """A finished run of a contestant."""

    measured: Measured
    store: Path
    array: Path
    """The frames."""
    phases: dict[str, float]
    """Seconds of the parts of the run, where the program tells them."""

    @property
    def store_bytes(self) -> int:
        """Size of all files of the store."""
        return sum(path.stat().st_size for path in self._files())

    @property
    def n_objects(self) -> int:
        """Files of the store."""
        return len(self._files())

    @property
    def n_chunks(self) -> int:
        """Chunks of the array of frames."""
        return sum(not path.name.startswith(".") for path in self.array.iterdir())

    def _files(self) -> list[Path]:
        return [path for path in self.store.rglob("*") if path.is_file()]


def convert(name: str, recording: BenchRecording, workers: int, work: Path) -> Converted:
    """Let a contestant convert a recording; what it left before is removed."""
    out = work / "converted" / name.replace(" ", "-")
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    return {OURS: _ours, LIMIT: _limit, NEUROCONV: _neuroconv}[name](recording, workers, out)


def our_command(data_dir: Path, results: Path, workers: int, *more: str) -> list[str]:
    """The command line of the program, as a user types it in ``code/``."""
    shown = ["--dataset", "Miniscope", "--data_dir", str(data_dir), "--results_dir", str(results)]
    return [sys.executable, "run_capsule.py", *shown, "--workers", str(workers), "--timezone", TIMEZONE, *more]


def _ours(recording: BenchRecording, workers: int, out: Path) -> Converted:
    measured = measure(our_command(recording.data_dir, out / "results", workers), out / "log", CODE)
    store = next(out.glob("results/*/*.nwb.zarr"))
    summary = json.loads(next(out.glob("results/run-*/summary.json")).read_text(encoding="utf-8"))
    return Converted(measured, store, frames_array(store), summary["sessions"][0]["phases_s"])


def _limit(recording: BenchRecording, workers: int, out: Path) -> Converted:
    job = limit_job(recording, workers, out / "frames")
    measured = measure([sys.executable, str(SCRIPTS / "benchmark_limit.py"), json.dumps(job)], out / "log")
    return Converted(measured, out / "frames", out / "frames", {})


def limit_job(recording: BenchRecording, workers: int, array: Path) -> dict[str, Any]:
    """What the bare loop is told: the files, and the chunks and codecs that are the project's defaults."""
    shape = (recording.n_frames, SIDE_PX, SIDE_PX)
    plan = plan_chunks(shape, 1, int(float(BY_NAME["chunk_mb"].default) * 1_000_000))
    level = int(BY_NAME["compression"].default.rpartition(":")[2])
    encoding = encode_frames(level, plan.chunks, np.dtype("u1"))
    left = [min(FRAMES_PER_FILE, recording.n_frames - k * FRAMES_PER_FILE) for k in range(len(recording.videos))]
    return {
        "videos": [(str(path), n) for path, n in zip(recording.videos, left, strict=True)],
        "out": str(array),
        "shape": plan.shape,
        "chunks": plan.chunks,
        "compressor": encoding.compressor.get_config(),
        "filters": [each.get_config() for each in encoding.filters],
        "workers": workers,
    }


def _neuroconv(recording: BenchRecording, _workers: int, out: Path) -> Converted:
    # its writer has one process; the `number_of_jobs` of its backend configuration is not read when it writes
    python = neuroconv_python(out.parents[1])
    store = out / "session.nwb.zarr"
    script = str(SCRIPTS / "benchmark_neuroconv.py")
    words = [str(recording.data_dir), str(recording.config), str(store), TIMEZONE]
    measured = measure([str(python), script, *words], out / "log")
    return Converted(measured, store, frames_array(store), {})


def neuroconv_python(work: Path) -> Path:
    """The interpreter of NeuroConv's own environment, made on the first call."""
    return environment(work / "neuroconv", NEUROCONV_PINS)


def frames_array(store: Path) -> Path:
    """The array of frames of a store that holds one series."""
    for array in sorted(store.glob("acquisition/*/data")):
        if len(json.loads((array / ".zarray").read_text(encoding="utf-8"))["shape"]) == 3:
            return array
    message = f"{store}: holds no series of frames"
    raise FileNotFoundError(message)


def differing_chunks(first: Path, second: Path) -> list[str]:
    """Names of the chunks that are not the same, byte for byte, in two arrays."""
    names = {path.name for folder in (first, second) for path in folder.iterdir() if not path.name.startswith(".")}
    return sorted(name for name in names if _bytes(first / name) != _bytes(second / name))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
