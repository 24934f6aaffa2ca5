"""The recordings of the benchmark: one scope of 600 x 600, with the fixed sensor noise of `demo.sensor`.

They are made once and kept. Names have no spaces, and the user configuration lies beside the recording, because
NeuroConv finds devices by the configuration's words alone.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.demo import sensor, tables
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.recording import movie_of, write_recording
from miniscope_to_nwb_zarr.demo.settings import device_settings, qt_json, save_json, session_settings, user_config
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

SIDE_PX = 600
FRAMES_PER_FILE = 1000
RATE_HZ = 30.0
SEED = 0
DEVICE = "Miniscope"
TIMEZONE = "America/Los_Angeles"
CONFIG_NAME = "UserConfigFile.json"
NOISE = (
    f"noise: shot noise of variance {sensor.GAIN} x level, read noise of {sensor.READ_NOISE} grey levels, seed {SEED} "
    f"(demo/sensor.py); one scope, {SIDE_PX} x {SIDE_PX}, {RATE_HZ:g} frames/s, {FRAMES_PER_FILE} frames a file"
)
_READY_NAME = "ready"


@dataclass(frozen=True, slots=True)
class BenchRecording:
    """A recording on disk."""

    data_dir: Path
    """What ``--data_dir`` is given."""
    config: Path
    """The user configuration of the acquisition software."""
    videos: tuple[Path, ...]
    n_frames: int

    @property
    def source_bytes(self) -> int:
        """Size of all video files."""
        return sum(path.stat().st_size for path in self.videos)


def spec_of(codec: str, n_frames: int, frames_per_file: int = FRAMES_PER_FILE) -> RecordingSpec:
    """What a recording of the benchmark is made of."""
    device = DeviceSpec(
        name=DEVICE,
        width_px=SIDE_PX,
        height_px=SIDE_PX,
        encoding=Encoding[codec],
        n_frames=n_frames,
        frames_per_file=frames_per_file,
        rate_hz=RATE_HZ,
        has_orientation=True,
    )
    return RecordingSpec(devices=(device,), researcher="Bench", experiment="Benchmark", seed=SEED)


def make_recording(work: Path, codec: str, n_frames: int, workers: int) -> BenchRecording:
    """Make a recording below `work`, or find it made; the videos are written by several processes."""
    spec = spec_of(codec, n_frames)
    folder = work / f"{codec}-{n_frames}"
    if not (folder / _READY_NAME).exists():
        device_folder = _write_tables(folder, spec)
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        with pool:
            files = range(-(-n_frames // FRAMES_PER_FILE))
            list(pool.map(_write_video, *zip(*((device_folder, spec, k) for k in files), strict=True)))
        (folder / _READY_NAME).touch()
    return _found(folder, spec)


def lengthen(base: BenchRecording, work: Path, codec: str, n_frames: int) -> BenchRecording:
    """A longer recording whose video files are those of a shorter one, linked again and again."""
    spec = spec_of(codec, n_frames, FRAMES_PER_FILE)
    folder = work / f"{codec}-{n_frames}-linked"
    n_files, rest = divmod(n_frames, FRAMES_PER_FILE)
    if rest or base.n_frames % FRAMES_PER_FILE:
        message = f"whole files of {FRAMES_PER_FILE} frames are linked; {base.n_frames} and {n_frames} frames are not"
        raise SystemExit(message)
    if not (folder / _READY_NAME).exists():
        device_folder = _write_tables(folder, spec)
        for k in range(n_files):
            os.link(base.videos[k % len(base.videos)], device_folder / f"{k}.avi")
        (folder / _READY_NAME).touch()
    return _found(folder, spec)


def make_fifty(work: Path, count: int = 50) -> Path:
    """A folder of small recordings a day apart, 100 frames of 200 x 200 each."""
    spec = spec_of("FFV1", 100)
    small = replace(spec.devices[0], width_px=200, height_px=200)
    return make_many(work / f"small-{count}", replace(spec, devices=(small,)), count)


def make_many(folder: Path, spec: RecordingSpec, count: int) -> Path:
    """A folder of recordings a day apart, whose videos are copies of those of the first."""
    if not (folder / _READY_NAME).exists():
        first = write_recording(spec, folder)
        for day in range(1, count):
            device_folder = _write_tables(folder, replace(spec, start=spec.start + timedelta(days=day), seed=day))
            for video in (first.folder / DEVICE).glob("*.avi"):
                shutil.copyfile(video, device_folder / video.name)
        (folder / _READY_NAME).touch()
    return folder


def _found(folder: Path, spec: RecordingSpec) -> BenchRecording:
    device_folder = folder / spec.path / DEVICE
    videos = sorted(device_folder.glob("*.avi"), key=lambda path: int(path.stem))
    return BenchRecording(folder, folder / CONFIG_NAME, tuple(videos), spec.devices[0].n_frames)


def _write_tables(folder: Path, spec: RecordingSpec) -> Path:
    """Everything but the videos; gives the device's folder."""
    device = spec.devices[0]
    device_folder = folder / spec.path / device.folder_name
    shutil.rmtree(device_folder, ignore_errors=True)
    device_folder.mkdir(parents=True)
    save_json(device_folder.parent / "metaData.json", session_settings(spec))
    save_json(device_folder / "metaData.json", device_settings(spec, device))
    rows = tables.make_rows(device, spec.seed)
    texts: Mapping[Path, str] = {
        device_folder.parent / "notes.csv": tables.as_text(tables.notes(spec)),
        device_folder / "timeStamps.csv": tables.as_text(tables.timestamps(spec, device, rows)),
        device_folder / "headOrientation.csv": tables.as_text(tables.orientation(spec, rows)),
        folder / CONFIG_NAME: qt_json(user_config(spec)) + "\n",
    }
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return device_folder


def _write_video(device_folder: Path, spec: RecordingSpec, number: int) -> None:
    device = spec.devices[0]
    movie = movie_of(device, spec.seed)
    first = number * device.frames_per_file
    frames = map(movie.frame, range(first, min(first + device.frames_per_file, device.n_frames)))
    write_avi(device_folder / f"{number}.avi", frames, device.width_px, device.height_px, device.encoding)


def first_frames(video: Path, count: int) -> NDArray[np.uint8]:
    """The first frames of a video file as they lie in a store: uint8, shape (count, x, y)."""
    import av  # noqa: PLC0415 - the processes that write videos do without

    with av.open(str(video)) as container:
        pictures = (frame.to_ndarray(format="gray").T for frame in islice(container.decode(video=0), count))
        return np.stack([np.ascontiguousarray(picture) for picture in pictures])
