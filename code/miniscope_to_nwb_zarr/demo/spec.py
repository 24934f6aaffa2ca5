"""What a recording is to be made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.versions import HABITS, Habits, SoftwareVersion

if TYPE_CHECKING:
    from collections.abc import Mapping


class Scene(StrEnum):
    """What a device looks at."""

    CELLS = "cells"
    """Gray: fluorescent cells (`movie`)."""
    ARENA = "arena"
    """Colour: a mouse in an open field (`arena`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """A scope or camera and what it does during the recording.

    A device of 0 frames leaves a settings file and a time table without rows, as a device that never delivered a frame.
    """

    name: str
    """As the lab typed it; spaces become underscores in the folder's name."""
    kind: DeviceKind = DeviceKind.SCOPE
    model: str = "Miniscope_V4_BNO"
    device_id: int = 0
    width_px: int = 64
    height_px: int = 48
    has_roi: bool = True
    """Whether the settings tell the part of the sensor that is saved."""
    encoding: Encoding = Encoding.FFV1
    n_frames: int = 25
    """Frames saved."""
    frames_per_file: int = 10
    rate_hz: float = 30.0
    first_stamp_ms: int = -21
    """Usually negative: the frame was in the queue when the recording began."""
    lost: tuple[int, ...] = ()
    """Sensor frames, counted from the first saved one, that never arrive: a gap in time and in the counter."""
    counter_start: int = 4182
    """Hardware count of the first frame; 16 bits, so that 65530 wraps soon."""
    has_orientation: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the settings file to add or replace; a value of None leaves the key out."""
    scene: Scene | None = None
    """None: cells for a scope, the arena for a camera."""
    has_noise: bool = True
    has_bar_code: bool = False
    """Whether each frame shows its own number in its corner (`barcode`)."""

    @property
    def folder_name(self) -> str:
        """The name of the device's folder."""
        return self.name.replace(" ", "_")


def camera(name: str, **fields: Any) -> DeviceSpec:  # noqa: ANN401 - the fields of DeviceSpec
    """A behaviour camera with the usual settings; `fields` are those of `DeviceSpec`."""
    usual = {"model": "WebCam-320x240", "encoding": Encoding.MJPG, "device_id": 1, "rate_hz": 29.4}
    return DeviceSpec(name=name, kind=DeviceKind.CAMERA, **{**usual, **fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSpec:
    """One press of the record button."""

    devices: tuple[DeviceSpec, ...]
    version: SoftwareVersion = SoftwareVersion.V2_0
    start: datetime = datetime(2026, 3, 14, 9, 26, 53, 589_000, timezone(timedelta(hours=-7)))
    """With the offset from UTC of the acquisition computer's clock; whole milliseconds."""
    researcher: str = "Dr Miniscope"
    experiment: str = "Open field"
    animal: str = "M770001"
    directory_structure: tuple[str, ...] = ("researcherName", "experimentName", "animalName", "date", "time")
    custom: Mapping[str, Any] = field(default_factory=dict)
    """Further top-level keys of the user configuration that `directoryStructure` may name."""
    data_directory: str = "C:/Users/Lab/Documents/Miniscope data"
    """Where the acquisition computer wrote; stands in the settings, wherever the recording lies now."""
    notes: tuple[tuple[int, str], ...] = ()
    """Milliseconds from the start, and what was typed."""
    property_changes: tuple[tuple[int, str, str, str], ...] = ()
    """Milliseconds from the start, device, setting, value."""
    behavior_tracker: Mapping[str, Any] = field(default_factory=dict)
    """The block of the user configuration; empty: there is none."""
    n_pose_points: int = 0
    """Points of the live pose estimate; 0: the table has a header only."""
    clock_drift_ms: int = 0
    """How much the computer's clock was set during the recording; only the unreleased version tells."""
    seed: int = 0

    @property
    def habits(self) -> Habits:
        """How the version writes."""
        return HABITS[self.version]

    @property
    def start_unix_ms(self) -> int:
        """Start in milliseconds since 1970 UTC."""
        return round(self.start.timestamp() * 1000)

    @property
    def path(self) -> str:
        """The recording's folder below the data directory, as `directoryStructure` has it."""
        return "/".join(self._component(token) for token in self.directory_structure if self._is_known(token))

    def _is_known(self, token: str) -> bool:
        return self.habits.has_custom_tokens or token in {"date", "time", *self.named}

    def _component(self, token: str) -> str:
        # v2.0 takes `Date` for `date`; before, it was a key like any other and so missing
        exact = token.lower() if self.version in {SoftwareVersion.V2_0, SoftwareVersion.UNRELEASED} else token
        if exact == "date":
            return self.start.strftime("%Y_%m_%d")
        if exact == "time":
            return self.start.strftime("%H_%M_%S")
        value = {**self.custom, **self.named}.get(token)
        return value.replace(" ", "_") if isinstance(value, str) and value else f"{token}Missing"

    @property
    def named(self) -> dict[str, str]:
        """The three names that every version knows, by their keys."""
        return {"researcherName": self.researcher, "experimentName": self.experiment, "animalName": self.animal}
