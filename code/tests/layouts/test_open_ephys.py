"""Recordings of Open Ephys' software: every form of them, frame by frame against what was written."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind, PropertyChange
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, write_open_ephys
from miniscope_to_nwb_zarr.layouts.open_ephys import NAME

GUI = OpenEphysSpec()
BONSAI = OpenEphysSpec(
    software=Software.BONSAI, video_name="v4-image_", table_name="v4-quat_", suffix="Timestamp", video_delay_s=0.95
)
EXAMPLE = OpenEphysSpec(
    software=Software.EXAMPLE,
    video_name="minicam_",
    table_name="minicam-aux_",
    suffix="Timestamp",
    encoding=Encoding.FMP4,
)
# smaller pictures than the sensor's, and raw video, are what these recordings have on purpose
USUAL = {Code.PICTURE_UNEXPECTED, Code.NO_CHECKSUM, Code.SUBJECT_UNNAMED}


@pytest.fixture
def check(find_one, numbers_seen):
    """Discover the only recording of a folder; each kept frame must show the number of its row, at the row's stamp."""

    def run(truth, n_frames=None, **request):
        session = find_one(truth.folder, **request)
        ((recording, stream),) = session.streams
        n_frames = truth.spec.n_frames if n_frames is None else n_frames
        assert numbers_seen(stream) == stream.rows.tolist() == list(range(n_frames))
        np.testing.assert_allclose(stream.time_s, truth.time_s[:n_frames], rtol=0, atol=1e-9)
        return session, recording, stream

    return run


def unusual(session):
    return {(finding.code, finding.where) for finding in session.findings if finding.code not in USUAL}


@pytest.mark.parametrize("encoding", [Encoding.Y800, Encoding.MJPG, Encoding.FFV1], ids=lambda e: e.name)
def test_a_recording_of_the_gui(tmp_path, check, encoding):
    truth = write_open_ephys(replace(GUI, encoding=encoding), tmp_path)
    session, recording, stream = check(truth, subject_id="M 7")
    assert (session.name, session.layout) == ("M-7_2026-07-30_14-59-24", NAME)
    assert recording.start == truth.spec.start
    assert recording.start.utcoffset() == timedelta(hours=-4)
    assert recording.label == "run_0"
    assert unusual(session) == {(Code.SUBJECT_RENAMED, "run_0.csv")}
    rows = truth.rows
    assert stream.table.hardware_count.tolist() == rows.frame_count.tolist()
    assert stream.table.extra["HardwareTime"].tolist() == rows.hardware_ms.tolist()
    received_s = stream.table.extra["Timestamp (seconds since start)"]
    assert np.rint(received_s * 1e7).astype(int).tolist() == rows.received_ticks.tolist()
    np.testing.assert_array_equal(stream.orientation.quaternion, rows.quaternion)
    np.testing.assert_allclose(stream.orientation.time_s, truth.time_s, rtol=0, atol=1e-9)
    assert [signal.name for signal in stream.signals] == ["DigitalIn0", "DigitalIn1"]
    for place, signal in enumerate(stream.signals):
        assert signal.values.dtype == np.uint8
        assert signal.values.astype(bool).tolist() == rows.inputs[:, place].tolist()


def test_settings_of_the_gui(tmp_path, check):
    _, _, stream = check(write_open_ephys(GUI, tmp_path))
    device = stream.device
    assert (device.name, device.kind, device.model) == ("Miniscope_V4", DeviceKind.SCOPE, "Miniscope_V4")
    assert (device.nominal_rate_hz, device.gain, device.led_percent) == (30.0, "Medium", 12.5)
    # the driver's steps are 1.27 times the per cent of the GUI
    assert device.focus == pytest.approx(-25.4)
    assert device.settings["Hardware"]["Miniscope"]["Focus"] == "-20"
    assert device.settings["File"]["FileName"] == "C:\\data\\run_"


def test_pictures_of_the_sensors_size_are_expected(tmp_path, find_one):
    session = find_one(write_open_ephys(replace(GUI, width_px=608, height_px=608, n_frames=2), tmp_path).folder)
    assert Code.PICTURE_UNEXPECTED not in {finding.code for finding in session.findings}


@pytest.mark.parametrize("suffix", [0, 17, None, "Timestamp"])
def test_every_suffix(tmp_path, check, suffix):
    session, recording, _ = check(write_open_ephys(replace(GUI, suffix=suffix), tmp_path))
    assert recording.label == GUI.stem("run_") if suffix == 0 else recording.label.startswith("run_")
    assert unusual(session) == set()
    assert len(recording.files) == 3


@pytest.mark.parametrize("spec", [BONSAI, replace(BONSAI, suffix=3), EXAMPLE], ids=["bonsai", "count", "example"])
def test_a_recording_of_a_workflow(tmp_path, check, spec):
    truth = write_open_ephys(spec, tmp_path)
    session, recording, stream = check(truth, subject_id="M7")
    assert recording.start == spec.start
    assert truth.table.stem != truth.video.stem
    assert unusual(session) == {(Code.NAME_DISAGREES, truth.table.name)}
    np.testing.assert_array_equal(stream.orientation.quaternion, truth.rows.quaternion)
    # the first stamp is exact: what is finer than the microseconds of the start is in it
    assert stream.time_s[0] == pytest.approx(8e-7, abs=1e-15)
    inputs = truth.rows.inputs[:, 0].astype(int).tolist()
    assert {s.name: s.values.tolist() for s in stream.signals} == ({"Trigger": inputs} if spec is EXAMPLE else {})


def test_the_log_becomes_notes_and_changed_settings(tmp_path, check):
    messages = (
        (0.3, "PropertyChanged", "LedBrightness: 20"),
        (0.4, "Info", 'Saved "a, b"\r\nto C:\\data'),
        (0.5, "Warning", "late"),
    )
    session, recording, _ = check(write_open_ephys(replace(GUI, messages=messages), tmp_path))
    texts = [
        "Recording started",
        'Saved "a, b"\r\nto C:\\data',
        "Warning: late",
        "Stopping recording.",
        "Recording stopped",
    ]
    assert [note.text for note in recording.notes] == texts
    assert [note.time_s for note in recording.notes[:3]] == pytest.approx([-0.161, 0.4, 0.5], abs=1e-3)
    (change,) = recording.property_changes
    assert change == PropertyChange(change.time_s, "Miniscope V4", "LedBrightness", "20")
    assert change.time_s == pytest.approx(0.3, abs=1e-3)
    assert unusual(session) == set()
