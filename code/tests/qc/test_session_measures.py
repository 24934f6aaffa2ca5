from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.mio_radio import MioVersion
from miniscope_to_nwb_zarr.qc.frame_measures import StoredFrames
from miniscope_to_nwb_zarr.qc.measure import Aspect, Verdict
from miniscope_to_nwb_zarr.qc.session_measures import session_measures
from tests import defects
from tests.conversions import sessions_in
from tests.recordings import SCOPE, SMALL, small_recording

DEVICE = "HPC_miniscope1"
FOLDER = "HPC_miniscope1"


def measures_of(session, findings=None, stored=None):
    found = session_measures(session, session.findings if findings is None else findings, stored)
    return {(measure.device, measure.name): measure for measure in found}


@pytest.fixture
def recorded(tmp_path):
    """A function that damages a recording of a scope and a camera and gives the measures of the scope."""
    truth = small_recording(tmp_path)

    def judge(damage=lambda _: None):
        damage(truth.folder / FOLDER)
        (session,) = sessions_in(tmp_path)
        return {name: measure for (device, name), measure in measures_of(session).items() if device == DEVICE}

    return judge


def test_a_sound_recording_passes_everything(recorded):
    found = recorded()
    assert set(found) == {
        "Frames and rows", "Frame numbers", "Order of time stamps", "Frame rate", "Gaps", "Queue of frames",
        "Dropped frames", "Head orientation", "Findings",
    }  # fmt: skip
    assert {measure.verdict for measure in found.values()} == {Verdict.GOOD}
    assert found["Frames and rows"].value == {
        "frames": 25, "rows": 25, "frames_without_row": 0, "rows_without_frame": 0
    }  # fmt: skip
    assert found["Frame rate"].value["nominal_hz"] == 30
    assert found["Head orientation"].aspect is Aspect.ORIENTATION
    assert found["Head orientation"].value == {"rows": 25, "valid": 25, "share_valid": 1.0}
    assert found["Order of time stamps"].value["before_0"] == 1


@pytest.mark.parametrize(
    ("damage", "name", "verdict", "numbers"),
    [
        (lambda d: (d / "1.avi").unlink(), "Frames and rows", Verdict.BAD, {"rows": 25, "rows_without_frame": 10}),
        (lambda d: defects.drop_rows(d, slice(-2, None)), "Frames and rows", Verdict.BAD, {"frames_without_row": 2}),
        (lambda d: defects.drop_rows(d, slice(7, 9)), "Frame numbers", Verdict.LOOK, {"steps_other_than_1": 1}),
        (lambda d: defects.step_clock(d, 12, -500), "Order of time stamps", Verdict.LOOK, {"backwards": 1}),
        (defects.absurd_first_stamp, "Order of time stamps", Verdict.LOOK, {"first_s": 935703.178}),
        (lambda d: defects.change_settings(d, frameRate="20FPS"), "Frame rate", Verdict.LOOK, {"nominal_hz": 20.0}),
        (lambda d: (d / "0.avi").unlink(), "Gaps", Verdict.LOOK, {"gaps": 0, "missing_frames": 10}),
        (lambda d: (d / "1.avi").unlink(), "Gaps", Verdict.LOOK, {"gaps": 1, "missing_frames": 10}),
        (lambda d: (d / "2.avi").unlink(), "Gaps", Verdict.LOOK, {"gaps": 0, "missing_frames": 5}),
        (lambda d: defects.step_clock(d, 12, 500), "Gaps", Verdict.LOOK, {"gaps": 1}),
        (lambda d: defects.fill_queue(d, 5), "Queue of frames", Verdict.LOOK, {"deepest": 127}),
        (lambda d: defects.spoil_counter(d, range(3, 12)), "Dropped frames", Verdict.LOOK, {"failed_readings": 9}),
        (lambda d: defects.zero_orientation(d, [3, 4]), "Head orientation", Verdict.LOOK, {"valid": 23}),
        (lambda d: defects.empty_file(d / "2.avi"), "Findings", Verdict.BAD, {}),
    ],
)
def test_each_defect_has_its_measure(recorded, damage, name, verdict, numbers):
    measure = recorded(damage)[name]
    assert measure.verdict is verdict
    assert {key: measure.value[key] for key in numbers} == pytest.approx(numbers)


def test_a_finding_of_any_code_counts(recorded, tmp_path):
    recorded()
    (session,) = sessions_in(tmp_path)
    new = [
        Finding(Code.FRAMES_TORN, Severity.WARNING, f"{FOLDER}/0.avi", "torn"),
        Finding(Code.START_UNCERTAIN, Severity.ERROR, "metaData.json", "uncertain"),
        Finding(Code.FACT_MISSING, Severity.WARNING, "subject.json", "sex"),
    ]
    found = measures_of(session, [*session.findings, *new])
    listed = found[DEVICE, "Findings"]
    assert (listed.verdict, listed.value["warning"]) == (Verdict.LOOK, [f"frames_torn ({FOLDER}/0.avi): torn"])
    assert found["Behavior_camera", "Findings"].verdict is Verdict.GOOD
    whole = found["", "Findings"]
    assert (whole.verdict, whole.value["error"]) == (Verdict.BAD, ["start_uncertain (metaData.json): uncertain"])
    assert "sex" not in str(found)


def stored_frames(session, **changes):
    (stream,) = (stream for _, stream in session.streams if stream.device.name == DEVICE)
    fields = {"n_frames": 25, "n_damaged": 0, "n_lost": 0, "n_values": 25 * 3072, "n_white": 76, "white": 255}
    return StoredFrames(stream, **{**fields, **changes})


def test_a_store_adds_what_was_seen_of_its_frames(recorded, tmp_path):
    recorded()
    (session,) = sessions_in(tmp_path)
    found = measures_of(session, stored=[stored_frames(session)])
    for name in ("Frames stored", "Damaged frames", "Saturation"):
        assert found[DEVICE, name].verdict is Verdict.GOOD
        assert ("Behavior_camera", name) not in found
    assert found[DEVICE, "Saturation"].value == {"share": pytest.approx(76 / 76800), "largest_value": 255}
    assert found["", "Verification"].value == {"frames_read_back": 25}
    assert found["", "NWB validator and inspector"].verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("changes", "name", "verdict"),
    [
        ({"n_frames": 24}, "Frames stored", Verdict.BAD),
        ({"n_damaged": 1}, "Damaged frames", Verdict.BAD),
        ({"n_white": 77}, "Saturation", Verdict.LOOK),
    ],
)
def test_what_is_wrong_with_stored_frames_is_judged(recorded, tmp_path, changes, name, verdict):
    recorded()
    (session,) = sessions_in(tmp_path)
    assert measures_of(session, stored=[stored_frames(session, **changes)])[DEVICE, name].verdict is verdict


def test_software_that_begins_with_frame_1_has_lost_none(tmp_path):
    write_mio(MioSpec(version=MioVersion.V0_6), tmp_path)
    (session,) = sessions_in(tmp_path)
    ((_, stream),) = session.streams
    assert stream.table.frame_number[0] == 1
    stored = StoredFrames(stream, stream.n_frames, 0, 0, n_values=1, n_white=0, white=255)
    found = {measure.name: measure for measure in session_measures(session, session.findings, [stored])}
    assert found["Frames stored"].value == {"stored": stream.n_frames, "recorded": stream.n_frames}
    assert (found["Frames stored"].verdict, found["Gaps"].verdict) == (Verdict.GOOD, Verdict.GOOD)


def test_without_any_picture_there_is_no_saturation(recorded, tmp_path):
    recorded()
    (session,) = sessions_in(tmp_path)
    found = measures_of(session, stored=[stored_frames(session, n_damaged=25, n_lost=25, n_values=0, n_white=0)])
    assert (DEVICE, "Saturation") not in found


@pytest.mark.parametrize(("severity", "verdict"), [(Severity.INFO, Verdict.GOOD), (Severity.WARNING, Verdict.LOOK)])
def test_remarks_on_facts_that_only_the_lab_has_are_counted_and_are_no_fault(recorded, tmp_path, severity, verdict):
    recorded()
    (session,) = sessions_in(tmp_path)
    remarks = {"critical": 1, "best practice violation": 2}
    inspected = [*session.findings, Finding(Code.INSPECTOR, severity, "qc/report.txt", "remarks", remarks)]
    measure = measures_of(session, inspected, [])["", "NWB validator and inspector"]
    assert measure.verdict is verdict
    assert measure.value == {"validator_errors": 0, "remarks": {"critical": 1, "best_practice_violation": 2}}


def test_findings_of_combined_recordings_go_to_their_own(tmp_path):
    first, second = (
        small_recording(tmp_path, start=SMALL.start.replace(hour=hour), devices=(SCOPE,)) for hour in (9, 11)
    )
    (second.folder / FOLDER / "1.avi").unlink()
    (session,) = sessions_in(tmp_path, combine="day")
    found = [m for m in session_measures(session, session.findings, None) if m.name == "Frames and rows"]
    assert [(m.recording, m.verdict) for m in found] == [
        (first.folder.name, Verdict.GOOD), (second.folder.name, Verdict.BAD)
    ]  # fmt: skip


def test_a_device_without_frames_is_told_of_with_the_session(tmp_path):
    small_recording(tmp_path, devices=(SCOPE, replace(SCOPE, name="Other", n_frames=0)))
    (session,) = sessions_in(tmp_path)
    found = measures_of(session)
    assert {device for device, _ in found} == {DEVICE, ""}
    assert any("no_frames" in line for line in found["", "Findings"].value["warning"])


def test_nothing_recorded_has_no_measures(recorded, tmp_path):
    recorded()
    (session,) = sessions_in(tmp_path)
    blind = [replace(s, rows=np.empty(0, np.int64)) for s in session.recordings[0].streams]
    empty = replace(session, recordings=(replace(session.recordings[0], streams=tuple(blind)),))
    assert session_measures(empty, session.findings, None) == ()
