"""What the lab says of each scope: its own lines where it has some, else those for all scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingFacts, name_key
from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ScopeFacts
    from miniscope_to_nwb_zarr.core.model import Device, Session


def imaging_of(sidecar: Sidecar, device: Device) -> ImagingFacts:
    """What a scope looked at: each line as given for this scope, else as given for all."""
    values = sidecar.imaging.model_dump(exclude_none=True, exclude={"scopes"})
    own = own_facts(device, sidecar.imaging.scopes)
    if own is not None:
        values |= own.model_dump(exclude_none=True, exclude={"name"})
    return ImagingFacts.model_validate(values)


def own_facts(device: Device, scopes: Sequence[ScopeFacts]) -> ScopeFacts | None:
    """The lines that are for this scope alone; None where there are none."""
    exact = {scope.name: scope for scope in scopes}
    alike = {name_key(scope.name): scope for scope in scopes}
    return exact.get(device.name) or exact.get(device.label) or alike.get(device.name)


def names_of_no_scope(scopes: Sequence[ScopeFacts], sessions: Iterable[Session]) -> list[str]:
    """The names that no scope of any of the sessions has: they may be misspelt."""
    devices = [stream.device for session in sessions for _, stream in session.streams]
    found = [own_facts(device, scopes) for device in devices if device.kind is DeviceKind.SCOPE]
    return [scope.name for scope in scopes if scope not in found]
