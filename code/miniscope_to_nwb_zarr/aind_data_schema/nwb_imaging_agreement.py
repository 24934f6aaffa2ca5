"""What the NWB file and acquisition.json say of the imaging: wavelengths, power, crop, rate, and the last frame."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from aind_data_schema.components.configs import ImagingConfig
from aind_data_schema.components.devices import LightEmittingDiode

from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import Part, part_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from pynwb import NWBFile

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# stamps are kept in seconds, moments in microseconds
_ROUNDING_S = 1e-3


def compare(nwbfile: NWBFile, parts: Mapping[str, Any], *, is_earlier: bool = False) -> list[str]:
    """One sentence for each fact that the two tell differently.

    Parameters
    ----------
    nwbfile
        As it is built.
    parts
        The models by the name of their file without its ending; ``acquisition`` is there.
    is_earlier
        Whether the NWB file is of a former run, which may have known less.
    """
    found = [*_last_frame(nwbfile, parts["acquisition"])]
    wavelengths_nm = {
        component.name: component.wavelength
        for component in getattr(parts.get("instrument"), "components", ())
        if isinstance(component, LightEmittingDiode)
    }
    for stream in parts["acquisition"].data_streams:
        for config in getattr(stream, "configurations", ()):
            if isinstance(config, ImagingConfig):
                led_nm = wavelengths_nm.get(part_name(config.device_name, Part.LED))
                found += _scope(nwbfile, config, led_nm, is_earlier=is_earlier)
    return list(dict.fromkeys(found))


def _scope(nwbfile: NWBFile, config: ImagingConfig, led_nm: int | None, *, is_earlier: bool) -> Iterator[str]:
    device = nwbfile.devices.get(config.device_name)
    plane = nwbfile.imaging_planes.get(f"ImagingPlane_{config.device_name}")
    channel = config.channels[0]
    pairs = dict(_settings(device, config)) if device is not None else {}
    if plane is not None:
        optical = (
            plane.optical_channel[0] if isinstance(plane.optical_channel, (list, tuple)) else plane.optical_channel
        )
        pairs["the excitation wavelength"] = (_whole_nm(plane.excitation_lambda), led_nm)
        pairs["the emission wavelength"] = (_whole_nm(optical.emission_lambda), channel.emission_wavelength)
        pairs["the indicator"] = (plane.indicator, channel.intended_measurement)
        for image in config.images:
            for one in getattr(image, "planes", ()):
                pairs["the imaged area"] = (plane.location, one.targeted_structure.acronym)
    for what, (nwb, json) in pairs.items():
        # NWB demands an indicator and an area, and has `unknown` for them
        is_told = nwb is not None and not (is_earlier and stands_for_nothing(str(nwb)))
        if is_told and json is not None and nwb != json:
            yield f"{what} of {config.device_name} is `{nwb}` in the NWB file, and `{json}` in acquisition.json"


def _settings(device: Any, config: ImagingConfig) -> Iterator[tuple[str, tuple[Any, Any]]]:  # noqa: ANN401 - of ndx
    channel, sampling = config.channels[0], config.sampling_strategy
    rate = _NUMBER.search(getattr(device, "frameRate", None) or "")
    if rate is not None and sampling is not None:
        yield "the nominal rate", (float(rate.group()), sampling.frame_rate)
    power = getattr(device, "led0", None)
    for light in channel.light_sources:
        yield "the power of the LED", (power, light.power)
    roi = getattr(device, "ROI", None)
    if roi is not None and channel.detector.crop_height is not None:
        # ndx-miniscope: height x width
        yield "the size of the crop", (list(roi), [channel.detector.crop_height, channel.detector.crop_width])


def _whole_nm(wavelength_nm: float | None) -> int | None:
    return None if wavelength_nm is None or math.isnan(wavelength_nm) else round(wavelength_nm)


def _last_frame(nwbfile: NWBFile, acquisition: Any) -> Iterator[str]:  # noqa: ANN401 - as the models are elsewhere
    start, end = nwbfile.session_start_time, acquisition.acquisition_end_time
    for name, series in nwbfile.acquisition.items():
        if series.neurodata_type not in {"OnePhotonSeries", "ImageSeries"} or series.timestamps is None:
            continue
        # a first stamp may be left over from the counter of an earlier recording, and is not believed
        stamps = _numbers(series.timestamps)[1:]
        stamps = stamps[np.isfinite(stamps)]
        if len(stamps):
            last = start.astimezone(dt.UTC) + dt.timedelta(seconds=float(stamps.max()))
            if (last - end).total_seconds() > _ROUNDING_S:
                yield f"{name} of the NWB file goes on to {last.isoformat()}, after the end in acquisition.json"


def _numbers(values: Any) -> NDArray[np.float64]:  # noqa: ANN401 - an array, or what hdmf wraps around one
    return np.asarray(getattr(values, "data", values) if not isinstance(values, np.ndarray) else values, np.float64)
