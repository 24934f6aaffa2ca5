"""quality_control.json: what is known of the quality of a recording and of its store, each figure with its rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from aind_data_schema.core.quality_control import QCMetric, QCStatus, QualityControl, Stage, Status
from aind_data_schema_models.modalities import Modality

from miniscope_to_nwb_zarr.aind_data_schema import facts
from miniscope_to_nwb_zarr.qc.frame_measures import FRAMES_STORED
from miniscope_to_nwb_zarr.qc.measure import Aspect, Verdict, worst
from miniscope_to_nwb_zarr.qc.session_measures import INSPECTOR, VERIFICATION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.qc.measure import Measure
    from miniscope_to_nwb_zarr.qc.quality import Quality

FILE = "quality_control.json"

_MODALITIES = {
    Aspect.SCOPE: Modality.ONE_PHOTON,
    Aspect.CAMERA: Modality.BEHAVIOR_VIDEOS,
    Aspect.ORIENTATION: Modality.BEHAVIOR,
    Aspect.ELECTRODES: Modality.ECEPHYS,
    Aspect.TWO_PHOTON: Modality.POPHYS,
    Aspect.BEHAVIOR: Modality.BEHAVIOR,
}
_STATUS = {Verdict.GOOD: Status.PASS, Verdict.LOOK: Status.PENDING, Verdict.BAD: Status.FAIL}
_OF_PROCESSING = {FRAMES_STORED, VERIFICATION, INSPECTOR}
# AIND asks for fewer than 50 metrics of a modality (reference aind-metadata 1.8)
_MOST_METRICS = 45
GROUPING = ["modality", "device"]
_WHOLE_SESSION, _ALL_DEVICES = "whole session", "all devices"


def make(session: Session, sidecar: Sidecar, quality: Quality) -> QualityControl | None:
    """The quality control of a session; None where no device recorded anything.

    A version that adds metadata to a store keeps what was found when the store was made: neither the recording nor the
    store has changed since, and no frame was looked at again.
    """
    if quality.former:
        return ordered(QualityControl.model_validate_json(quality.former))
    checked = facts.local(quality.checked, facts.zone_of(session, sidecar))
    metrics = [metric_of(device, group, checked) for device, group in _grouped(quality.measures)]
    return ordered(QualityControl(metrics=metrics, default_grouping=GROUPING)) if metrics else None


def ordered(made: QualityControl) -> QualityControl:
    """The same, in an order that is the same in every run."""
    # the library puts them in the order of a set, which is another one in every run
    made.status = dict(sorted((made.status or {}).items()))
    return made


def _grouped(measures: Sequence[Measure]) -> list[tuple[str, list[Measure]]]:
    """The measures that make one metric: of one device in all recordings, or of all devices where they are many."""
    n_metrics = Counter(aspect for aspect, *_ in {(m.aspect, m.name, m.device) for m in measures})
    groups: dict[tuple[Aspect, str, str], list[Measure]] = defaultdict(list)
    for measure in measures:
        is_crowded = n_metrics[measure.aspect] > _MOST_METRICS
        device = _WHOLE_SESSION if not measure.device else _ALL_DEVICES if is_crowded else measure.device
        groups[measure.aspect, measure.name, device].append(measure)
    return [(device, group) for (_, _, device), group in groups.items()]


def metric_of(device: str, group: Sequence[Measure], checked: dt.datetime) -> QCMetric:
    """A metric of measures of one name, of a device or of the whole session."""
    first = group[0]
    status = QCStatus(
        evaluator="Automated", status=_STATUS[worst(measure.verdict for measure in group)], timestamp=checked
    )
    return QCMetric(
        name=first.name if device == _WHOLE_SESSION else f"{device}: {first.name}",
        modality=_MODALITIES[first.aspect],
        stage=Stage.PROCESSING if first.name in _OF_PROCESSING else Stage.RAW,
        value=dict(first.value) if len(group) == 1 else [_told_apart(measure) for measure in group],
        status_history=[status],
        description=first.rule,
        reference=first.picture or None,
        tags={"device": device},
    )


def _told_apart(measure: Measure) -> dict[str, Any]:
    return {"device": measure.device, "recording": measure.recording, **measure.value}
