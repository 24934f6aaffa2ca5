"""processing.json: what was done, by which code, with which options, to which files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aind_data_schema.components.identifiers import Code, DataAsset
from aind_data_schema.core.processing import DataProcess, Processing, ProcessStage
from aind_data_schema_models.process_names import ProcessName

from miniscope_to_nwb_zarr.aind_data_schema import data_description, facts
from miniscope_to_nwb_zarr.aind_data_schema.provenance import NAME, REPOSITORY

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.provenance import Pipeline, Provenance
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.core.receipt import FileEntry

FILE = "processing.json"

METADATA_PROCESS = "Metadata files"
_CONVERSION_NOTES = "Checksums of all files of the output and the versions of all libraries are in receipt.json."
_METADATA_NOTES = (
    "Made the metadata files from the settings, the time tables and the headers of the video files; no frame was "
    "decoded, and no NWB file was written."
)


def make(session: Session, sidecar: Sidecar, provenance: Provenance) -> Processing:
    """All that was done to the files of a session, in order."""
    return of_assets(data_description.raw_names(session), facts.zone_of(session, sidecar), provenance)


def of_assets(inputs: Sequence[str], zone: dt.tzinfo, provenance: Provenance) -> Processing:
    """All that was done to some assets, in order; the times by the clocks of a zone.

    A version that adds metadata to a store that is there keeps what was done to make the store. The metadata files are
    made anew each time, so that only the last time is told.
    """
    former = provenance.former
    before = Processing.model_validate_json(former) if former else Processing(data_processes=[])
    kept = [process for process in before.data_processes if process.name != METADATA_PROCESS]
    named = {process.pipeline_name for process in kept}
    pipelines = [pipeline for pipeline in before.pipelines or [] if pipeline.name in named]
    pipelines += [pipeline for pipeline in _pipelines(provenance.pipeline) if pipeline not in pipelines]
    return Processing(
        data_processes=[*kept, _process(inputs, zone, provenance)],
        pipelines=pipelines or None,
        notes=before.notes or provenance.notes,
    )


def _process(inputs: Sequence[str], zone: dt.tzinfo, provenance: Provenance) -> DataProcess:
    started, ended = (
        facts.local(moment, zone).replace(microsecond=0) for moment in (provenance.started, provenance.ended)
    )
    is_conversion = provenance.store is not None
    pipelines = _pipelines(provenance.pipeline)
    return DataProcess(
        process_type=ProcessName.FILE_FORMAT_CONVERSION if is_conversion else ProcessName.OTHER,
        name="" if is_conversion else METADATA_PROCESS,
        stage=ProcessStage.PROCESSING,
        code=code_of(inputs, provenance),
        # those who processed the data, whom nobody has named: not those who recorded them
        experimenters=[],
        pipeline_name=pipelines[0].name if pipelines else None,
        start_date_time=started,
        end_date_time=ended,
        output_path=provenance.store,
        notes=" ".join(
            [_CONVERSION_NOTES if is_conversion else provenance.means or _METADATA_NOTES, *_asides(provenance)]
        ),
    )


def code_of(inputs: Sequence[str], provenance: Provenance) -> Code:
    """The program as the schema has it, with what it was given."""
    program = provenance.program
    given = {name: value for name, value in provenance.parameters.items() if value is not None}
    return Code(
        name=NAME,
        # a package URL names the code where it has no public address yet, which the schema does not provide for
        url=REPOSITORY or f"pkg:generic/{NAME}@{program.version}",
        version=program.version,
        commit_hash=program.commit,
        language="Python",
        language_version=program.python,
        input_data=[DataAsset(name=name) for name in inputs],
        # the schema has no field for files within an asset; as a list, because a key may hold no dot
        parameters={**json.loads(json.dumps(given)), "source_files": [_source(file) for file in provenance.sources]},
    )


def _source(file: FileEntry) -> dict[str, Any]:
    plain = {"path": file.path, "size_bytes": file.size_bytes}
    return plain | {"sha256": file.sha256} if file.sha256 else plain


def _pipelines(pipeline: Pipeline) -> list[Code]:
    """The pipeline as the schema has it, which demands name and address; else `_asides` tells what is known."""
    if pipeline.name is None or pipeline.url is None:
        return []
    return [Code(name=pipeline.name, url=pipeline.url, version=pipeline.version)]


def _asides(provenance: Provenance) -> list[str]:
    found = []
    if REPOSITORY is None:
        found.append("This version of the program states no public address of its code.")
    if provenance.program.is_changed:
        found.append("The code had changes that were not committed.")
    stated = provenance.pipeline
    known = {"name": stated.name, "version": stated.version, "URL": stated.url}
    if any(known.values()) and not _pipelines(stated):
        listed = ", ".join(f"{what} {text}" for what, text in known.items() if text)
        found.append(f"It ran in a pipeline of which only this was stated: {listed}.")
    return found
