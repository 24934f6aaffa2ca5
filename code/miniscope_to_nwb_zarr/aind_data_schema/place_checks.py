"""Places in the brain, which say nothing without the coordinate system that they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema.components.surgery_procedures import BrainInjection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aind_data_schema.base import DataCoreModel
    from aind_data_schema.components.coordinates import CoordinateSystem


def contradictions(models: Mapping[str, DataCoreModel]) -> Iterator[str]:
    """One sentence for each injection whose coordinates have no meaning. Parameters as in `checks`."""
    procedures: Any = models.get("procedures")
    for surgery in procedures.subject_procedures if procedures is not None else ():
        system = getattr(surgery, "global_coordinate_system", None) or procedures.global_coordinate_system
        for step in getattr(surgery, "procedures", ()):
            if isinstance(step, BrainInjection) and step.coordinates:
                yield from _injection(step, system)


def _injection(step: BrainInjection, system: CoordinateSystem | None) -> Iterator[str]:
    if system is None:
        yield "procedures.json has an injection with coordinates and no coordinate system"
        return
    if step.coordinate_system_name != system.name:
        yield f"procedures.json has an injection in `{step.coordinate_system_name}`, and the system is `{system.name}`"
    for place in step.coordinates:
        for part in place:
            values = getattr(part, "translation", None)
            if values is not None and len(values) != len(system.axes):
                yield f"procedures.json has an injection with {len(values)} coordinates on {len(system.axes)} axes"
