"""The devices and parts of devices that the metadata files name, and their names: each is the name of one thing.

A scope or a behaviour camera is called as in the NWB file and as its folder of videos. Its parts have its name and a
word more; names of devices hold no space, so that the two never meet.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import imaging_of
from miniscope_to_nwb_zarr.core import naming
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_rig import CameraFacts
    from miniscope_to_nwb_zarr.core.model import Device, Session, Stream


class Part(StrEnum):
    """A part of a device, by the word that its name ends with."""

    SENSOR = "sensor"
    LED = "LED"
    TUNABLE_LENS = "tunable lens"
    ORIENTATION_SENSOR = "orientation sensor"
    CAMERA = "camera"
    LENS = "lens"


def part_name(device: str, part: Part) -> str:
    """The name of a part.

    Examples
    --------
    >>> part_name("HPC_miniscope1", Part.SENSOR)
    'HPC_miniscope1 sensor'
    """
    return f"{device} {part}"


def streams_by_device(session: Session) -> dict[str, list[Stream]]:
    """What each device recorded, by the device's name."""
    found: dict[str, list[Stream]] = {}
    for _, stream in session.streams:
        found.setdefault(stream.device.name, []).append(stream)
    return found


def parts_of(streams: Sequence[Stream], sidecar: Sidecar) -> tuple[Part, ...]:
    """The parts that a device is known to have.

    Parameters
    ----------
    streams
        All that the device recorded.
    sidecar
        The schema wants the wavelength of an LED, which only the lab knows: without it there is none.
    """
    if streams[0].device.kind is DeviceKind.CAMERA:
        return (Part.CAMERA, Part.LENS)
    has = {
        Part.SENSOR: True,
        Part.LED: imaging_of(sidecar, streams[0].device).excitation_nm is not None,
        Part.TUNABLE_LENS: any(stream.device.focus is not None for stream in streams),
        Part.ORIENTATION_SENSOR: any(has_bno055(stream.device) or has_orientation(stream) for stream in streams),
    }
    return tuple(part for part, is_there in has.items() if is_there)


def model_of(device: Device) -> str | None:
    """What the acquisition software calls the model; None where that only says that it is not known."""
    return None if stands_for_nothing(device.model or "") else device.model


def has_bno055(device: Device) -> bool:
    """Whether the acquisition software's name of the model says that the orientation sensor is a BNO055."""
    return "BNO" in (device.model or "")


def has_orientation(stream: Stream) -> bool:
    """Whether a device recorded the orientation of the head."""
    return stream.orientation is not None and len(stream.orientation.time_s) > 0


def device_names(session: Session, sidecar: Sidecar) -> list[str]:
    """The names of all devices and of their parts."""
    names = []
    for name, streams in streams_by_device(session).items():
        names += [name, *(part_name(name, part) for part in parts_of(streams, sidecar))]
    return names


def platform_name(session: Session, sidecar: Sidecar) -> str | None:
    """What the animal moved on, as the lab calls it; None where the lab says nothing of it."""
    has_arena = bool(sidecar.rig.arena.model_dump(exclude_none=True))
    name = sidecar.session.mouse_platform or ("arena" if has_arena else None)
    return None if name is None else _distinct(name, device_names(session, sidecar))


def implant_names(session: Session, sidecar: Sidecar) -> list[list[str]]:
    """A name for every implant, surgery by surgery."""
    taken = [*device_names(session, sidecar), platform_name(session, sidecar) or ""]
    names = []
    for surgery in sidecar.surgeries:
        here = []
        for implant in surgery.implants:
            here.append(_distinct(implant.name or implant.device or "implant", taken))
            taken.append(here[-1])
        names.append(here)
    return names


def camera_facts(device: Device, sidecar: Sidecar) -> CameraFacts | None:
    """What the lab says of a behaviour camera; None where it says nothing."""
    for camera in sidecar.rig.cameras:
        if camera.name in {device.name, device.label} or naming.device_name(camera.name) == device.name:
            return camera
    return None


def _distinct(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    return next(other for k in range(2, len(taken) + 3) if (other := f"{name} {k}") not in taken)
