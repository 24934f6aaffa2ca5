"""What the files of a bundle must say alike, and the library does not check (DESIGN.md, AIND metadata)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aind_data_schema_models.data_name_patterns import DataRegex

from miniscope_to_nwb_zarr.aind_data_schema import (
    data_description,
    device_checks,
    facts,
    modalities,
    place_checks,
    time_checks,
)
from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.aind_data_schema.rig_parts import streams_by_device
from miniscope_to_nwb_zarr.core.findings import Code

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from aind_data_schema.base import DataCoreModel
    from aind_data_schema.core.data_description import DataDescription
    from aind_data_schema.core.metadata import Metadata

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session

# the schema's own words for "not known", allowed by DESIGN.md for strain, source and manufacturer
_ALLOWED = re.compile(r"^(subject\.subject_details\.(strain|source)|.*\.manufacturer)\.(name|abbreviation)$")
# settings as the recording has them, options as they were given
_VERBATIM = re.compile(r"\.parameters\.")


def contradictions(
    session: Session, models: Mapping[str, DataCoreModel], recorded: Iterable[str] | None = None
) -> list[str]:
    """One sentence for each thing in which the files contradict each other or the session.

    Parameters
    ----------
    session
        What the files were made from.
    models
        The library's models by the name of their file without its ending, e.g. ``subject``.
    recorded
        Abbreviations of the modalities of a session that was not made from recorded streams; its setup may have more.
    """
    found = [*_subject_ids(session, models), *_modalities(session, models, recorded)]
    found += time_checks.contradictions(session, models)
    description: Any = models.get("data_description")
    if description is not None:
        found += _names(session, description)
    found += device_checks.contradictions(session, models)
    found += place_checks.contradictions(models)
    names = frozenset(streams_by_device(session))
    for file, model in models.items():
        found += [
            f"{path} holds `{text}`, which is a placeholder and not a value"
            for path, text in _placeholders(file, model, names)
        ]
    return found


def of_metadata(metadata: Metadata) -> list[str]:
    """What the library's object of all files says otherwise than the files."""
    description = metadata.data_description
    if description is not None and metadata.name != description.name:
        return [f"the files are bundled as `{metadata.name}`, and data_description.json is named `{description.name}`"]
    return []


def unexplained(left_out: Iterable[str], findings: Iterable[Finding]) -> list[str]:
    """One sentence for each file that is left out and no finding says why; the library only warns of some."""
    explained = {finding.where for finding in findings if finding.code is Code.FACT_MISSING}
    return [f"{file} is not there, and nothing says why" for file in left_out if file not in explained]


def _subject_ids(session: Session, models: Mapping[str, DataCoreModel]) -> list[str]:
    expected = facts.named_animal(session)
    # some files are not about an animal
    ids = {file: getattr(model, "subject_id", expected) for file, model in models.items()}
    return [
        f"{file}.json is about animal `{subject}`, the session about `{expected}`"
        for file, subject in ids.items()
        if subject != expected
    ]


def _modalities(session: Session, models: Mapping[str, DataCoreModel], given: Iterable[str] | None) -> Iterator[str]:
    recorded = _abbreviations(modalities.of_session(session)) if given is None else set(given)
    acquisition: Any = models.get("acquisition")
    for file in ("data_description", "instrument", "acquisition"):
        model: Any = models.get(file)
        if model is None:
            continue
        streams = acquisition.data_streams if file == "acquisition" else [model]
        stated = {name for stream in streams for name in _abbreviations(stream.modalities)}
        is_capable = given is not None and file == "instrument" and stated > recorded
        if stated != recorded and not is_capable:
            yield f"{file}.json has the modalities {sorted(stated)}, the session has {sorted(recorded)}"


def _abbreviations(found: Iterable[Any]) -> set[str]:
    return {modality.abbreviation for modality in found}


def _names(session: Session, description: DataDescription) -> Iterator[str]:
    name = description.name or ""
    match = re.fullmatch(DataRegex.DERIVED.value, name)
    if match is None or match["input"] != session.name or match["process_name"] != data_description.PROCESS_LABEL:
        yield f"data_description.json is named `{name}`, expected `{session.name}_nwb_<date>_<time>`"
    elif match["c_datetime"] != f"{description.creation_time:%Y-%m-%d_%H-%M-%S}":
        yield f"data_description.json is named `{name}`, but was created at {description.creation_time.isoformat()}"
    if description.source_data != list(data_description.raw_names(session)):
        yield f"data_description.json names the sources {description.source_data}, expected the raw session"
    if session.subject_id is not None and not session.name.startswith(f"{session.subject_id}_"):
        yield f"the session is named `{session.name}`, but its animal is `{session.subject_id}`"


def _placeholders(file: str, model: DataCoreModel, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Texts that stand for no value, but for the names of devices: a lab may call a camera `none`."""
    for path, text in _texts(file, model.model_dump(mode="json", exclude_none=True)):
        is_told = text in names or _ALLOWED.match(path) or _VERBATIM.search(path)
        if stands_for_nothing(text) and not is_told:
            yield path, text


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a tree of JSON values
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(f"{path}.{key}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(path, inner)
