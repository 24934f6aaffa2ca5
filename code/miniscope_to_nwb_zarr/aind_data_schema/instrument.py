"""instrument.json: the setup: scopes, behaviour cameras, and what the animal moved on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.components.coordinates import CoordinateSystemLibrary
from aind_data_schema.components.devices import Device as GenericDevice
from aind_data_schema.core.instrument import Instrument
from aind_data_schema_models.devices import CameraTarget

from miniscope_to_nwb_zarr.aind_data_schema import facts, modalities, needed, rig_parts
from miniscope_to_nwb_zarr.aind_data_schema.camera_parts import camera_assembly
from miniscope_to_nwb_zarr.aind_data_schema.missing import inexpressible, part_left_out
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import imaging_of, own_facts
from miniscope_to_nwb_zarr.aind_data_schema.scope_parts import scope_components
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Device, Session

FILE = "instrument.json"


def make(session: Session, sidecar: Sidecar) -> tuple[Instrument | None, tuple[Finding, ...]]:
    """The setup, or None and the facts that it lacks.

    Raises
    ------
    InputError
        When the time zone contradicts the recording.
    """
    rig, absent = sidecar.rig, obstacles(session, sidecar)
    if absent or rig.instrument_id is None or rig.modification_date is None:
        return None, absent
    components: list[Any] = []
    findings: list[Finding] = []
    for streams in rig_parts.streams_by_device(session).values():
        is_scope = streams[0].device.kind is DeviceKind.SCOPE
        if is_scope:
            more, some = scope_components(streams, sidecar, FILE)
        else:
            more, some = camera_assembly(streams, sidecar, FILE)
        components += more
        findings += some
    components += _platform(session, sidecar)
    findings += _leds_left_out(session, sidecar)
    instrument = Instrument(
        instrument_id=rig.instrument_id,
        modification_date=rig.modification_date,
        modalities=modalities.of_session(session),
        # a freely moving animal; the library's usual system is that of a head that is held
        global_coordinate_system=CoordinateSystemLibrary.ARENA_RBT,
        notes=_notes(session, sidecar),
        components=components,
    )
    return instrument, tuple(finding for k, finding in enumerate(findings) if finding not in findings[:k])


def obstacles(session: Session, sidecar: Sidecar) -> tuple[Finding, ...]:
    """Why the setup cannot be described; empty when it can."""
    rig = sidecar.rig
    found = needed.for_instrument(session, sidecar)
    day = facts.local(session.start, facts.zone_of(session, sidecar)).date()
    if rig.modification_date is not None and rig.modification_date > day:
        reason = (
            f"the setup was changed on {rig.modification_date} (modification_date), after the session of {day}, and "
            "what it was before is not known"
        )
        found.append(inexpressible(FILE, "rig.modification_date", reason))
    if not modalities.of_session(session):
        found.append(inexpressible(FILE, "modalities", "no device has a frame with a time stamp"))
    return tuple(found)


def _devices(session: Session, kind: DeviceKind) -> list[Device]:
    first = (streams[0].device for streams in rig_parts.streams_by_device(session).values())
    return [device for device in first if device.kind is kind]


def _leds_left_out(session: Session, sidecar: Sidecar) -> list[Finding]:
    scopes = _devices(session, DeviceKind.SCOPE)
    dark = [scope for scope in scopes if imaging_of(sidecar, scope).excitation_nm is None]
    found = []
    for scope in dark:
        own = own_facts(scope, sidecar.imaging.scopes)
        number = None if own is None else sidecar.imaging.scopes.index(own) + 1
        is_one_for_all = len(dark) == len(scopes) or number is None
        fact = "imaging.excitation_nm" if is_one_for_all else f"imaging.scopes.{number}.excitation_nm"
        led = "the LED of the scope" if len(dark) == len(scopes) else f"the LED of {scope.name}"
        found.append(part_left_out(FILE, led, fact))
    return found


def _is_other(target: str) -> bool:
    return CameraTarget(target.capitalize()) is CameraTarget.OTHER


def _platform(session: Session, sidecar: Sidecar) -> list[GenericDevice]:
    """What the animal moved on, without the schema's `Arena`: that demands a size, in a field that is deprecated."""
    name, arena = rig_parts.platform_name(session, sidecar), sidecar.rig.arena
    if name is None:
        return []
    size = arena.model_dump(exclude_none=True)
    return [GenericDevice(name=name, notes="What the animal moved on.", additional_settings=size or None)]


def _notes(session: Session, sidecar: Sidecar) -> str | None:
    """The lab's notes, and what the schema's word "other" stands for."""
    notes = [sidecar.rig.notes] if sidecar.rig.notes else []
    for camera in _devices(session, DeviceKind.CAMERA):
        given = rig_parts.camera_facts(camera, sidecar)
        if given and given.notes and given.target and _is_other(given.target):
            notes.append(f"{camera.name}: {given.notes}")
    return " ".join(notes) or None
