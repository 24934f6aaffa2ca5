"""Folders named by time only, cut out of a longer hierarchy, with `Miniscope` and `BehavCam_2` (formats 2.1)."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion

FIRST = datetime(2021, 10, 7, 15, 3, 28, 635_000, timezone(timedelta(hours=-7)))
LEGACY = RecordingSpec(
    devices=(
        DeviceSpec(
            name="Miniscope",
            model="Miniscope_V3",
            width_px=752,
            height_px=480,
            has_roi=False,
            rate_hz=15.0,
            n_frames=7,
            frames_per_file=4,
            has_noise=False,
            has_bar_code=True,
            settings={"gain": "High", "led0": 47, "ewl": None},
        ),
        camera("BehavCam 2", width_px=320, height_px=240, n_frames=8, has_noise=False, has_bar_code=True),
    ),
    version=SoftwareVersion.V1_02,
    start=FIRST,
    animal="C6-J588_Disc5",
    directory_structure=("time",),
)
MINUTES = (0, 3, 9)


@pytest.fixture(scope="module", params=[SoftwareVersion.V1_02, SoftwareVersion.V1_11])
def recordings(request, tmp_path_factory):
    """Three recordings of one animal, in folders 15_03_28, 15_06_28 and 15_12_28; written once, not to be changed."""
    animal = tmp_path_factory.mktemp("data") / "C6-J588_Disc5"
    return [
        write_recording(
            replace(LEGACY, version=request.param, start=FIRST + timedelta(minutes=minutes), seed=minutes), animal
        )
        for minutes in MINUTES
    ]


@pytest.fixture
def holds_all(holds, scope_of):
    def check(session, truth):
        for name, device in truth.devices.items():
            holds(scope_of(session, name), device.rows.stamp_ms)

    return check


def test_every_recording_is_found_with_its_own_start(recordings, find, holds_all):
    found = find(recordings[0].folder.parent)
    assert (found.failures, found.findings) == ((), ())
    assert [session.recordings[0].folder.name for session in found.sessions] == ["15_03_28", "15_06_28", "15_12_28"]
    for session, truth, minutes in zip(found.sessions, recordings, MINUTES, strict=True):
        assert session.start == FIRST + timedelta(minutes=minutes)
        assert session.subject_id == "C6-J588-Disc5"
        assert [(stream.device.name, stream.device.label, stream.device.kind) for _, stream in session.streams] == [
            ("BehavCam_2", "BehavCam 2", DeviceKind.CAMERA),
            ("Miniscope", "Miniscope", DeviceKind.SCOPE),
        ]
        holds_all(session, truth)
        assert all(finding.severity is Severity.INFO for finding in session.findings)


def test_the_scope_is_what_its_settings_say(recordings, find_one, scope_of):
    device = scope_of(find_one(recordings[0].folder), "Miniscope").device
    assert (device.model, device.gain, device.led_percent, device.focus) == ("Miniscope_V3", "High", 47, None)
    assert device.nominal_rate_hz == 15


@pytest.mark.parametrize("depth", ["recording", "animal", "above"])
def test_it_may_be_cut_out_anywhere(recordings, find, holds_all, depth):
    folder = recordings[0].folder
    given = {"recording": folder, "animal": folder.parent, "above": folder.parents[1]}[depth]
    holds_all(find(given).sessions[0], recordings[0])


def test_recordings_of_a_day_keep_their_gaps_in_one_store(recordings, find):
    (session,) = find(recordings[0].folder.parent, combine="day").sessions
    assert [recording.offset_s for recording in session.recordings] == [0, 180, 540]
    assert len(session.streams) == 6


def test_a_time_without_a_day_is_no_start(tmp_path, recordings, find, find_one, holds_all):
    animal = shutil.copytree(recordings[0].folder.parent, tmp_path / "copy")
    (animal / "15_06_28" / "metaData.json").unlink()
    found = find(animal, timezone="America/Los_Angeles")
    assert len(found.sessions) == 2
    (failure,) = found.failures
    assert failure.folder == animal / "15_06_28"
    assert "--start_time" in failure.message
    session = find_one(failure.folder, start_time=recordings[1].spec.start)
    holds_all(session, recordings[1])
    assert {stream.device.kind for _, stream in session.streams} == {DeviceKind.SCOPE, DeviceKind.CAMERA}


def test_behaviour_cameras_of_any_number(tmp_path, find_one, holds_all):
    scope, first = LEGACY.devices
    both = (scope, replace(first, name="BehavCam 0"), replace(first, name="BehavCam 11", device_id=3))
    truth = write_recording(replace(LEGACY, devices=both), tmp_path)
    session = find_one(tmp_path)
    assert [stream.device.name for _, stream in session.streams] == ["BehavCam_0", "BehavCam_11", "Miniscope"]
    holds_all(session, truth)


def test_the_behaviour_camera_may_be_gone(tmp_path, recordings, find_one, scope_of, holds, codes):
    folder = shutil.copytree(recordings[0].folder, tmp_path / "15_03_28")
    shutil.rmtree(folder / "BehavCam_2")
    session = find_one(folder)
    holds(scope_of(session, "Miniscope"), recordings[0].devices["Miniscope"].rows.stamp_ms)
    assert (Code.FOLDER_INCOMPLETE, "BehavCam_2") in codes(session)
