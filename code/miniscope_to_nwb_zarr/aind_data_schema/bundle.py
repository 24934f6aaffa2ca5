"""All metadata files of a session, made together and held against each other."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aind_data_schema.core.metadata import Metadata
from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema import (
    acquisition,
    checks,
    data_description,
    instrument,
    procedures,
    processing,
    quality_control,
    subject,
)
from miniscope_to_nwb_zarr.core.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from aind_data_schema.base import DataCoreModel

    from miniscope_to_nwb_zarr.aind_data_schema.provenance import Provenance
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.qc.quality import Quality

    Made = tuple[DataCoreModel | None, tuple[Finding, ...]]

# the library reads its own deprecated fields, and warns of files that we leave out on purpose and say so
_KNOWN_WARNINGS = (
    "Deprecated: use .*coordinate_system instead",
    "Metadata missing required file: ",
    "Neither commit_hash nor version provided for Code",
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The metadata files of one session."""

    files: Mapping[str, str]
    """Name of the file to its text, JSON; a file whose facts are not known is not there."""
    findings: tuple[Finding, ...]
    models: Mapping[str, DataCoreModel]
    """What the files say, as read back from their texts."""


def make_bundle(
    session: Session,
    sidecar: Sidecar,
    packaged: datetime,
    provenance: Provenance | None = None,
    quality: Quality | None = None,
) -> Bundle:
    """Make and check the metadata files.

    Parameters
    ----------
    session
        With its animal and time zone filled in (`facts.complete`).
    sidecar
        What the lab says.
    packaged
        When the output was made, aware of its zone.
    provenance, quality
        How it was made and what it is worth; not known before it is made.

    Raises
    ------
    InputError
        When two sources of a fact disagree.
    MetadataError
        When a file does not say what it was made of, the schema refuses one, or the files contradict each other.
    """
    if packaged.tzinfo is None:
        raise MetadataError(f"the packaging time {packaged.isoformat()} has no time zone")
    return seal(
        session,
        lambda: {
            subject.FILE: subject.make(session, sidecar),
            acquisition.FILE: acquisition.make(session, sidecar),
            data_description.FILE: data_description.make(session, sidecar, packaged),
            instrument.FILE: instrument.make(session, sidecar),
            procedures.FILE: procedures.make(session, sidecar),
            **of_the_run(session, sidecar, provenance, quality),
        },
    )


def seal(session: Session, make: Callable[[], Mapping[str, Made]], recorded: Iterable[str] | None = None) -> Bundle:
    """Read the metadata files back as anyone would, and hold them against each other.

    Parameters
    ----------
    session
        What they are made from.
    make : callable
        Gives each file by its name, or what it lacks.
    recorded
        As in `checks.contradictions`.

    Raises
    ------
    MetadataError
        As in `make_bundle`.
    """
    with _without_known_warnings():
        try:
            made = make()
        except ValidationError as error:
            raise MetadataError(f"{session.name}: {_refusal(error)}") from error
        models = {file: model for file, (model, _) in made.items() if model is not None}
        files = {file: model.model_dump_json(indent=3, exclude_none=True) + "\n" for file, model in models.items()}
        read = {file: _reread(session, model, files[file]) for file, model in models.items()}
        check(session, read, recorded)
    findings = tuple(finding for _, some in made.values() for finding in some)
    unexplained = checks.unexplained(made.keys() - files.keys(), findings)
    if unexplained:
        raise MetadataError(f"{session.name}: {'; '.join(unexplained)}")
    return Bundle(files, findings, read)


def of_the_run(
    session: Session, sidecar: Sidecar, provenance: Provenance | None, quality: Quality | None
) -> dict[str, Made]:
    """The files that need no fact of the lab."""
    made: dict[str, Made] = {}
    if provenance is not None:
        made[processing.FILE] = processing.make(session, sidecar, provenance), ()
    metrics = None if quality is None else quality_control.make(session, sidecar, quality)
    if metrics is not None:
        made[quality_control.FILE] = metrics, ()
    return made


def check(session: Session, models: Mapping[str, DataCoreModel], recorded: Iterable[str] | None = None) -> None:
    """Hold the files of a session against each other; `recorded` as in `checks.contradictions`.

    Raises
    ------
    MetadataError
        Naming every contradiction.
    """
    parts = {file.removesuffix(".json"): model for file, model in models.items()}
    found = checks.contradictions(session, parts, recorded)
    # `Metadata` accepts nothing that has neither an animal nor a process
    if parts.keys() & {"subject", "processing"} and not found:
        try:
            with _without_known_warnings():
                name = getattr(parts.get("data_description"), "name", session.name)
                found = checks.of_metadata(Metadata(name=name, location="", **parts))
        except ValidationError as error:
            found = [_refusal(error)]
    if found:
        raise MetadataError(f"{session.name}: the metadata files contradict each other: " + "; ".join(found))


def _reread(session: Session, model: DataCoreModel, text: str) -> DataCoreModel:
    """The file as its own class reads it: `Metadata` would accept broken files without a word."""
    try:
        read = type(model).model_validate_json(text)
    except ValidationError as error:
        raise MetadataError(f"{session.name}: {type(model).__name__} cannot be read back: {_refusal(error)}") from error
    if read != model:
        raise MetadataError(f"{session.name}: {type(model).__name__} is not read back as it was written")
    return read


def _refusal(error: ValidationError) -> str:
    sentences = (f"{'.'.join(map(str, e['loc']))} is `{str(e['input'])[:80]}`: {e['msg']}" for e in error.errors())
    return f"aind-data-schema refuses {error.title}: " + "; ".join(sentences)


@contextmanager
def _without_known_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        for message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield
