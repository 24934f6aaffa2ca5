"""What a device's `metaData.json` says about the device, in the terms of `model.Device`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.core.model import Roi
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.settings_values import SettingsView, find_misspelt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.core.findings import Finding

_RATE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MAX_RATE_HZ = 10_000
_MAX_SIDE_PX = 65_535
_MAX_PERCENT = 100
_MAX_FOCUS = 127
_WANTED = ("deviceName", "deviceType", "ROI", "frameRate", "gain", "led0", "ewl", "compression", "framesPerFile")
# reference formats 1.4
_ALSO_WRITTEN = ("deviceID", "deviceDirectory", "led1", "led0FineSteps", "led1FineSteps", "optoPeriod", "optoDuration")


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """The typed part of a device's settings; the fields are those of `model.Device`."""

    label: str | None = None
    model: str | None = None
    roi: Roi | None = None
    nominal_rate_hz: float | None = None
    gain: str | None = None
    led_percent: float | None = None
    focus: float | None = None
    compression: str | None = None
    frames_per_file: int | None = None


def device_facts(settings: Mapping[str, Any], where: str) -> tuple[DeviceFacts, tuple[Finding, ...]]:
    """Take the typed values out of a device's settings.

    Parameters
    ----------
    settings : mapping
        The parsed settings file.
    where : str
        The file's path inside the recording, for findings.

    Returns
    -------
    DeviceFacts
        None for every setting that is absent or not usable.
    tuple of Finding
        One for each setting that is there and not usable, or seems to be there under a damaged name.
    """
    view = SettingsView(settings, where)
    roi, roi_findings = _roi(settings, where, view)
    facts = DeviceFacts(
        label=view.text("deviceName"),
        model=view.text("deviceType"),
        roi=roi,
        nominal_rate_hz=_rate_hz(view),
        gain=view.text("gain"),
        led_percent=_led_percent(view),
        focus=view.number("ewl", -_MAX_FOCUS, _MAX_FOCUS, "a number from -127 to 127"),
        compression=view.text("compression"),
        frames_per_file=view.whole("framesPerFile", 1, limits.TABLE_ROWS.value, "a whole number above 0"),
    )
    misspelt = find_misspelt(settings, _WANTED, _ALSO_WRITTEN, where)
    return facts, (*view.findings, *roi_findings, *misspelt)


def _rate_hz(view: SettingsView) -> float | None:
    """The frame rate from ``20``, ``"20FPS"`` or ``"30FPS/90"``, of which the first number is the rate."""
    expected = "frames per second such as 20 or '20FPS'"
    value = view.settings.get("frameRate")
    number = _RATE.search(value[: limits.NUMBER_CHARS]) if isinstance(value, str) else None
    if number is None or "-" in number.string[: number.start()]:
        rate_hz = view.number("frameRate", 0, _MAX_RATE_HZ, expected)
    else:
        rate_hz = float(number.group())
    if rate_hz is not None and not 0 < rate_hz <= _MAX_RATE_HZ:
        view.reject("frameRate", expected)
        return None
    return rate_hz


def _led_percent(view: SettingsView) -> float | None:
    """The LED's power. Scales of 0-255 exist and are not marked as such, so more than 100 is not taken for per cent."""
    if view.settings.get("led0FineSteps") is True:
        view.reject("led0", "per cent, not the 0-255 steps of led0FineSteps", Severity.INFO)
        return None
    return view.number("led0", 0, _MAX_PERCENT, "per cent from 0 to 100; a scale to 255 is not converted")


def _roi(settings: Mapping[str, Any], where: str, outer: SettingsView) -> tuple[Roi | None, tuple[Finding, ...]]:
    value = settings.get("ROI")
    if value is None:
        return None, ()
    expected = "an object with leftEdge, topEdge, width and height"
    if not isinstance(value, dict):
        outer.reject("ROI", expected)
        return None, ()
    view = SettingsView(value, where, "ROI")
    corner = [view.whole(key, 0, _MAX_SIDE_PX, "whole pixels from 0") for key in ("leftEdge", "topEdge")]
    size = [view.whole(key, 1, _MAX_SIDE_PX, "whole pixels above 0") for key in ("width", "height")]
    sides = [side for side in corner + size if side is not None]
    if len(sides) < len(corner + size):
        if not view.findings:
            outer.reject("ROI", expected)
        return None, tuple(view.findings)
    left, top, width, height = sides
    return Roi(left, top, width, height), ()
