"""What the files of a bundle must say alike, and the library does not check (DESIGN.md, AIND metadata)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aind_data_schema_models.data_name_patterns import DataRegex

from miniscope_to_nwb_zarr.aind_data_schema import data_description, facts, modalities
from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aind_data_schema.base import DataCoreModel
    from aind_data_schema.core.acquisition import Acquisition
    from aind_data_schema.core.data_description import DataDescription

    from miniscope_to_nwb_zarr.core.model import Session

# the schema's own words for "not known", allowed by DESIGN.md for strain and source
_ALLOWED = re.compile(r"^subject\.subject_details\.(strain|source)\.(name|abbreviation)$")


def contradictions(session: Session, models: Mapping[str, DataCoreModel]) -> list[str]:
    """One sentence for each thing in which the files contradict each other or the session.

    Parameters
    ----------
    session
        What the files were made from.
    models
        The library's models by the name of their file without its ending, e.g. ``subject``.
    """
    acquisition: Any = models.get("acquisition")
    description: Any = models.get("data_description")
    found = [*_subject_ids(session, models), *_modalities(session, acquisition, description)]
    if acquisition is not None:
        found += _acquisition_times(session, acquisition)
    if description is not None:
        found += _names(session, description)
    if acquisition is not None and description is not None:
        packaged, ended = description.creation_time, acquisition.acquisition_end_time
        if packaged < ended:
            found.append(f"it was packaged at {packaged.isoformat()}, before the session ended at {ended.isoformat()}")
    for file, model in models.items():
        found += [f"{path} holds `{text}`, which stands for no value" for path, text in _placeholders(file, model)]
    return found


def _subject_ids(session: Session, models: Mapping[str, DataCoreModel]) -> list[str]:
    expected = facts.named_animal(session)
    ids = {file: getattr(model, "subject_id", None) for file, model in models.items()}
    return [
        f"{file}.json is about animal `{subject}`, the session about `{expected}`"
        for file, subject in ids.items()
        if subject != expected
    ]


def _modalities(
    session: Session, acquisition: Acquisition | None, description: DataDescription | None
) -> Iterator[str]:
    recorded = {modality.abbreviation for modality in modalities.of_session(session)}
    stated = {}
    if description is not None:
        stated["data_description.json"] = {modality.abbreviation for modality in description.modalities}
    if acquisition is not None:
        streams = acquisition.data_streams
        stated["acquisition.json"] = {modality.abbreviation for stream in streams for modality in stream.modalities}
    for file, names in stated.items():
        if names != recorded:
            yield f"{file} has the modalities {sorted(names)}, the session has {sorted(recorded)}"


def _acquisition_times(session: Session, acquisition: Acquisition) -> Iterator[str]:
    start, end = acquisition.acquisition_start_time, acquisition.acquisition_end_time
    if start != session.start or start.utcoffset() != session.start.utcoffset():
        yield f"acquisition.json begins at {start.isoformat()}, the session at {session.start.isoformat()}"
    if end < start:
        yield f"acquisition.json ends at {end.isoformat()}, before its start"
    if not acquisition.data_streams:
        yield "acquisition.json has no data stream"
    for stream in acquisition.data_streams:
        if not start <= stream.stream_start_time <= stream.stream_end_time <= end:
            yield (
                f"acquisition.json: a stream from {stream.stream_start_time.isoformat()} to "
                f"{stream.stream_end_time.isoformat()} does not lie inside the session"
            )


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


def _placeholders(file: str, model: DataCoreModel) -> Iterator[tuple[str, str]]:
    for path, text in _texts(file, model.model_dump(mode="json")):
        if stands_for_nothing(text) and not _ALLOWED.match(path):
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
