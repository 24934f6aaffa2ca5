"""One device of a recording of Miniscope-DAQ-QT: its settings, its time table, its videos, put together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind, Orientation, SourceFile, Stream, TimeTable
from miniscope_to_nwb_zarr.layouts.daq_qt.configured_devices import folder_name
from miniscope_to_nwb_zarr.layouts.expected_picture import kind_of_model
from miniscope_to_nwb_zarr.layouts.stream import read_stream
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.sources.device_settings import DeviceFacts, device_facts
from miniscope_to_nwb_zarr.sources.orientation_csv import read_orientation
from miniscope_to_nwb_zarr.sources.settings_json import cut, read_json
from miniscope_to_nwb_zarr.sources.timestamps_csv import read_time_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import Picture

_MS_PER_S = 1000
_IF_CAMERA = "list it under 'cameras' instead of 'miniscopes' in metaData.json of a copy of the recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFiles:
    """Where the files of a device are, and what is known of it from elsewhere."""

    name: str
    """Its name in every output."""
    folder_name: str
    where: str
    """The folder's path inside the recording, for the findings."""
    settings: Path | None
    table: Path | None
    orientation: Path | None
    videos: Mapping[int, Path]
    label: str | None = None
    """As the recording's settings list it."""
    kind: DeviceKind | None = None
    """As the recording's settings list it."""
    files: tuple[SourceFile, ...] = field(default=())
    """All files that are not video."""


@dataclass(frozen=True, slots=True)
class DeviceReading:
    """What a device recorded, and what is wrong with it."""

    stream: Stream
    findings: tuple[Finding, ...]
    is_reused: bool
    """Videos of an earlier recording are in the folder, so its settings are too."""


def read_device(files: DeviceFiles) -> DeviceReading:
    """Read a device's settings and tables, count the frames of its videos and match them.

    Raises
    ------
    InputError
        Frames of a scope cannot be placed in time, or are colour pictures: the recording cannot be converted.
    """
    where = files.where
    settings, facts, findings = _settings(files)
    videos = read_videos(files.videos, where, must_decode=_kind(files, settings, facts) is None)
    table, more = _table(files)
    findings += (*videos.findings, *more)
    device, doubts = _device(files, settings, facts, videos.picture)
    findings += doubts
    problem = "; ".join(finding.sentence for finding in more)
    reading = read_stream(device, table, videos, where, table_problem=problem, if_camera=_IF_CAMERA)
    orientation, doubts = _orientation(files, table, reading.stream.rows)
    stream = replace(reading.stream, orientation=orientation)
    return DeviceReading(stream, (*findings, *reading.findings, *doubts), is_reused=reading.has_stale_files)


def _settings(files: DeviceFiles) -> tuple[Mapping[str, Any], DeviceFacts, tuple[Finding, ...]]:
    """The settings and what of them can be used."""
    if files.settings is None:
        sentence = "there is no metaData.json: region, rate, gain and focus of the device are not known"
        return {}, DeviceFacts(), (Finding(Code.SETTINGS_MISSING, Severity.WARNING, files.where, sentence),)
    where = f"{files.where}/{files.settings.name}"
    settings, _, findings = read_json(files.settings, where)
    if settings is None:
        return {}, DeviceFacts(), findings
    facts, doubts = device_facts(settings, where)
    findings += doubts
    if facts.label is None or folder_name(facts.label) == files.folder_name:
        return settings, facts, findings
    sentence = f"deviceName is {cut(facts.label)!r}, the folder is {files.folder_name!r}: the folder's name is used"
    # v0.1 wrote the settings of a scope into the folders of cameras; what they say of the device is another's
    kind = kind_of_model(facts.model)
    if files.kind is not None and kind not in {None, files.kind}:
        sentence += f", and the other settings are not, because they are those of a {kind}"
        facts = DeviceFacts()
    disagrees = Finding(Code.NAME_DISAGREES, Severity.WARNING, where, sentence)
    return settings, facts, (*findings, disagrees)


def _kind(files: DeviceFiles, settings: Mapping[str, Any], facts: DeviceFacts) -> DeviceKind | None:
    """What the device is by all but its pictures; None where they have to tell."""
    is_scope = files.orientation is not None or "ewl" in settings
    return files.kind or kind_of_model(facts.model) or (DeviceKind.SCOPE if is_scope else None)


def _table(files: DeviceFiles) -> tuple[TimeTable, tuple[Finding, ...]]:
    """The time table; one without rows if there is none."""
    nowhere = files.table or files.videos.get(0, Path(files.folder_name)).with_name("timeStamps.csv")
    none = TimeTable(nowhere, np.empty(0), np.empty(0, np.int64))
    if files.table is None:
        sentence = "is not there"
        return none, (Finding(Code.FILE_MISSING, Severity.ERROR, f"{files.where}/timeStamps.csv", sentence),)
    table, findings = read_time_table(files.table, f"{files.where}/{files.table.name}")
    return table or none, findings


def _device(
    files: DeviceFiles, settings: Mapping[str, Any], facts: DeviceFacts, picture: Picture | None
) -> tuple[Device, tuple[Finding, ...]]:
    kind = files.kind or kind_of_model(facts.model)
    findings: tuple[Finding, ...] = ()
    if kind is None:
        is_gray = picture is not None and not picture.is_color
        kind = _kind(files, settings, facts) or (DeviceKind.SCOPE if is_gray else DeviceKind.CAMERA)
        sentence = f"no settings tell whether this is a scope or a camera; by its files it is taken for a {kind}"
        findings = (Finding(Code.SETTINGS_MISSING, Severity.WARNING, files.where, sentence),)
    is_own_label = facts.label is not None and folder_name(facts.label) == files.folder_name
    device = Device(
        name=files.name,
        label=(facts.label if is_own_label else None) or files.label or files.folder_name,
        kind=kind,
        model=facts.model,
        roi=facts.roi,
        nominal_rate_hz=facts.nominal_rate_hz,
        gain=facts.gain,
        led_percent=facts.led_percent,
        focus=facts.focus,
        compression=facts.compression,
        frames_per_file=facts.frames_per_file,
        settings=settings,
    )
    return device, findings


def _orientation(
    files: DeviceFiles, table: TimeTable, rows: NDArray[np.int64]
) -> tuple[Orientation | None, tuple[Finding, ...]]:
    """Head orientation, and how far its rows and the frames are the same moments."""
    if files.orientation is None:
        return None, ()
    where = f"{files.where}/{files.orientation.name}"
    orientation, findings = read_orientation(files.orientation, where)
    if orientation is None:
        return None, findings
    own, frames = (np.rint(time_s * _MS_PER_S) for time_s in (orientation.time_s, table.time_s[rows]))
    n_alone, n_without = int(np.sum(~np.isin(own, frames))), int(np.sum(~np.isin(frames, own)))
    if n_alone or n_without:
        sentence = (
            f"{n_without} of {len(frames)} frames have no orientation (failed readings are filtered while recording), "
            f"{n_alone} of {len(own)} rows belong to no frame in the videos; join them by their stamps"
        )
        numbers = {"frames_without": n_without, "rows_without_frame": n_alone}
        findings += (Finding(Code.ORIENTATION_INCOMPLETE, Severity.INFO, where, sentence, numbers),)
    return orientation, findings
