"""All metadata files of a session of an Allen data set, and where each of their facts is from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema import (
    acquisition,
    allen_acquisition,
    allen_animal,
    allen_instrument,
    allen_modalities,
    data_description,
    facts,
    procedures,
    processing,
    quality_control,
    subject,
)
from miniscope_to_nwb_zarr.aind_data_schema.bundle import seal
from miniscope_to_nwb_zarr.aind_data_schema.missing import not_there
from miniscope_to_nwb_zarr.core.findings import Code

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import AllenFacts
    from miniscope_to_nwb_zarr.aind_data_schema.bundle import Bundle, Made
    from miniscope_to_nwb_zarr.aind_data_schema.provenance import Provenance
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.qc.quality import Quality

REPORT = "metadata_report.json"


def make_bundle(
    known: AllenFacts, packaged: datetime, provenance: Provenance | None = None, quality: Quality | None = None
) -> Bundle:
    """Make and check the metadata files; parameters and errors as in `bundle.make_bundle`."""

    def make() -> dict[str, Made]:
        return {
            subject.FILE: allen_animal.make_subject(known),
            acquisition.FILE: allen_acquisition.make(known),
            data_description.FILE: _description(known, packaged),
            allen_instrument.FILE: allen_instrument.make(known),
            procedures.FILE: allen_animal.make_procedures(known),
            **_of_the_run(known, provenance, quality),
        }

    return seal(known.session, make, known.modalities)


def report(known: AllenFacts, findings: Iterable[Finding]) -> str:
    """Where each fact is from, and what is left out and why, as JSON."""
    findings = tuple(findings)
    told = {
        "output": known.output,
        "facts_from": dict(sorted(known.sources.items())),
        "left_out": [f.as_json() for f in findings if f.code is Code.FACT_MISSING],
        "not_known": [f.as_json() for f in findings if f.code is Code.FACT_UNKNOWN],
        "disagreements": [f.as_json() for f in findings if f.code is Code.PARTS_DISAGREE],
    }
    return json.dumps(told, indent=3, ensure_ascii=False) + "\n"


def _description(known: AllenFacts, packaged: datetime) -> Made:
    if known.lacks:
        return None, tuple(
            not_there(data_description.FILE, lack.fact, lack.reason, lack.remedy) for lack in known.lacks
        )
    recorded = allen_modalities.entries(known.modalities)
    return data_description.make(known.session, known.sidecar, packaged, recorded, [known.output])


def _of_the_run(known: AllenFacts, provenance: Provenance | None, quality: Quality | None) -> dict[str, Made]:
    made: dict[str, Made] = {}
    if provenance is not None:
        inputs = () if known.lacks else data_description.raw_names(known.session)
        zone = facts.zone_of(known.session, known.sidecar)
        made[processing.FILE] = processing.of_assets(inputs, zone, provenance), ()
    metrics = None if quality is None else quality_control.make(known.session, known.sidecar, quality)
    if metrics is not None:
        made[quality_control.FILE] = metrics, ()
    return made
