"""A scope and its parts, as devices of the setup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.devices import (
    AdditionalImagingDevice,
    Camera,
    Device,
    LightEmittingDiode,
    Microscope,
)
from aind_data_schema_models.devices import CameraChroma, DataInterface, ImagingDeviceType
from aind_data_schema_models.organizations import Organization

from miniscope_to_nwb_zarr.aind_data_schema import organizations
from miniscope_to_nwb_zarr.aind_data_schema.missing import said_unknown
from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import (
    Part,
    has_bno055,
    model_of,
    part_name,
    parts_of,
)
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import imaging_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Device as RecordedDevice
    from miniscope_to_nwb_zarr.core.model import Stream

# the parts list of the Miniscope V4 (reference aind-metadata 1.4)
_V4 = re.compile(r"(?i)miniscope_?v4(?!\d)")
_V4_SENSOR = "NOIP1SP0480A (PYTHON 480)"
_V4_SENSOR_MAKER = "Made by onsemi, by the parts list of the Miniscope V4."
_NO_INTERFACE = "How its pictures reached the computer is not recorded."


def scope_components(streams: Sequence[Stream], sidecar: Sidecar, file: str) -> tuple[list[Any], list[Finding]]:
    """The body of a scope and its parts.

    Parameters
    ----------
    streams
        All that the scope recorded.
    sidecar
        What the lab says of it.
    file
        The file that the devices go into, for findings.

    Returns
    -------
    list of devices
        The body first; it has the name of the scope.
    list of Finding
        What is not known of them.
    """
    device = streams[0].device
    maker, note, findings = organizations.maker(file, "rig.scope_manufacturer", sidecar.rig.scope_manufacturer)
    named = f"The lab calls it {device.label!r}." if device.label != device.name else None
    body = Microscope(name=device.name, manufacturer=maker, model=model_of(device), notes=_text(named, note))
    found: list[Any] = [body]
    for part in parts_of(streams, sidecar):
        name = part_name(device.name, part)
        if part is Part.SENSOR:
            found.append(_sensor(name, device))
            if found[-1].manufacturer == Organization.UNKNOWN:
                findings.append(said_unknown(file, f"who made the {name}"))
        elif part is Part.LED:
            led, some = _led(name, imaging_of(sidecar, device).excitation_nm or 0.0, sidecar, file)
            found.append(led)
            findings += some
        elif part is Part.TUNABLE_LENS:
            found.append(AdditionalImagingDevice(name=name, imaging_device_type=ImagingDeviceType.TUNABLE_LENS))
        else:
            found.append(_orientation_sensor(name, streams))
    return found, findings


def _sensor(name: str, device: RecordedDevice) -> Camera:
    if _V4.match(device.model or ""):
        return Camera(
            name=name,
            manufacturer=Organization.OTHER,
            model=_V4_SENSOR,
            data_interface=DataInterface.COAX,
            chroma=CameraChroma.BW,
            notes=_V4_SENSOR_MAKER,
        )
    return Camera(name=name, manufacturer=Organization.UNKNOWN, data_interface=DataInterface.OTHER, notes=_NO_INTERFACE)


def _led(name: str, given_nm: float, sidecar: Sidecar, file: str) -> tuple[LightEmittingDiode, list[Finding]]:
    maker, note, findings = organizations.maker(file, "rig.led_manufacturer", sidecar.rig.led_manufacturer)
    wavelength_nm = round(given_nm)
    exact = None if wavelength_nm == given_nm else f"Its wavelength is {given_nm:g} nm; the schema has whole ones only."
    led = LightEmittingDiode(
        name=name,
        manufacturer=maker,
        model=sidecar.rig.led_model,
        wavelength=wavelength_nm,
        notes=_text(note, exact),
    )
    return led, findings


def _orientation_sensor(name: str, streams: Sequence[Stream]) -> Device:
    is_known = any(has_bno055(stream.device) for stream in streams)
    return Device(
        name=name, model="BNO055" if is_known else None, notes="Measures the orientation of the scope on the head."
    )


def _text(*parts: str | None) -> str | None:
    return " ".join(part for part in parts if part) or None
