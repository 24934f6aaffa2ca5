"""What ran together: the data streams of acquisition.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.core.acquisition import DataStream, ExternalDataStream

from miniscope_to_nwb_zarr.aind_data_schema import imaging_config, modalities, rig_parts
from miniscope_to_nwb_zarr.aind_data_schema.acquisition_code import SOFTWARE, acquisition_code
from miniscope_to_nwb_zarr.aind_data_schema.missing import part_left_out
from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import Part, part_name
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import imaging_of
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingFacts
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session, Stream

    Times = tuple[dt.datetime, dt.datetime]


def external(times: Times, streams: Sequence[Stream], layout: str) -> ExternalDataStream:
    """Devices that ran together, of a setup that the lab did not describe.

    Parameters
    ----------
    times
        First and last moment.
    streams
        What the devices recorded.
    layout
        The session's, which tells the acquisition software.
    """
    devices = [stream.device for stream in streams]
    names = ", ".join(f"{device.name} ({device.model})" if device.model else device.name for device in devices)
    software = f" with {SOFTWARE[layout].name}" if layout in SOFTWARE else ""
    return ExternalDataStream(
        stream_start_time=times[0],
        stream_end_time=times[1],
        modalities=modalities.of_streams(streams),
        notes=f"Recorded by {names}{software}. The setup was not described by the lab.",
    )


def described(times: Times, streams: Sequence[Stream], session: Session, sidecar: Sidecar) -> DataStream:
    """Devices that ran together, as instrument.json describes them, and how they were set."""
    of_device = rig_parts.streams_by_device(session)
    parts = {s.device.name: rig_parts.parts_of(of_device[s.device.name], sidecar) for s in streams}
    active: list[str] = []
    configurations: list[Any] = []
    for stream in streams:
        name = stream.device.name
        active += [name, *(part_name(name, part) for part in parts[name] if _is_active(part, stream))]
        is_scope = stream.device.kind is DeviceKind.SCOPE
        configurations.append(
            imaging_config.scope_config(stream, parts[name], imaging_of(sidecar, stream.device))
            if is_scope
            else imaging_config.camera_config(stream)
        )
    devices = {stream.device.name: (stream.device, Part.LED in parts[stream.device.name]) for stream in streams}
    code = acquisition_code(session.layout, sidecar.rig.acquisition_software_version, devices)
    return DataStream(
        stream_start_time=times[0],
        stream_end_time=times[1],
        modalities=modalities.of_streams(streams),
        code=None if code is None else [code],
        notes=" ".join(note for note in (*_changes(streams, session), *_imaged(streams, sidecar)) if note) or None,
        active_devices=active,
        configurations=configurations,
    )


def findings(session: Session, sidecar: Sidecar, file: str) -> tuple[Finding, ...]:
    """What the streams of a described setup cannot say."""
    if session.layout in SOFTWARE and sidecar.rig.acquisition_software_version is None:
        software = f"the version of {SOFTWARE[session.layout].name}"
        return (part_left_out(file, software, "rig.acquisition_software_version"),)
    return ()


def _is_active(part: Part, stream: Stream) -> bool:
    return part is not Part.ORIENTATION_SENSOR or rig_parts.has_orientation(stream)


def _changes(streams: Sequence[Stream], session: Session) -> list[str]:
    """Settings that were changed while the devices ran."""
    labels = {stream.device.label: stream.device.name for stream in streams}
    return [
        f"{change.setting} of {labels.get(change.device, change.device)} was set to {change.value} "
        f"{recording.offset_s + change.time_s:.3f} s after the start."
        for recording in session.recordings
        if any(stream is one for stream in streams for one in recording.streams)
        for change in recording.property_changes
        if change.device in labels or change.device in labels.values()
    ]


def _imaged(streams: Sequence[Stream], sidecar: Sidecar) -> list[str]:
    """What is known of the imaging and has no field; for each scope where it is not the same of all."""
    told = {
        stream.device.name: _in_words(stream, imaging_of(sidecar, stream.device))
        for stream in streams
        if stream.device.kind is DeviceKind.SCOPE
    }
    if len(set(told.values())) <= 1:
        return list(told.values())[:1]
    return [f"{name}: {words}" for name, words in told.items() if words]


def _in_words(stream: Stream, imaging: ImagingFacts) -> str:
    """What has no field, or none where something else is not known."""
    notes = []
    if not imaging_config.has_plane(stream, imaging):
        notes += [f"Imaged area: {imaging.location}."] if imaging.location else []
        notes += [f"Depth below the brain's surface: {imaging.depth_um:g} um."] if imaging.depth_um else []
    notes += [f"Width of a pixel in the tissue: {imaging.pixel_size_um:g} um."] if imaging.pixel_size_um else []
    return " ".join(notes)
