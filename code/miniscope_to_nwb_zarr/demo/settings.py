"""The JSON files of a recording, and the user configuration it was made with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec

_SCOPE_SETTINGS: dict[str, Any] = {"gain": "Medium", "led0": 12, "ewl": -8}


def qt_json(value: Any, indent: int = 0) -> str:  # noqa: ANN401 - any JSON value
    """JSON as QJsonDocument prints it: keys sorted, 4 spaces, an empty array on two lines, whole numbers plain."""
    outer, inner = " " * indent, " " * (indent + 4)
    if isinstance(value, Mapping):
        items = [f"{inner}{json.dumps(k, ensure_ascii=False)}: {qt_json(value[k], indent + 4)}" for k in sorted(value)]
        return _block("{", items, outer + "}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _block("[", [inner + qt_json(item, indent + 4) for item in value], outer + "]")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _block(opening: str, items: Sequence[str], closing: str) -> str:
    return "\n".join([opening, *([",\n".join(items)] if items else []), closing])


def save_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a settings file unless there is one: in a reused folder the first recording's file stays (formats 1.1)."""
    if not path.exists():
        path.write_text(qt_json(value) + "\n", encoding="utf-8", newline="\n")


def clock(moment: datetime) -> dict[str, int]:
    """A moment as the settings have it: local fields and Unix milliseconds."""
    fields = {name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute", "second")}
    return {**fields, "msec": moment.microsecond // 1000, "msecSinceEpoch": round(moment.timestamp() * 1000)}


def session_settings(spec: RecordingSpec) -> dict[str, Any]:
    """The recording's `metaData.json` as written at its start."""
    names = {
        kind: [device.name for device in spec.devices if device.kind is kind]
        for kind in (DeviceKind.SCOPE, DeviceKind.CAMERA)
    }
    if spec.habits.sorts_device_names:
        names = {kind: sorted(of_kind) for kind, of_kind in names.items()}
    custom = {key: spec.custom.get(key, "") for key in spec.directory_structure if key.lower() not in {"date", "time"}}
    start = clock(spec.start)
    return {
        **({key: _text(value) for key, value in custom.items()} if spec.habits.has_custom_tokens else {}),
        **spec.named,
        "baseDirectory": f"{spec.data_directory}/{spec.path}",
        "miniscopes": names[DeviceKind.SCOPE],
        "cameras": names[DeviceKind.CAMERA],
        **({"recordingStartTime": start} if spec.habits.is_start_nested else start),
        **({"behaviorTracker": spec.behavior_tracker} if _has_tracker(spec) else {}),
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _has_tracker(spec: RecordingSpec) -> bool:
    return bool(spec.behavior_tracker) and spec.habits.has_behavior_tracker


def device_settings(spec: RecordingSpec, device: DeviceSpec) -> dict[str, Any]:
    """The `metaData.json` in the folder of a device."""
    if spec.habits.cameras_have_scope_settings and device.kind is DeviceKind.CAMERA:
        device = _scope_in_place_of(spec, device)
    is_scope = device.kind is DeviceKind.SCOPE
    roi = {"leftEdge": 0, "topEdge": 0, "width": device.width_px, "height": device.height_px}
    settings: dict[str, Any] = {
        "deviceName": device.name,
        "deviceType": device.model,
        "deviceID": device.device_id,
        "deviceDirectory": f"{spec.data_directory}/{spec.path}/{device.folder_name}",
        "framesPerFile": device.frames_per_file,
        **({"compression": device.encoding.fourcc} if spec.habits.has_compression_key else {}),
        **({"ROI": roi} if device.has_roi and spec.habits.has_roi_key else {}),
        **({**_SCOPE_SETTINGS, "frameRate": f"{device.rate_hz:g}FPS"} if is_scope else {}),
        **device.settings,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _scope_in_place_of(spec: RecordingSpec, device: DeviceSpec) -> DeviceSpec:
    """The miniscope whose place in the list is the camera's; the camera itself where there are fewer miniscopes."""
    scopes = [other for other in spec.devices if other.kind is DeviceKind.SCOPE]
    cameras = [other for other in spec.devices if other.kind is DeviceKind.CAMERA]
    place = cameras.index(device)
    return scopes[place] if place < len(scopes) else device


def user_config(spec: RecordingSpec, *, as_arrays: bool = False) -> dict[str, Any]:
    """The user configuration that makes such a recording.

    Parameters
    ----------
    spec : RecordingSpec
        The recording.
    as_arrays : bool
        Devices in arrays with `deviceName` (up to v1.02) in place of objects keyed by name.
    """
    devices: dict[str, Any] = {}
    for key, kind in (("miniscopes", DeviceKind.SCOPE), ("cameras", DeviceKind.CAMERA)):
        entries = [(device.name, _config_entry(device)) for device in spec.devices if device.kind is kind]
        devices[key] = [{"deviceName": name, **entry} for name, entry in entries] if as_arrays else dict(entries)
    return {
        "COMMENT": "Written by the recording generator of miniscope-to-nwb-zarr",
        "dataDirectory": spec.data_directory,
        "directoryStructure": list(spec.directory_structure),
        **spec.named,
        **spec.custom,
        "recordLengthinSeconds": 0,
        **({"behaviorTracker": spec.behavior_tracker} if spec.behavior_tracker else {}),
        "devices": devices,
    }


def _config_entry(device: DeviceSpec) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "deviceType": device.model,
        "deviceID": device.device_id,
        "compression": device.encoding.fourcc,
        "framesPerFile": device.frames_per_file,
        "windowScale": 0.75,
        "windowX": 800,
        "windowY": 100,
    }
    if device.has_roi:
        entry["ROI"] = {"leftEdge": 0, "topEdge": 0, "width": device.width_px, "height": device.height_px}
    if device.kind is DeviceKind.SCOPE:
        entry |= {**_SCOPE_SETTINGS, "frameRate": f"{device.rate_hz:g}FPS"}
        entry["headOrientation"] = {"enabled": device.has_orientation, "filterBadData": True, "plotTrace": ["yaw"]}
    return {key: value for key, value in {**entry, **device.settings}.items() if value is not None}
