"""The acquisition software and the settings that it kept of each device."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.identifiers import Code

from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from miniscope_to_nwb_zarr.core.model import Device


@dataclass(frozen=True, slots=True)
class _Software:
    name: str
    url: str


SOFTWARE: Mapping[str, _Software] = {
    "Miniscope DAQ": _Software("Miniscope-DAQ-QT-Software", "https://github.com/Aharoni-Lab/Miniscope-DAQ-QT-Software"),
    "Miniscope V3": _Software("Miniscope_DAQ_Software", "https://github.com/daharoni/Miniscope_DAQ_Software"),
    "Miniscope Open Ephys": _Software("OpenEphys.Miniscope", "https://github.com/open-ephys/bonsai-miniscope"),
    "Miniscope ONIX": _Software("OpenEphys.Onix1", "https://github.com/open-ephys/bonsai-onix1"),
    "Miniscope Wireless": _Software("mio", "https://github.com/miniscope/mio"),
}
"""What writes the recordings of each layout, by the name of the layout (reference miniscope-formats)."""

# MongoDB, in which the files are searched, knows neither in a key
_FORBIDDEN = re.compile(r"[.$]")


def acquisition_code(layout: str, version: str | None, devices: Mapping[str, tuple[Device, bool]]) -> Code | None:
    """The acquisition software with the settings of the devices; None where the software is not known.

    Parameters
    ----------
    layout
        The session's.
    version
        Of the software, if the lab gives it: recordings do not hold it.
    devices
        Those of one data stream by their name, each with whether the power of its LED has a field of its own.
    """
    software = SOFTWARE.get(layout)
    if software is None:
        return None
    settings = {name: _settings(device, has_led=has_led) for name, (device, has_led) in devices.items()}
    return Code(
        name=software.name,
        url=software.url,
        version=version,
        parameters={name: values for name, values in settings.items() if values} or None,
    )


def _settings(device: Device, *, has_led: bool) -> dict[str, Any]:
    """The settings of a device as its file has them, but for those that fields of the schema hold."""
    is_scope = device.kind is DeviceKind.SCOPE
    told = {
        "ROI": device.roi is not None,
        "frameRate": is_scope and device.nominal_rate_hz is not None,
        "led0": has_led and device.led_percent is not None,
    }
    return {key: value for key, value in _plain(dict(device.settings)).items() if not told.get(key)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a tree of JSON values
    """The value as JSON can hold it, with keys that a database can hold, and without keys that hold nothing."""
    if isinstance(value, dict):
        plain: dict[str, Any] = {}
        for key, inner in value.items():
            if inner is not None:
                plain[_free(_FORBIDDEN.sub("_", str(key)), plain)] = _plain(inner)
        return plain
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    is_json = value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
    return value if is_json else str(value)


def _free(key: str, taken: Collection[str]) -> str:
    if key not in taken:
        return key
    return next(other for k in range(2, len(taken) + 3) if (other := f"{key}_{k}") not in taken)
