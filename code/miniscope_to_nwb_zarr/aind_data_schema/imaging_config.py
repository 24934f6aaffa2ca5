"""How the devices of a data stream were set while it ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.components.configs import (
    Channel,
    DetectorConfig,
    DeviceConfig,
    ImagingConfig,
    LightEmittingDiodeConfig,
    PlanarImage,
    Plane,
    SamplingStrategy,
    TriggerType,
)
from aind_data_schema.components.coordinates import Scale
from aind_data_schema_models.units import PowerUnit, SizeUnit

from miniscope_to_nwb_zarr.aind_data_schema import brain_areas
from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import Part, part_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingFacts
    from miniscope_to_nwb_zarr.core.model import Stream

_CHANNEL = "fluorescence"


def scope_config(stream: Stream, parts: Collection[Part], imaging: ImagingFacts) -> ImagingConfig:
    """The settings of a scope; exposure is recorded nowhere and not given.

    Parameters
    ----------
    stream
        What the scope recorded.
    parts
        The parts that the scope is described with in instrument.json.
    imaging
        What the lab says of what the scope looked at.
    """
    device = stream.device
    has_power = Part.LED in parts and device.led_percent is not None
    channel = Channel(
        channel_name=_CHANNEL,
        intended_measurement=imaging.indicator,
        detector=_detector(stream, Part.SENSOR),
        additional_device_names=[
            DeviceConfig(device_name=part_name(device.name, part)) for part in [Part.TUNABLE_LENS] if part in parts
        ]
        or None,
        light_sources=[
            LightEmittingDiodeConfig(
                device_name=part_name(device.name, Part.LED),
                power=device.led_percent,
                power_unit=PowerUnit.PERCENT if has_power else None,
            )
        ]
        if Part.LED in parts
        else [],
        emission_wavelength=None if imaging.emission_nm is None else round(imaging.emission_nm),
        emission_wavelength_unit=None if imaging.emission_nm is None else SizeUnit.NM,
    )
    rate_hz = device.nominal_rate_hz
    return ImagingConfig(
        device_name=device.name,
        channels=[channel],
        images=[_image(stream, imaging)],
        sampling_strategy=None if rate_hz is None else SamplingStrategy(frame_rate=rate_hz),
    )


def camera_config(stream: Stream) -> DetectorConfig:
    """The settings of a behaviour camera."""
    return _detector(stream, Part.CAMERA)


def has_plane(stream: Stream, imaging: ImagingFacts) -> bool:
    """Whether all is known that the schema wants of an imaging plane: its depth, its area in the atlas, the power."""
    is_placed = imaging.depth_um is not None and brain_areas.find(imaging.location) is not None
    return is_placed and stream.device.led_percent is not None


def _detector(stream: Stream, part: Part) -> DetectorConfig:
    roi = stream.device.roi
    crop: dict[str, Any] = {}
    if roi is not None:
        crop = {
            "crop_offset_x": roi.left_px,
            "crop_offset_y": roi.top_px,
            "crop_width": roi.width_px,
            "crop_height": roi.height_px,
        }
    # both kinds of camera run by themselves: the software of Miniscopes starts and stops to save, not to expose
    return DetectorConfig(device_name=part_name(stream.device.name, part), trigger_type=TriggerType.INTERNAL, **crop)


def _image(stream: Stream, imaging: ImagingFacts) -> PlanarImage:
    picture = stream.picture
    planes = []
    if has_plane(stream, imaging):
        plane = Plane(
            depth=imaging.depth_um,
            depth_unit=SizeUnit.UM,
            power=stream.device.led_percent,
            power_unit=PowerUnit.PERCENT,
            targeted_structure=brain_areas.find(imaging.location),
        )
        planes.append(plane)
    return PlanarImage(
        channel_name=_CHANNEL,
        dimensions=None if picture is None else Scale(scale=[picture.width_px, picture.height_px]),
        image_to_acquisition_transform=[],
        planes=planes,
    )
