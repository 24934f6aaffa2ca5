"""Sizes of pictures that settings promise."""

import pytest

from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Picture, Roi
from miniscope_to_nwb_zarr.layouts.expected_picture import kind_of_model, unexpected_picture


def judged(width, height, model=None, roi=None):
    device = Device("d", "d", DeviceKind.SCOPE, model=model, roi=roi)
    return bool(unexpected_picture(Picture(width, height, "ffv1", "gray", 8), device, "d"))


@pytest.mark.parametrize(
    ("size", "model", "roi", "is_unexpected"),
    [
        ((608, 608), "Miniscope_V4_BNO", None, False),
        ((752, 480), "Miniscope_V4_BNO", None, True),
        ((752, 480), "Miniscope_V3", None, False),
        ((1280, 720), "WebCam-1280x720", None, False),
        ((640, 480), "WebCam-1280x720", None, True),
        ((640, 480), "WebCam", None, False),
        ((1024, 768), "Siminiscope_1024X768", None, False),
        ((10, 10), "our own scope", None, False),
        ((10, 10), None, None, False),
        ((200, 100), "Miniscope_V4", Roi(0, 0, 201, 101), False),
        ((201, 101), "Miniscope_V4", Roi(0, 0, 201, 101), False),
        ((199, 99), "Miniscope_V4", Roi(0, 0, 200, 100), True),
        ((608, 608), "Miniscope_V4", Roi(0, 0, 200, 100), True),
    ],
)
def test_sizes(size, model, roi, is_unexpected):
    assert judged(*size, model, roi) is is_unexpected


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("Miniscope_V4", DeviceKind.SCOPE),
        ("Siminiscope_1024X768", DeviceKind.SCOPE),
        ("Minicam-Mono-XGA", DeviceKind.CAMERA),
        ("WebCam-640x480", DeviceKind.CAMERA),
        ("our own", None),
        (None, None),
    ],
)
def test_kinds(model, kind):
    assert kind_of_model(model) is kind
