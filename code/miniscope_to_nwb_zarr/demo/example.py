"""The demo recording: small, realistic, always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.templates import example
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.demo.recording import RecordingTruth

SIDECAR_NAME = "session_metadata.yml"
_FRAMES_PER_FILE = 250

DEMO = RecordingSpec(
    seed=77,
    devices=(
        DeviceSpec(
            name="HPC miniscope1",
            width_px=256,
            height_px=256,
            n_frames=600,
            frames_per_file=_FRAMES_PER_FILE,
            first_stamp_ms=-30,
            has_orientation=True,
        ),
        DeviceSpec(
            name="ACC miniscope2",
            model="Miniscope_V4",
            device_id=1,
            width_px=256,
            height_px=256,
            n_frames=598,
            frames_per_file=_FRAMES_PER_FILE,
            first_stamp_ms=-12,
            lost=(311,),
            counter_start=65200,
            settings={"gain": 3.5, "ewl": 21, "led0": 8},
        ),
        camera(
            "Behavior camera",
            device_id=2,
            width_px=320,
            height_px=240,
            n_frames=585,
            frames_per_file=_FRAMES_PER_FILE,
            first_stamp_ms=-7,
        ),
    ),
    notes=((4210, "mouse placed in the arena, left corner"), (12875, "rearing")),
    property_changes=((9034, "HPC miniscope1", "led0", "15"),),
)
"""Two scopes, one with head orientation and one with a lost frame, and a camera, for 20 seconds."""


def write_demo(folder: Path) -> RecordingTruth:
    """Write the demo recording below `folder` and return all that is known of it."""
    return write_recording(DEMO, folder)


def make_demo(folder: Path) -> Path:
    """Write the demo recording and what its lab says of it; about 45 MB in a few seconds.

    Parameters
    ----------
    folder : Path
        Will hold the recording, some folders down, and the session metadata file.

    Returns
    -------
    Path
        The recording's folder.
    """
    recording = write_demo(folder).folder
    write_sidecar(folder)
    return recording


def write_sidecar(folder: Path) -> None:
    """Write the session metadata file of the demo recording: every line is filled in, so that nothing is left out."""
    text = example().replace("subject_id: m770001 ", f"subject_id: {DEMO.animal} ")
    (folder / SIDECAR_NAME).write_text(text, encoding="utf-8")
