"""Writes a recording folder as the acquisition software does, and tells what is in it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo import barcode, tables
from miniscope_to_nwb_zarr.demo.arena import ArenaMovie
from miniscope_to_nwb_zarr.demo.avi import even, write_avi
from miniscope_to_nwb_zarr.demo.movie import ScopeMovie
from miniscope_to_nwb_zarr.demo.settings import clock, device_settings, qt_json, save_json, session_settings
from miniscope_to_nwb_zarr.demo.spec import Scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.demo.movie import Movie
    from miniscope_to_nwb_zarr.demo.real_video import VideoMovie
    from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec


@dataclass(frozen=True, slots=True, eq=False)
class DeviceTruth:
    """What a device recorded, to hold a conversion against."""

    spec: DeviceSpec
    folder: Path
    rows: tables.Rows
    """One for each saved frame, as written."""
    movie: Movie

    def frame(self, row: int) -> NDArray[np.uint8]:
        """The frame of a row before it was encoded.

        Parameters
        ----------
        row : int
            Number of the saved frame, from 0.

        Returns
        -------
        uint8 array, shape (height, width), or (height, width, 3) in blue-green-red for the arena
            The size is even. What a decoder gives is equal where `Encoding.is_exact`, else near.
        """
        height, width = even(self.spec.height_px), even(self.spec.width_px)
        frame = self.movie.frame(int(self.rows.sensor_frame[row]))[:height, :width]
        if self.spec.has_bar_code:
            barcode.draw(frame, row)
        return frame


@dataclass(frozen=True, slots=True, eq=False)
class RecordingTruth:
    """What a recording folder holds."""

    spec: RecordingSpec
    folder: Path
    devices: Mapping[str, DeviceTruth]
    """By the name of the folder; of two devices that share a folder the one written last."""


def write_recording(
    spec: RecordingSpec, data_directory: Path, videos: Mapping[str, VideoMovie] | None = None
) -> RecordingTruth:
    """Write a recording below a data directory.

    A folder that is there already is used again as the software uses it: settings files stay, tables are written anew,
    AVI files are replaced one at a time, so that the last ones of a longer recording stay behind.

    Parameters
    ----------
    spec : RecordingSpec
        What to write.
    data_directory : Path
        Created if missing; the recording's folder is `data_directory / spec.path`.
    videos : mapping of device name to VideoMovie, optional
        Devices whose video file is there already: it is copied as ``0.avi``, byte for byte.

    Returns
    -------
    RecordingTruth
    """
    folder = data_directory / spec.path
    (folder / "experiment").mkdir(parents=True, exist_ok=True)
    save_json(folder / "metaData.json", session_settings(spec))
    _write(folder / "notes.csv", tables.notes(spec))
    devices = {device.folder_name: _write_device(spec, device, folder, videos or {}) for device in spec.devices}
    if spec.behavior_tracker and spec.habits.has_behavior_tracker:
        _write_tracker(spec, folder / "behaviorTracker")
    if spec.habits.writes_unix_time:
        _write_end(spec, folder / "metaData.json", devices.values())
    return RecordingTruth(spec, folder, devices)


def movie_of(device: DeviceSpec, seed: int) -> Movie:
    """What a device sees, as long as its recording, lost frames included."""
    size = device.width_px, device.height_px
    n_frames = device.n_frames + len(device.lost)
    scene = device.scene or (Scene.CELLS if device.kind is DeviceKind.SCOPE else Scene.ARENA)
    kind = ScopeMovie if scene is Scene.CELLS else ArenaMovie
    return kind(*size, n_frames, device.rate_hz, seed, device.has_noise)


def _write_device(
    spec: RecordingSpec, device: DeviceSpec, session: Path, videos: Mapping[str, VideoMovie]
) -> DeviceTruth:
    folder = session / device.folder_name
    folder.mkdir(exist_ok=True)
    save_json(folder / "metaData.json", device_settings(spec, device))
    seed = 1000 * spec.seed + spec.devices.index(device)
    video = videos.get(device.name)
    truth = DeviceTruth(device, folder, tables.make_rows(device, seed), video or movie_of(device, seed))
    _write(folder / "timeStamps.csv", tables.timestamps(spec, device, truth.rows))
    if device.has_orientation:
        _write(folder / "headOrientation.csv", tables.orientation(spec, truth.rows))
    if video is None:
        _write_videos(truth)
    else:
        shutil.copyfile(video.path, folder / "0.avi")
    return truth


def _write_videos(truth: DeviceTruth) -> None:
    device = truth.spec
    for file_number, first in enumerate(range(0, device.n_frames, device.frames_per_file)):
        frames = map(truth.frame, range(first, min(first + device.frames_per_file, device.n_frames)))
        write_avi(truth.folder / f"{file_number}.avi", frames, device.width_px, device.height_px, device.encoding)


def _write_tracker(spec: RecordingSpec, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    save_json(folder / "metaData.json", spec.behavior_tracker)
    cameras = [device for device in spec.devices if device.kind is DeviceKind.CAMERA]
    _write(folder / "pose.csv", tables.pose(spec, max((camera.n_frames for camera in cameras), default=0)))


def _write_end(spec: RecordingSpec, settings: Path, devices: Iterable[DeviceTruth]) -> None:
    """Rewrite the settings with the end of the recording, as the unreleased version does when it stops."""
    elapsed = max((int(stamp) for device in devices for stamp in device.rows.stamp_ms[-1:]), default=0) + 40
    end = clock(spec.start + timedelta(milliseconds=elapsed + spec.clock_drift_ms))
    end |= {"elapsedMonotonicMs": elapsed, "driftMs": spec.clock_drift_ms}
    text = qt_json({**session_settings(spec), "recordingEndTime": end})
    settings.write_text(text + "\n", encoding="utf-8", newline="\n")


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text(tables.as_text(lines), encoding="utf-8", newline="\n")
