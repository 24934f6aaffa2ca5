"""Whether the pictures of a device are those that its settings promise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.model import Device, Picture

# deviceConfigs/videoDevices.json (reference formats 1.4); a WebCam of any size is named after it
_SENSOR_PX = {
    "Miniscope_V4_BNO": (608, 608),
    "Miniscope_V4": (608, 608),
    "Miniscope_V4_2C_Manual": (608, 608),
    "Miniscope_V3": (752, 480),
    "Minicam-Mono-XGA": (1024, 768),
    "WebCam": (640, 480),
}
_SIZE = re.compile(r"[-_]([0-9]{2,5})x([0-9]{2,5})$", re.IGNORECASE)
_SCOPES, _CAMERAS = ("miniscope", "siminiscope"), ("minicam", "webcam")


def kind_of_model(model: str | None) -> DeviceKind | None:
    """What a device of this `deviceType` is; None for types of the user's own."""
    name = (model or "").casefold()
    if name.startswith(_SCOPES):
        return DeviceKind.SCOPE
    return DeviceKind.CAMERA if name.startswith(_CAMERAS) else None


def unexpected_picture(picture: Picture, device: Device, where: str) -> tuple[Finding, ...]:
    """The finding for pictures that are not of the size that region of interest or device type say."""
    expected, source = _expected(device)
    if expected is None:
        return ()
    # OpenCV's writer drops an odd last column or row (formats 1.9)
    allowed = [{side, side - side % 2} for side in expected]
    if picture.width_px in allowed[0] and picture.height_px in allowed[1]:
        return ()
    sentence = (
        f"pictures have {picture.width_px} x {picture.height_px} pixels, expected {expected[0]} x {expected[1]} by "
        f"{source}: another camera may have recorded into this folder; look at the pictures"
    )
    numbers = {"width": picture.width_px, "height": picture.height_px, "expected": list(expected)}
    return (Finding(Code.PICTURE_UNEXPECTED, Severity.WARNING, where, sentence, numbers),)


def _expected(device: Device) -> tuple[tuple[int, int] | None, str]:
    if device.roi is not None:
        return (device.roi.width_px, device.roi.height_px), "the region of interest"
    model = device.model or ""
    if match := _SIZE.search(model):
        return (int(match[1]), int(match[2])), f"the type {model}"
    return _SENSOR_PX.get(model), f"the type {model}"
