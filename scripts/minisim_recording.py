"""Converts a recording whose movie minisim simulated: cells of CA1 with their haze, vessels, motion and sensor noise.

    cd code && uv run python ../scripts/minisim_recording.py --work ../scratch/minisim

minisim and its needs are installed with uv into an environment of their own below `--work`, which is kept for the next
run. Each run makes a folder beside it with the movie, the recording and the results; none is ever removed. The store is
opened with NWBZarrIO and its frames are held against the movie; exit code 1 if they differ. Linux, for what it measures
with. It is no test of the suite, because it needs the network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf_zarr import NWBZarrIO

from benchmark_contestants import our_command
from benchmark_process import measure
from environments import environment
from miniscope_to_nwb_zarr.demo.avi import write_avi
from miniscope_to_nwb_zarr.demo.real_video import VideoMovie, device_of
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.spec import RecordingSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CODE = Path(__file__).resolve().parents[1] / "code"
DEVICE = "My V4 Miniscope"
RATE_HZ = 20.0
# unlike each other, so that exchanged axes are seen; even, as OpenCV's writer stores them
WIDTH_PX, HEIGHT_PX = 256, 208
WORKERS = 2
PINS = (
    "minisim==1.0.3",
    "numpy==2.4.6",
    "numpydantic==1.10.0",
    "opencv-python-headless==5.0.0.93",
    "pydantic==2.11.10",
    "scipy==1.17.1",
    "xarray==2026.9.0",
    "zarr==2.18.7",
    "numcodecs==0.15.1",
)
SIMULATE = """
import json
import sys

import numpy as np
from minisim import BrainMotion, ImageSensor, build_spec, simulate
from minisim.presets import ca1, miniscope_v4

job = json.loads(sys.argv[1])
scope = miniscope_v4()
part = {"n_px_width": job["width_px"], "n_px_height": job["height_px"]}
sensor = ImageSensor(**{**scope.image_sensor.model_dump(), **part})
spec = build_spec(
    scope.model_copy(update={"image_sensor": sensor}),
    ca1(),
    duration_s=job["n_frames"] / job["rate_hz"],
    fps=job["rate_hz"],
    seed=job["seed"],
    extra_steps=[BrainMotion()],
)
recording = simulate(spec)
counts = np.asarray(recording.observed)
movie = counts.astype(np.uint8)
if not np.array_equal(movie, counts):
    sys.exit("minisim: expected counts of 8 bits; found others")
np.save(job["out"], movie)
truth = recording.ground_truth
shift_px = float(np.abs(truth.shifts).max())
print(json.dumps({"cells": truth.n_units, "detectable": int(truth.detectable.sum()), "shift_px": shift_px}))
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a conversion gave."""

    n_equal: int
    """Frames in the store that are those of the movie, at their place."""
    store_bytes: int
    """Size of all files of the store."""
    wall_s: float
    """Of the program, its start included."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(tempfile.gettempdir()) / "minisim-recording"
    parser.add_argument("--work", type=Path, default=default, metavar="DIR", help="the environment and the runs")
    parser.add_argument("--frames", type=int, default=300, help="minisim holds them as 64-bit numbers in memory")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def minisim_python(work: Path) -> Path:
    """The interpreter of minisim's own environment, made on the first call and when the pins change."""
    return environment(work / "minisim-environment", PINS)


def simulate(python: Path, out: Path, n_frames: int, seed: int) -> dict[str, Any]:
    """Let minisim write a movie: uint8, shape (frame, height, width); gives what is in it."""
    job = {"out": str(out), "n_frames": n_frames, "rate_hz": RATE_HZ, "seed": seed}
    words = json.dumps({**job, "width_px": WIDTH_PX, "height_px": HEIGHT_PX})
    said = subprocess.run([str(python), "-c", SIMULATE, words], check=True, stdout=subprocess.PIPE, text=True).stdout
    content: dict[str, Any] = json.loads(said)
    return content


def record(movie: NDArray[np.uint8], run: Path) -> Path:
    """Write a recording of one scope that saw the movie; gives its video, FFV1."""
    video = run / "movie.avi"
    write_avi(video, movie, WIDTH_PX, HEIGHT_PX)
    device = replace(device_of(video, DEVICE), rate_hz=RATE_HZ)
    truth = write_recording(RecordingSpec(devices=(device,)), run / "data", {device.name: VideoMovie(video)})
    return truth.devices[device.folder_name].folder / "0.avi"


def convert(movie: NDArray[np.uint8], run: Path) -> Compared:
    """Convert the recording as a user does, open the store, and hold its frames against the movie."""
    results = run / "results"
    measured = measure(our_command(run / "data", results, WORKERS), run / "log", CODE)
    store = next(results.glob("*/*.nwb.zarr"))
    with NWBZarrIO(str(store), "r") as io:
        series = io.read().acquisition[f"OnePhotonSeries_{DEVICE.replace(' ', '_')}"]
        stored = series.data[:].transpose(0, 2, 1)
        n_stamps = len(series.timestamps)
    is_whole = stored.shape == movie.shape and stored.dtype == movie.dtype and n_stamps == len(movie)
    n_equal = int((stored == movie).all(axis=(1, 2)).sum()) if is_whole else 0
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    return Compared(n_equal, size, measured.wall_s)


def main() -> int:
    """Simulate, record, convert, compare; 1 where a frame differs."""
    options = parse()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    python = minisim_python(work)
    run = Path(tempfile.mkdtemp(prefix="run-", dir=work))
    content = simulate(python, run / "movie.npy", options.frames, options.seed)
    movie = np.load(run / "movie.npy")
    video_bytes = record(movie, run).stat().st_size
    print(
        f"{run}: {len(movie)} frames of {WIDTH_PX} x {HEIGHT_PX}, {content['cells']} cells, {content['detectable']} of "
        f"them detectable, moved by up to {content['shift_px']:.1f} px, seed {options.seed} ({PINS[0]})"
    )
    compared = convert(movie, run)
    print(
        f"{compared.n_equal} of {len(movie)} frames equal; store of {compared.store_bytes / 1e6:.2f} MB, "
        f"{compared.store_bytes / video_bytes:.3f} of the FFV1 video of {video_bytes / 1e6:.2f} MB; "
        f"converted in {compared.wall_s:.1f} s"
    )
    return int(compared.n_equal != len(movie))


if __name__ == "__main__":
    sys.exit(main())
