"""Steps of a surgery: injections and implants, with their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.coordinates import (
    Axis,
    AxisName,
    CoordinateSystem,
    CoordinateSystemLibrary,
    Translation,
)
from aind_data_schema.components.devices import Device
from aind_data_schema.components.injection_procedures import InjectionDynamics, InjectionProfile, ViralMaterial
from aind_data_schema.components.surgery_procedures import BrainInjection, DeviceImplant, GenericSurgeryProcedure
from aind_data_schema_models.coordinates import Direction, Origin
from aind_data_schema_models.units import SizeUnit, VolumeUnit

from miniscope_to_nwb_zarr.aind_data_schema import brain_areas, organizations
from miniscope_to_nwb_zarr.aind_data_schema.missing import part_left_out
from miniscope_to_nwb_zarr.aind_data_schema.surgery_words import DOSE_AND_PLACE, in_words

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_surgery import ImplantFacts, InjectionFacts
    from miniscope_to_nwb_zarr.core.findings import Finding

BREGMA = CoordinateSystemLibrary.BREGMA_ARI
"""Anterior, right and downwards, as the session metadata file has it."""

# of what is implanted: its tip is at the place that is given, and nothing is known of its being tilted
_TIP = CoordinateSystem(
    name="TIP_ARI",
    origin=Origin.TIP,
    axis_unit=SizeUnit.MM,
    axes=[
        Axis(name=AxisName.AP, direction=Direction.PA),
        Axis(name=AxisName.ML, direction=Direction.LR),
        Axis(name=AxisName.SI, direction=Direction.SI),
    ],
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a surgery in the words of the schema."""

    step: Any
    notes: tuple[str, ...]
    """For the surgery: what the step has no field for."""
    findings: tuple[Finding, ...]


def is_placed(given: InjectionFacts | ImplantFacts) -> bool:
    """Whether all three coordinates of a place are given."""
    return None not in {given.ap_mm, given.ml_mm, given.dv_mm}


def injection(given: InjectionFacts, number: int, file: str, fact: str) -> Step:
    """An injection into the brain.

    The schema ties a place to a volume, and a volume to the way of injecting it: what lacks the other is said in words.

    Parameters
    ----------
    given
        What the lab says.
    number
        Of the injection in its surgery, for the notes.
    file, fact
        The metadata file, and where the session metadata file has the injection, for findings.
    """
    if given.virus is None:
        told = in_words(given)
        step = GenericSurgeryProcedure(description="Injection into the brain.", notes=told)
        return Step(step, (), (part_left_out(file, "the injected material", f"{fact}.virus"),))
    absent = [name for name in DOSE_AND_PLACE if getattr(given, name) is None]
    untold = list(DOSE_AND_PLACE) if absent else []
    area = brain_areas.find(given.area)
    untold += ["area"] if area is None else []
    step = BrainInjection(
        injection_materials=[ViralMaterial(name=given.virus, titer=_whole(given.titer_gc_per_ml))],
        dynamics=[] if absent else [_dynamics(given)],
        coordinate_system_name=BREGMA.name,
        coordinates=[] if absent else [[_place(given)]],
        targeted_structure=area,
    )
    told = in_words(given, untold)
    findings = (part_left_out(file, "dose and place of an injection but in words", f"{fact}.{n}") for n in absent[:1])
    return Step(step, (f"Injection {number}: {told}",) if told else (), tuple(findings))


def implant(given: ImplantFacts, name: str, file: str, fact: str) -> Step:
    """Something that was put into the brain.

    Parameters
    ----------
    given
        What the lab says.
    name
        The name of the device, which no other has.
    file, fact
        As in `injection`.
    """
    maker, note, findings = organizations.maker(file, f"{fact}.manufacturer", given.manufacturer)
    untold = [] if is_placed(given) else ["ap_mm", "ml_mm", "dv_mm"]
    notes = (f"{given.device}." if given.device else None, in_words(given, [*untold, "area"]), note)
    size = given.model_dump(include={"diameter_mm", "length_mm"}, exclude_none=True)
    step = DeviceImplant(
        # the schema's classes for lenses lose their fields here (reference aind-metadata 1.4)
        implanted_device=Device(
            name=name,
            manufacturer=maker,
            model=given.model,
            additional_settings=size or None,
            notes=" ".join(text for text in notes if text) or None,
        ),
        relative_position=[],
        local_coordinate_system=_TIP if is_placed(given) else None,
        transform=[_place(given)] if is_placed(given) else None,
    )
    return Step(step, (), tuple(findings))


def _dynamics(given: InjectionFacts) -> InjectionDynamics:
    profile = InjectionProfile(str(given.profile).capitalize())
    return InjectionDynamics(profile=profile, volume=given.volume_nl, volume_unit=VolumeUnit.NL)


def _place(given: InjectionFacts | ImplantFacts) -> Translation:
    return Translation(translation=[given.ap_mm, given.ml_mm, given.dv_mm])


def _whole(titer: float | None) -> int | None:
    return None if titer is None else round(titer)
