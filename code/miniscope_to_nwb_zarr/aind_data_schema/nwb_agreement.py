"""The NWB file and the metadata files of a session, held against each other field by field.

Both are made from one `Session`, so that they should agree; what a person adds to the NWB file need not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.devices import CameraAssembly, Microscope
from aind_data_schema_models.organizations import Organization
from aind_data_schema_models.species import Strain

from miniscope_to_nwb_zarr.aind_data_schema import nwb_imaging_agreement, organizations
from miniscope_to_nwb_zarr.aind_data_schema.protocols import doi

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from aind_data_schema.base import DataCoreModel
    from pynwb import NWBFile

_SEX = {"Male": "M", "Female": "F"}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One fact as both sides have it; None where a side says nothing of it."""

    what: str
    nwb: Any
    json: Any
    file: str


def compare(
    nwbfile: NWBFile,
    models: Mapping[str, DataCoreModel],
    *,
    is_edited: bool = False,
    is_earlier: bool = False,
    recorded_experimenter: str | None = None,
) -> list[str]:
    """One sentence for each fact that the NWB file and a metadata file tell differently.

    Parameters
    ----------
    nwbfile
        As it is built, before it is written.
    models
        The library's models by the name of their file, e.g. ``subject.json`` or ``subject``.
    is_edited
        Whether a person has added to the NWB file, which may then have devices that are not those of the recording.
    is_earlier
        Whether the NWB file is of a former run, which may have known less.
    recorded_experimenter
        The name that the recording has; the lab's own names, which a former run may not have known, take its place.

    Returns
    -------
    list of str
        Empty when they agree. A file that is left out contradicts nothing.
    """
    parts = {name.removesuffix(".json"): model for name, model in models.items()}
    pairs: list[_Pair] = []
    if "subject" in parts:
        if nwbfile.subject is None and not is_earlier:
            return ["subject.json has an animal, and the NWB file has none"]
        pairs += _animal(nwbfile, parts["subject"]) if nwbfile.subject is not None else ()
    if "acquisition" in parts:
        pairs += _session(nwbfile, parts["acquisition"])
        if is_earlier:
            pairs = [pair for pair in pairs if pair.nwb != [recorded_experimenter]]
    if "data_description" in parts:
        pairs += _asset(nwbfile, parts["data_description"])
    found = [
        f"{pair.what} is `{pair.nwb}` in the NWB file, and `{pair.json}` in {pair.file}"
        for pair in pairs
        if pair.nwb is not None and pair.json is not None and pair.nwb != pair.json and (pair.nwb or not is_earlier)
    ]
    if "instrument" in parts:
        found += _devices(nwbfile, parts["instrument"], is_edited=is_edited)
    if "procedures" in parts and not is_earlier:
        found += _surgeries(nwbfile, parts["procedures"])
    if "acquisition" in parts:
        found += nwb_imaging_agreement.compare(nwbfile, parts, is_earlier=is_earlier)
    return found


def _animal(nwbfile: NWBFile, model: Any) -> Iterator[_Pair]:  # noqa: ANN401 - the models have no types of use here
    animal, details = nwbfile.subject, model.subject_details
    started: dt.datetime = nwbfile.session_start_time
    born = animal.date_of_birth
    expected = {
        "the animal's id": (animal.subject_id, model.subject_id),
        "the animal's sex": (animal.sex, _SEX.get(details.sex, details.sex)),
        "the date of birth": (None if born is None else born.date(), details.date_of_birth),
        "the age": (animal.age, f"P{(started.date() - details.date_of_birth).days}D"),
        "the species": (animal.species, details.species.name),
        "the genotype": (animal.genotype, details.genotype),
        "the strain": _told(animal.strain, details.strain, Strain.UNKNOWN, model.notes),
    }
    for what, (nwb, json) in expected.items():
        yield _Pair(what, nwb, json, "subject.json")


def _session(nwbfile: NWBFile, model: Any) -> Iterator[_Pair]:  # noqa: ANN401 - as above
    animal = nwbfile.subject
    started: dt.datetime = nwbfile.session_start_time
    weight_kg = None if animal is None else animal.weight
    weight_g = model.subject_details.animal_weight_prior
    expected = {
        "the start": (started.isoformat(), model.acquisition_start_time.isoformat()),
        "the animal's id": (None if animal is None else animal.subject_id, model.subject_id),
        "the weight": (weight_kg, None if weight_g is None else f"{(weight_g / 1000).normalize():f} kg"),
        "who did the experiment": (list(nwbfile.experimenter or ()), list(model.experimenters)),
        "the protocol": (doi(nwbfile.protocol), (model.protocol_id or [None])[0]),
    }
    for what, (nwb, json) in expected.items():
        yield _Pair(what, nwb, json, "acquisition.json")


def _asset(nwbfile: NWBFile, model: Any) -> Iterator[_Pair]:  # noqa: ANN401 - as above
    animal = nwbfile.subject
    name = (model.name or "").partition("_nwb_")[0]
    expected = {
        "the session": (nwbfile.session_id, name),
        "the animal's id": (None if animal is None else animal.subject_id, model.subject_id),
        "the institution": _institution(nwbfile.institution, model),
    }
    for what, (nwb, json) in expected.items():
        yield _Pair(what, nwb, json, "data_description.json")


def _institution(name: str | None, model: Any) -> tuple[str | None, str | None]:  # noqa: ANN401 - as above
    found = None if name is None else organizations.find(name)
    return _told(name if found is None else found.name, model.institution, Organization.OTHER, model.data_summary)


def _told(nwb: str | None, entry: Any, no_entry: Any, notes: str | None) -> tuple[str | None, str | None]:  # noqa: ANN401
    """Both names, where the schema's list has it; where it has not, the name must stand in the notes."""
    if entry != no_entry:
        return (None if nwb is None else nwb.casefold()), entry.name.casefold()
    is_noted = nwb is None or nwb in (notes or "")
    return (None, None) if is_noted else (nwb, no_entry.name)


def _devices(nwbfile: NWBFile, model: Any, *, is_edited: bool) -> Iterator[str]:  # noqa: ANN401 - as above
    named = {component.name for component in model.components if isinstance(component, (Microscope, CameraAssembly))}
    for name in sorted(named - set(nwbfile.devices)):
        yield f"instrument.json has the device `{name}`, and the NWB file has not"
    if not is_edited:
        for name in sorted(set(nwbfile.devices) - named):
            yield f"the NWB file has the device `{name}`, and instrument.json has not"


def _surgeries(nwbfile: NWBFile, model: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    for surgery in model.subject_procedures:
        if surgery.start_date.isoformat() not in (nwbfile.surgery or ""):
            yield f"procedures.json has a surgery of {surgery.start_date}, and the NWB file has not"
        for material in (one for step in surgery.procedures for one in getattr(step, "injection_materials", ())):
            if material.name not in (nwbfile.virus or ""):
                yield f"procedures.json has the virus `{material.name}`, and the NWB file has not"
