"""What an analysis adds to processing.json and quality_control.json of an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aind_data_schema.core.processing import DataProcess, Processing, ProcessStage
from aind_data_schema.core.quality_control import QualityControl, Stage
from aind_data_schema_models.process_names import ProcessName

from miniscope_to_nwb_zarr.aind_data_schema import facts
from miniscope_to_nwb_zarr.aind_data_schema.processing import code_of
from miniscope_to_nwb_zarr.aind_data_schema.provenance import Provenance, this_program
from miniscope_to_nwb_zarr.aind_data_schema.quality_control import GROUPING, metric_of, ordered

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from aind_data_schema.base import DataCoreModel

    from miniscope_to_nwb_zarr.aind_data_schema.provenance import Pipeline
    from miniscope_to_nwb_zarr.qc.measure import Measure

# by the names of the steps of an analysis
_PROCESSES = {
    "mean trace": ProcessName.ANALYSIS,
    "trend": ProcessName.ANALYSIS,
    "baseline": ProcessName.DF_F_ESTIMATION,
    "motion": ProcessName.VIDEO_MOTION_CORRECTION,
    "cells": ProcessName.VIDEO_ROI_SEGMENTATION,
    "scores": ProcessName.VIDEO_ROI_CLASSIFICATION,
    "curation": ProcessName.MANUAL_CURATION,
}


@dataclass(frozen=True, slots=True)
class DoneStep:
    """A step as processing.json tells of it."""

    step: str
    """One of the names in `_PROCESSES`."""
    name: str
    """Unlike that of all others of the output."""
    parameters: Mapping[str, Any]
    """JSON values; no key holds a dot."""
    started: dt.datetime
    """Aware of its zone, as all times here."""
    ended: dt.datetime
    notes: str
    people: tuple[str, ...] = ()
    """Who decided, where a person did."""


def with_steps(
    former: str, steps: Sequence[DoneStep], asset: str, store: str, zone: dt.tzinfo, pipeline: Pipeline
) -> str:
    """processing.json with further steps.

    Parameters
    ----------
    former : str
        The file of the version before; empty where there is none.
    steps : sequence of DoneStep
    asset, store : str
        Name of the output, and path of the NWB file in it.
    zone : tzinfo
        Of the recording.
    pipeline : Pipeline
        That the program runs in.
    """
    before = Processing.model_validate_json(former) if former else Processing(data_processes=[])
    made = [_process(step, asset, store, zone, pipeline) for step in steps]
    processes = [*before.data_processes, *made]
    return _text(Processing(data_processes=processes, pipelines=before.pipelines, notes=before.notes))


def with_measures(former: str, measures: Sequence[Measure], checked: dt.datetime, zone: dt.tzinfo) -> str:
    """quality_control.json with further measures; `former` is the file of the version before, or empty."""
    before = QualityControl.model_validate_json(former).metrics if former else []
    there = facts.local(checked, zone)
    metrics = [metric_of(one.device, [one], there).model_copy(update={"stage": Stage.PROCESSING}) for one in measures]
    names = {metric.name for metric in metrics}
    kept = [metric for metric in before if metric.name not in names]
    made = ordered(QualityControl(metrics=[*kept, *metrics], default_grouping=GROUPING))
    return _text(made)


def _text(model: DataCoreModel) -> str:
    return f"{model.model_dump_json(indent=3, exclude_none=True)}\n"


def _process(step: DoneStep, asset: str, store: str, zone: dt.tzinfo, pipeline: Pipeline) -> DataProcess:
    started, ended = (facts.local(moment, zone).replace(microsecond=0) for moment in (step.started, step.ended))
    program = Provenance(this_program(), pipeline, step.parameters, (), step.started, step.ended, store)
    return DataProcess(
        process_type=_PROCESSES[step.step],
        name=step.name,
        stage=ProcessStage.PROCESSING,
        code=code_of([asset], program),
        experimenters=list(step.people),
        start_date_time=started,
        end_date_time=ended,
        output_path=store,
        notes=step.notes,
    )
