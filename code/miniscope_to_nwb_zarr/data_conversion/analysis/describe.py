"""processing.json and quality_control.json of an output after its analysis."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from miniscope_to_nwb_zarr.aind_data_schema.acquisition import FILE
from miniscope_to_nwb_zarr.aind_data_schema.analysis import DoneStep, with_measures, with_steps
from miniscope_to_nwb_zarr.aind_data_schema.provenance import pipeline_of
from miniscope_to_nwb_zarr.analysis.foreign.programs import is_handed_bytes
from miniscope_to_nwb_zarr.core.text import harmless_json
from miniscope_to_nwb_zarr.qc.analysis_measures import analysis_measures, curated_measure

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.analysis.curation import Curation
    from miniscope_to_nwb_zarr.analysis.kept_steps import Step
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis
    from miniscope_to_nwb_zarr.core.receipt import AnalysisEntry
    from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
    from miniscope_to_nwb_zarr.data_conversion.analysis.curate import Decided

PROCESSING, QUALITY = "processing.json", "quality_control.json"

_NAMES = {
    "mean trace": "Mean fluorescence, phase and spectrogram",
    "trend": "Trend of the movie",
    "baseline": "Baseline of the movie",
    "motion": "Motion correction",
    "cells": "Units and their traces",
    "scores": "Evaluation of units, and events",
}
_IN_BYTES = (
    " The engine was handed the movie in whole numbers from 0 to 255, onto which the range of the movie was laid where "
    "it was anything else, and gave its results at that resolution."
)
_OF_ENGINE = frozenset({"motion", "cells"})
_TAKEN_OVER = " The step was done by a run before this one, which did not come to an end."


def metadata_files(
    base: Base, analyses: Sequence[MovieAnalysis], module: str, store: str, checked: dt.datetime, start: dt.datetime
) -> Mapping[str, str]:
    """The two files, by name.

    Parameters
    ----------
    base : Base
        What was analysed: its files are continued.
    analyses : sequence of MovieAnalysis
    module : str
        Of the results in the NWB file.
    store : str
        Name of the NWB file.
    checked : datetime
        When all was verified.
    start : datetime
        Of the session: times are told by the clocks of its place.
    """
    zone = _zone(base, start)
    steps = [step for one in analyses for step in _steps(one, module)]
    measures = [measure for one in analyses for measure in analysis_measures(one, module)]
    pipeline = pipeline_of(os.environ)
    return {
        PROCESSING: harmless_json(with_steps(base.text(PROCESSING), steps, base.name, store, zone, pipeline)),
        QUALITY: harmless_json(with_measures(base.text(QUALITY), measures, checked, zone)),
    }


def curation_files(
    base: Base,
    curation: Curation,
    entry: AnalysisEntry,
    decided: Sequence[Decided],
    store: str,
    started: dt.datetime,
    ended: dt.datetime,
    start: dt.datetime,
) -> Mapping[str, str]:
    """The two files after decisions by hand, by name; `start` is that of the session."""
    zone = _zone(base, start)
    step = DoneStep(
        step="curation",
        name=f"Decisions by hand ({entry.module}, {curation.digest[:8]})",
        parameters={"decisions": [[one.series, int(one.by_hand.sum())] for one in decided]},
        started=started,
        ended=ended,
        notes=f"Which units of processing/{entry.module} are cells, as a person decided; all decisions are in the "
        "output, beside the page on which they were made. The times are those at which they were applied.",
        people=(curation.curator,) if curation.curator else (),
    )
    measures = [curated_measure(one.series, entry.module, one.accepted, one.by_hand) for one in decided if one.table]
    pipeline = pipeline_of(os.environ)
    return {
        PROCESSING: harmless_json(with_steps(base.text(PROCESSING), [step], base.name, store, zone, pipeline)),
        QUALITY: harmless_json(with_measures(base.text(QUALITY), measures, ended, zone)),
    }


def _zone(base: Base, start: dt.datetime) -> dt.tzinfo:
    """The zone by which the output tells its times: the lab's where it was named, else that of the steps before.

    The start in the NWB file has an offset from UTC alone, which is another one when the clocks have changed since.
    """
    acquisition, processing = (json.loads(base.text(name) or "{}") for name in (FILE, PROCESSING))
    named = acquisition.get("acquisition_start_tz")
    if isinstance(named, str):
        return ZoneInfo(named)
    ends = [datetime.fromisoformat(one["end_date_time"]) for one in processing.get("data_processes", ())]
    return (ends[-1] if ends else start).tzinfo or UTC


def _steps(one: MovieAnalysis, module: str) -> Iterator[DoneStep]:
    for step in one.steps:
        yield DoneStep(
            step=step.name,
            name=f"{_NAMES[step.name]}: {one.movie.label} ({module})",
            parameters={"series": one.movie.series, "engine": one.engine, **_parameters(one, step)},
            started=step.started,
            ended=step.ended,
            notes=f"Results are in processing/{module} of the NWB file, with every parameter and where it comes from."
            + (_IN_BYTES if step.name in _OF_ENGINE and is_handed_bytes(one.engine) else "")
            + (_TAKEN_OVER if step.is_taken_over else ""),
        )


def _parameters(one: MovieAnalysis, step: Step) -> dict[str, Any]:
    """What was chosen or estimated for a step, by section."""
    wanted = {
        "mean trace": ("picture", "phase", "spectrogram"),
        "trend": ("movie",),
        "baseline": ("movie",),
        "motion": ("motion",),
        "cells": ("cells", "engine"),
        "scores": ("accept", "events"),
    }[step.name]
    found: dict[str, Any] = {}
    for used in one.parameters:
        section, _, key = used.name.partition(".")
        if section in wanted and used.value is not None:
            # a key may hold no dot
            named = "used_by_engine" if section == "engine" else section
            found.setdefault(named, {})[key.replace(".", "_")] = used.value
    return found
