"""A behaviour camera and its parts, as devices of the setup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.components.devices import Camera, CameraAssembly, Lens
from aind_data_schema_models.coordinates import AnatomicalRelative
from aind_data_schema_models.devices import CameraTarget, DataInterface

from miniscope_to_nwb_zarr.aind_data_schema import organizations
from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import Part, camera_facts, model_of, part_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Stream

_WEBCAM = "webcam"
_NO_INTERFACE = "How its pictures reached the computer is not recorded."


def camera_assembly(streams: Sequence[Stream], sidecar: Sidecar, file: str) -> tuple[list[Any], list[Finding]]:
    """A behaviour camera with its lens, under the name of its folder of videos.

    Parameters as in `scope_parts.scope_components`; without a target in the sidecar there is no assembly.
    """
    device = streams[0].device
    given = camera_facts(device, sidecar)
    if given is None or given.target is None:
        return [], []
    place = f"rig.cameras.{sidecar.rig.cameras.index(given) + 1}"
    maker, maker_note, findings = organizations.maker(file, f"{place}.manufacturer", given.manufacturer)
    lens_maker, lens_note, some = organizations.maker(file, f"{place}.lens_manufacturer", given.lens_manufacturer)
    # the acquisition software reads webcams over USB and nothing else
    is_webcam = (device.model or "").casefold().startswith(_WEBCAM)
    label = f"The lab calls it {device.label!r}." if device.label != device.name else None
    notes = (label, given.notes, maker_note, None if is_webcam else _NO_INTERFACE)
    assembly = CameraAssembly(
        name=device.name,
        target=CameraTarget(given.target.capitalize()),
        relative_position=[AnatomicalRelative(side.capitalize()) for side in given.relative_position],
        camera=Camera(
            name=part_name(device.name, Part.CAMERA),
            manufacturer=maker,
            model=given.model or model_of(device),
            data_interface=DataInterface.USB if is_webcam else DataInterface.OTHER,
            notes=" ".join(note for note in notes if note) or None,
        ),
        lens=Lens(
            name=part_name(device.name, Part.LENS), manufacturer=lens_maker, model=given.lens_model, notes=lens_note
        ),
    )
    return [assembly], [*findings, *some]
