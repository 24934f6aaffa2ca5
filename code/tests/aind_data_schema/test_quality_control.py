import datetime as dt
import json
from collections import Counter

import pytest
from aind_data_schema.core.quality_control import QualityControl

from miniscope_to_nwb_zarr.aind_data_schema import quality_control
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.qc.frame_measures import StoredFrames
from miniscope_to_nwb_zarr.qc.measure import Aspect, Measure, Verdict
from miniscope_to_nwb_zarr.qc.quality import Quality
from miniscope_to_nwb_zarr.qc.session_measures import session_measures

CHECKED = dt.datetime(2026, 11, 20, 20, 5, 7, 250_000, dt.UTC)


def quality_of(*measures, former=""):
    return Quality(measures, CHECKED, former)


def metrics_of(session, quality):
    return json.loads(quality_control.make(session, Sidecar(), quality).model_dump_json(exclude_none=True))["metrics"]


def gaps(device="HPC", recording="09_26_53", verdict=Verdict.GOOD, aspect=Aspect.SCOPE, name="Gaps"):
    return Measure(name, "Passes without a gap.", {"gaps": 0}, verdict, aspect, device, recording)


def test_a_measure_is_a_metric_with_its_rule(session):
    (metric,) = metrics_of(session(), quality_of(gaps()))
    assert metric == {
        "object_type": "QC metric",
        "name": "HPC: Gaps",
        "modality": {"name": "One-photon imaging", "abbreviation": "one-photon"},
        "stage": "Raw data",
        "value": {"gaps": 0},
        "status_history": [
            {
                "object_type": "QC status",
                "evaluator": "Automated",
                "status": "Pass",
                "timestamp": "2026-11-20T13:05:07.250000-07:00",
            }
        ],
        "description": "Passes without a gap.",
        "tags": {"device": "HPC"},
    }


@pytest.mark.parametrize(
    ("verdict", "status"), [(Verdict.GOOD, "Pass"), (Verdict.LOOK, "Pending"), (Verdict.BAD, "Fail")]
)
@pytest.mark.parametrize(
    ("aspect", "modality"),
    [(Aspect.SCOPE, "one-photon"), (Aspect.CAMERA, "behavior-videos"), (Aspect.ORIENTATION, "behavior")],
)
def test_verdict_and_aspect_in_the_words_of_the_schema(session, verdict, status, aspect, modality):
    (metric,) = metrics_of(session(), quality_of(gaps(verdict=verdict, aspect=aspect)))
    assert metric["status_history"][0]["status"] == status
    assert metric["modality"]["abbreviation"] == modality


def test_recordings_of_one_device_share_a_metric_and_the_worst_status(session):
    one, two = gaps(), gaps(recording="11_26_53", verdict=Verdict.LOOK)
    (metric,) = metrics_of(session(), quality_of(one, two))
    assert metric["value"] == [
        {"device": "HPC", "recording": "09_26_53", "gaps": 0}, {"device": "HPC", "recording": "11_26_53", "gaps": 0}
    ]  # fmt: skip
    assert metric["status_history"][0]["status"] == "Pending"


def test_there_are_fewer_than_50_metrics_of_a_modality_however_many_devices(session):
    measures = [gaps(f"Cam{k}", aspect=Aspect.CAMERA, name=f"M{m}") for k in range(30) for m in range(10)]
    metrics = metrics_of(session(), quality_of(*measures, gaps()))
    counts = Counter(metric["modality"]["abbreviation"] for metric in metrics)
    assert counts == {"behavior-videos": 10, "one-photon": 1}
    crowd = metrics[0]
    assert (crowd["name"], crowd["tags"]) == ("all devices: M0", {"device": "all devices"})
    assert [value["device"] for value in crowd["value"]] == [f"Cam{k}" for k in range(30)]


def test_a_whole_session_is_judged_by_aind_s_own_rules(session, recording, stream, filled):
    scope = stream(orientation=True)
    camera = stream("BehavCam", DeviceKind.CAMERA, (0.1, 601.0))
    whole = session(recording(streams=(scope, camera)))
    stored = [StoredFrames(scope, 3, 1, 0, 900, 0, 255)]
    measures = session_measures(whole, [], stored)
    made = make_bundle(whole, filled(), CHECKED, quality=Quality(measures, CHECKED))
    quality = QualityControl.model_validate_json(made.files["quality_control.json"])
    assert quality.default_grouping == ["modality", "device"]
    assert {str(metric.modality.abbreviation) for metric in quality.metrics} == {
        m["abbreviation"] for m in json.loads(made.files["data_description.json"])["modalities"]
    }
    for metric in quality.metrics:
        assert metric.description.endswith((".", "otherwise."))
        assert (metric.status.evaluator, set(metric.tags)) == ("Automated", {"device"})
        # numpy's own numbers raise when they are written, and NaN becomes null
        assert json.loads(json.dumps(metric.value, allow_nan=False)) == metric.value
    names = [metric.name for metric in quality.metrics]
    assert len(set(names)) == len(names)
    assert quality.status["device:HPC"] == quality.status["one-photon"] == "Fail"
    assert quality.status["device:BehavCam"] == "Pass"
    stages = {metric.name: metric.stage for metric in quality.metrics}
    assert stages["HPC: Saturation"] == "Raw data"
    assert (
        stages["HPC: Frames stored"] == stages["Verification"] == stages["NWB validator and inspector"] == "Processing"
    )


def test_what_was_found_when_a_store_was_made_is_kept(session):
    former = quality_control.make(session(), Sidecar(), quality_of(gaps(verdict=Verdict.BAD))).model_dump_json()
    later = Quality((gaps(),), CHECKED + dt.timedelta(days=1), former)
    assert quality_control.make(session(), Sidecar(), later) == QualityControl.model_validate_json(former)


def test_the_order_of_its_lines_is_the_same_in_every_run(session):
    quality = quality_of(*(gaps(f"Device{k}") for k in range(9)))
    status = quality_control.make(session(), Sidecar(), quality).status
    assert list(status) == sorted(status)


def test_nothing_measured_gives_no_file(session, filled):
    assert quality_control.make(session(), Sidecar(), quality_of()) is None
    assert "quality_control.json" not in make_bundle(session(), filled(), CHECKED, quality=quality_of()).files
