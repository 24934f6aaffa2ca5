"""Small recordings for tests, each with all that is known of it. `defects` damages them.

What a spec can say needs no function of its own:
    device without a frame      DeviceSpec(n_frames=0)
    odd region of interest      DeviceSpec(width_px=65, height_px=49): the file is 64 x 48
    no region of interest       DeviceSpec(has_roi=False)
    gain as number or text      DeviceSpec(settings={"gain": 3.5}), {"gain": "High"}, {"frameRate": "30FPS/90"}
    LED on a scale to 255       DeviceSpec(settings={"led0": 200})
    key left out                DeviceSpec(settings={"framesPerFile": None})
    colour video of a scope     DeviceSpec(scene=Scene.ARENA, encoding=Encoding.FFV1_BGR)
    equal channels              DeviceSpec(encoding=Encoding.FFV1_BGR)
    old OpenCV's limited luma   DeviceSpec(encoding=Encoding.FFV1_YUV420P)
    wrapping hardware counter   DeviceSpec(counter_start=65530)
    lost frames                 DeviceSpec(lost=(7, 8))
    moved recording             always: `baseDirectory` is on the acquisition computer
"""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.demo.recording import RecordingTruth, write_recording
from miniscope_to_nwb_zarr.demo.settings import qt_json, user_config
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion

SCOPE = DeviceSpec(name="HPC miniscope1", has_orientation=True, has_bar_code=True)
"""64 x 48 pixels, 25 frames in three files of 10, 10 and 5, FFV1."""
SECOND_SCOPE = replace(SCOPE, name="ACC miniscope2", device_id=2)
"""As the example of a session metadata file has lines for."""
CAMERA = camera("Behavior camera", width_px=64, height_px=48, n_frames=24, has_bar_code=True)
SMALL = RecordingSpec(
    devices=(SCOPE, CAMERA),
    notes=((210, "mouse enters arm A, left"), (555, 'says "müde", turns')),
    property_changes=((402, "HPC miniscope1", "led0", "25"),),
)


def small_recording(folder: Path, version: str = "v2.0", **changes: Any) -> RecordingTruth:
    """Write a scope and a camera below `folder`; `changes` are fields of `RecordingSpec`."""
    return write_recording(replace(SMALL, version=SoftwareVersion(version), **changes), folder)


def scope_recording(folder: Path, version: str = "v2.0", **changes: Any) -> RecordingTruth:
    """Write one scope below `folder`; `changes` are fields of `DeviceSpec`."""
    return small_recording(folder, version, devices=(replace(SCOPE, **changes),))


def reused_folder(folder: Path, version: str = "v2.0") -> tuple[RecordingTruth, RecordingTruth]:
    """Two recordings in one folder, because `directoryStructure` has no time: 35 frames, then, an hour later, 15.

    The settings are those of the first, the tables those of the second, and 2.avi and 3.avi are of the first.
    """
    structure = ("animalName", "date")
    first = scope_spec(version, n_frames=35, directory_structure=structure)
    second = scope_spec(
        version, n_frames=15, directory_structure=structure, start=first.start + timedelta(hours=1), seed=1
    )
    return write_recording(first, folder), write_recording(second, folder)


def scope_spec(version: str = "v2.0", n_frames: int = 25, **changes: Any) -> RecordingSpec:
    """The spec of one scope; `changes` are fields of `RecordingSpec`."""
    return replace(SMALL, version=SoftwareVersion(version), devices=(replace(SCOPE, n_frames=n_frames),), **changes)


def across_dst(folder: Path, version: str = "v2.0") -> tuple[RecordingTruth, RecordingTruth]:
    """Two recordings 20 minutes apart, between which the clock goes from 01:50 UTC-7 back to 01:10 UTC-8."""
    before = datetime(2026, 11, 1, 1, 50, 0, 0, timezone(timedelta(hours=-7)))
    after = datetime(2026, 11, 1, 1, 10, 0, 0, timezone(timedelta(hours=-8)))
    first, second = (scope_spec(version, start=start, seed=k) for k, start in enumerate((before, after)))
    return write_recording(first, folder), write_recording(second, folder)


def aliased_devices(folder: Path, version: str = "v2.0") -> RecordingTruth:
    """Two cameras whose names give one folder: settings of the first, tables and video of the second."""
    first, second = (replace(CAMERA, name=name) for name in ("My Cam", "My_Cam"))
    return small_recording(folder, version, devices=(SCOPE, first, replace(second, n_frames=22)))


def save_user_config(truth: RecordingTruth, path: Path, *, as_arrays: bool = False) -> Path:
    """Write the user configuration that makes the recording."""
    path.write_text(qt_json(user_config(truth.spec, as_arrays=as_arrays)) + "\n", encoding="utf-8", newline="\n")
    return path
