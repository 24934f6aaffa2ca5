"""Devices, device models and imaging planes of the NWB file."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ndx_miniscope import Miniscope
from pynwb.device import Device as NwbDevice
from pynwb.device import DeviceModel
from pynwb.ophys import ImagingPlane, OpticalChannel

from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Session, Stream
from miniscope_to_nwb_zarr.core.naming import device_name
from miniscope_to_nwb_zarr.core.timing import rate_hz

if TYPE_CHECKING:
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingFacts

UNKNOWN = "unknown"


def add_devices(nwbfile: NWBFile, session: Session) -> None:
    """Add every device once, with those settings that it had in all of the session's recordings."""
    for name, streams in streams_by_device(session).items():
        device = streams[0].device
        model = _model(nwbfile, device)
        common = common_settings(session, name)
        description = f"{'Miniscope' if device.kind is DeviceKind.SCOPE else 'Behaviour camera'} {device.label!r}"
        extra = {key: value for key, value in common.items() if key not in _TYPED}
        if extra:
            description += f"; settings: {json.dumps(extra, sort_keys=True, ensure_ascii=False)}"
        if device.kind is DeviceKind.SCOPE:
            nwb_device = Miniscope(name=name, description=description, model=model, **_typed_settings(common))
        else:
            nwb_device = NwbDevice(name=name, description=description, model=model)
        nwbfile.add_device(nwb_device)


def add_imaging_plane(nwbfile: NWBFile, stream: Stream, facts: ImagingFacts) -> ImagingPlane:
    """The imaging plane of a scope; one for each scope, however many recordings it made."""
    name = f"ImagingPlane_{stream.device.name}"
    if name in nwbfile.imaging_planes:
        return nwbfile.imaging_planes[name]
    channel = OpticalChannel(
        name=f"OpticalChannel_{stream.device.name}",
        description="the one detection channel of the scope",
        emission_lambda=facts.emission_nm if facts.emission_nm is not None else math.nan,
    )
    pixel = facts.pixel_size_um
    return nwbfile.create_imaging_plane(
        name=name,
        optical_channel=channel,
        description=f"focal plane of {stream.device.label!r}"
        + ("" if facts.depth_um is None else f", {facts.depth_um:g} um deep"),
        device=nwbfile.devices[stream.device.name],
        excitation_lambda=facts.excitation_nm if facts.excitation_nm is not None else math.nan,
        indicator=facts.indicator or UNKNOWN,
        location=facts.location or UNKNOWN,
        imaging_rate=rate_hz(stream.time_s),
        grid_spacing=None if pixel is None else [pixel, pixel],
        grid_spacing_unit="micrometers",
    )


def streams_by_device(session: Session) -> dict[str, list[Stream]]:
    """The streams of each device, by the device's name."""
    found: dict[str, list[Stream]] = {}
    for _, stream in session.streams:
        found.setdefault(stream.device.name, []).append(stream)
    return found


def common_settings(session: Session, device: str) -> dict[str, Any]:
    """The settings that a device had in every recording; the others belong to its series."""
    first, *others = (stream.device.settings for stream in streams_by_device(session)[device])
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


# the settings that ndx-miniscope has a field for, and the type of that field
_TYPED = {
    "compression": str,
    "deviceType": str,
    "frameRate": str,
    "gain": str,
    "framesPerFile": int,
    "led0": int,
    # the V3 software's
    "excitation": int,
    "msCamExposure": int,
    "ROI": dict,
}


def _typed_settings(settings: dict[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for key, kind in _TYPED.items():
        value = settings.get(key)
        if value is None:
            continue
        if kind is str:
            typed[key] = str(value)
        elif kind is int and _is_whole(value):
            typed[key] = int(value)
        elif kind is dict and isinstance(value, dict) and all(_is_whole(value.get(k)) for k in _ROI_ORDER):
            typed[key] = [int(value[k]) for k in _ROI_ORDER]
    return typed


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number that a field of 64 bits holds, and not yes or no."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _BEYOND_WHOLE and float(value).is_integer()


_BEYOND_WHOLE = 2**53
# ndx-miniscope: "height x width"
_ROI_ORDER = ("height", "width")


def _models(nwbfile: NWBFile) -> tuple[DeviceModel, ...]:
    return tuple(nwbfile.device_models.values())


def _model(nwbfile: NWBFile, device: Device) -> DeviceModel | None:
    if not device.model:
        return None
    # the name becomes one of a folder in the store
    name = device_name(device.model, [one.name for one in _models(nwbfile) if one.model_number != device.model])
    if name not in nwbfile.device_models:
        nwbfile.add_device_model(
            DeviceModel(
                name=name,
                manufacturer=UNKNOWN,
                model_number=device.model,
                description="device type in the acquisition software",
            )
        )
    return nwbfile.device_models[name]
