"""The metadata files of one session: tried out while the workers are busy, made when its store is verified."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.provenance import Provenance, pipeline_of, this_program
from miniscope_to_nwb_zarr.core.errors import MetadataError
from miniscope_to_nwb_zarr.core.text import harmless_json
from miniscope_to_nwb_zarr.qc.quality import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aind_data_schema.base import DataCoreModel
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import FileEntry
    from miniscope_to_nwb_zarr.qc.measure import Measure
    from miniscope_to_nwb_zarr.run.kept_store import KeptStore
    from miniscope_to_nwb_zarr.run.session_job import Work
    from miniscope_to_nwb_zarr.run.session_store import MadeStore


def try_metadata(work: Work, nwbfile: NWBFile) -> None:
    """Make the files that need no store, so that a contradiction is known before all frames are decoded.

    Raises
    ------
    InputError
        Two sources of a fact disagree.
    MetadataError
        The files contradict each other, or the NWB file.
    """
    # the library takes over a second to import
    from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle  # noqa: PLC0415

    bundle = make_bundle(work.session, work.job.sidecar, work.created)
    _compare(work, nwbfile, bundle.models)


def write_metadata(
    work: Work,
    sources: Sequence[FileEntry],
    measures: Sequence[Measure],
    made: MadeStore | None = None,
    kept: KeptStore | None = None,
) -> tuple[Finding, ...]:
    """Write all metadata files into the staging folder.

    Parameters
    ----------
    work : Work
    sources : sequence of FileEntry
    measures : sequence of Measure
        Of the recording and of the store.
    made, kept : MadeStore or KeptStore, optional
        The store that was just made, or the one of a former version that is kept; neither where there is none.

    Returns
    -------
    tuple of Finding
        The facts that are missing.

    Raises
    ------
    MetadataError
        The files contradict each other, or the NWB file.
    """
    from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle  # noqa: PLC0415 - see above

    ended = work.now()
    provenance = Provenance(
        program=this_program(),
        pipeline=pipeline_of(os.environ),
        parameters=work.job.output_options,
        sources=tuple(sources),
        started=work.started,
        ended=ended,
        store=made.name if made else None,
        former=kept.text("processing.json") if kept else "",
        notes=kept.notes if kept else None,
    )
    quality = Quality(
        tuple(measures),
        checked=ended,
        former=kept.text("quality_control.json") if kept else "",
    )
    # the asset is packaged when all that was done to it is done
    bundle = make_bundle(work.session, work.job.sidecar, ended, provenance, quality)
    if kept:
        with kept.opened() as nwbfile:
            _compare(work, nwbfile, bundle.models, is_earlier=True)
    for name, text in bundle.files.items():
        (work.staging / name).write_text(harmless_json(text), encoding="utf-8")
    return bundle.findings


def _compare(work: Work, nwbfile: NWBFile, models: Mapping[str, DataCoreModel], *, is_earlier: bool = False) -> None:
    from miniscope_to_nwb_zarr.aind_data_schema.nwb_agreement import compare  # noqa: PLC0415 - see above

    found = compare(
        nwbfile,
        models,
        is_edited=is_earlier or work.nwbfile is not None,
        is_earlier=is_earlier,
        recorded_experimenter=work.session.experimenter,
    )
    if found:
        cure = ". Correct the facts, or convert again without --metadata True and with --existing replace"
        raise MetadataError(
            f"{work.session.name}: the NWB file and the metadata files contradict each other: {'; '.join(found)}"
            f"{cure if is_earlier else ''}"
        )
