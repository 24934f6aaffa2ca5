"""Names of devices, which must be the same in the recording, the setup, the acquisition and the surgeries."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.devices import CameraAssembly
from aind_data_schema.core.acquisition import DataStream
from aind_data_schema.utils.validators import recursive_get_all_names

from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import streams_by_device
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aind_data_schema.base import DataCoreModel
    from aind_data_schema.core.acquisition import Acquisition
    from aind_data_schema.core.instrument import Instrument
    from aind_data_schema.core.procedures import Procedures

    from miniscope_to_nwb_zarr.core.model import Session


def contradictions(session: Session, models: Mapping[str, DataCoreModel]) -> Iterator[str]:
    """One sentence for each name that is missing, stands for two things or for none. Parameters as in `checks`."""
    instrument: Any = models.get("instrument")
    acquisition: Any = models.get("acquisition")
    procedures: Any = models.get("procedures")
    yield from _shared_names(instrument, procedures)
    if instrument is not None:
        yield from _recorded_devices(session, instrument)
    if acquisition is not None:
        yield from _stream_kinds(instrument, acquisition)
        yield from _used_names(instrument, acquisition, procedures)
        yield from _recorded_but_not_active(session, acquisition)


def _implanted(procedures: Procedures | None) -> list[str]:
    """The names of all implants, those that are there twice too."""
    found = []
    for surgery in procedures.subject_procedures if procedures is not None else ():
        for step in getattr(surgery, "procedures", ()):
            device = getattr(step, "implanted_device", None)
            found += [device.name] if device is not None else []
    return found


def _shared_names(instrument: Instrument | None, procedures: Procedures | None) -> Iterator[str]:
    names = _implanted(procedures)
    for component in instrument.components if instrument is not None else ():
        names += recursive_get_all_names(component)
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{count} things of the setup are named `{name}`"


def _recorded_devices(session: Session, instrument: Instrument) -> Iterator[str]:
    described = {component.name for component in instrument.components}
    assemblies = {component.name for component in instrument.components if isinstance(component, CameraAssembly)}
    for name, streams in streams_by_device(session).items():
        if name not in described:
            yield f"instrument.json lacks the device `{name}` of the recording"
        elif streams[0].device.kind is DeviceKind.CAMERA and name not in assemblies:
            yield f"instrument.json has the behaviour camera `{name}` as something else"


def _stream_kinds(instrument: Instrument | None, acquisition: Acquisition) -> Iterator[str]:
    has_devices = any(isinstance(stream, DataStream) for stream in acquisition.data_streams)
    if has_devices and instrument is None:
        yield "acquisition.json names the devices of a setup, and instrument.json is not there"
    if instrument is None:
        return
    if not all(isinstance(stream, DataStream) for stream in acquisition.data_streams):
        # the library fails on this with an error of its own
        yield "acquisition.json has a data stream without devices, and instrument.json is there"
    if acquisition.instrument_id != instrument.instrument_id:
        yield (
            f"acquisition.json is about the setup `{acquisition.instrument_id}`, instrument.json about "
            f"`{instrument.instrument_id}`"
        )


def _used_names(
    instrument: Instrument | None, acquisition: Acquisition, procedures: Procedures | None
) -> Iterator[str]:
    known = {*_implanted(procedures), *(instrument.get_component_names() if instrument is not None else ())}
    for used in (*acquisition.data_streams, *acquisition.stimulus_epochs):
        active = set(getattr(used, "active_devices", ()))
        configurations = [config.model_dump(mode="json") for config in getattr(used, "configurations", ())]
        configured = set(_values_of("device_name", configurations))
        connections = getattr(used, "connections", ())
        connected = {name for one in connections for name in (one.source_device, one.target_device)}
        for verb, names in (("activates", active), ("configures", configured), ("connects", connected)):
            for name in sorted(names - known):
                yield f"acquisition.json {verb} the device `{name}`, which neither setup nor surgeries have"
            for name in sorted((names & known) - active):
                yield f"acquisition.json {verb} the device `{name}`, which is not active"


def _recorded_but_not_active(session: Session, acquisition: Acquisition) -> Iterator[str]:
    streams = [stream for stream in acquisition.data_streams if isinstance(stream, DataStream)]
    active = {name for stream in streams for name in stream.active_devices}
    for name, recorded in streams_by_device(session).items():
        if streams and name not in active and any(stream.n_frames for stream in recorded):
            yield f"acquisition.json has no data stream of the device `{name}`, which recorded frames"


def _values_of(key: str, value: Any) -> Iterator[Any]:  # noqa: ANN401 - a tree of JSON values
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from _values_of(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values_of(key, inner)
