"""Recordings of the V3 software: every frame and stamp against what was recorded, and what is said of defects."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind, Note
from miniscope_to_nwb_zarr.demo.v3 import V3Spec, with_bar_codes, write_v3

ZONE = {"timezone": "America/Los_Angeles"}
NAME = "mouse1_2018-03-04_09-06-02"
START = datetime(2018, 3, 4, 17, 6, 2, tzinfo=UTC)
ALONE = V3Spec(camera=None)
"""The scope without a behaviour camera."""
USUAL = {Code.STAMP_MENDED, Code.NO_CHECKSUM, Code.START_UNCERTAIN}


def write(folder, spec=None, **changes):
    return write_v3(with_bar_codes(replace(spec or V3Spec(), **changes)), folder)


def stream_of(session, name="msCam"):
    return next(stream for _, stream in session.streams if stream.device.name == name)


def stamps_ms(stream):
    return (stream.time_s * 1000).round().astype(int).tolist()


def found_in(session, code):
    return [finding for finding in session.findings if finding.code is code]


@pytest.fixture
def holds(numbers_seen):
    """That a stream has the frames of these rows, each with the picture and the stamp it was taken with."""

    def check(session, truth, name="msCam", rows=None):
        stream = stream_of(session, name)
        taken = truth.devices[name].rows.stamp_ms
        rows = list(range(len(taken)) if rows is None else rows)
        assert numbers_seen(stream) == rows
        assert stamps_ms(stream) == taken[rows].tolist()

    return check


# recordings as they should be


def test_a_recording_with_a_behaviour_camera(tmp_path, find_one, holds):
    truth = write(tmp_path)
    session = find_one(tmp_path, **ZONE)
    assert (session.name, session.layout, session.subject_id) == (NAME, "Miniscope V3", "mouse1")
    assert session.start == START
    assert [(s.device.name, s.device.kind) for _, s in session.streams] == [
        ("msCam", DeviceKind.SCOPE),
        ("behavCam", DeviceKind.CAMERA),
    ]
    for name in ("msCam", "behavCam"):
        holds(session, truth, name)
    (recording,) = session.recordings
    assert recording.settings == {"animal": "mouse1", "excitation": 36, "msCamExposure": 255, "recordLength": 600}
    assert recording.notes == (Note(1.0, "entered arm A, left"),)
    assert stream_of(session).device.settings == {"camNum": 1, "excitation": 36, "msCamExposure": 255}
    assert stream_of(session, "behavCam").device.settings == {"camNum": 0}
    assert {finding.code for finding in session.findings} == USUAL


def test_what_is_not_known_is_not_made_up(tmp_path, find_one):
    write(tmp_path)
    device = stream_of(find_one(tmp_path, **ZONE)).device
    assert (device.model, device.led_percent, device.nominal_rate_hz, device.gain) == (None, None, None, None)


def test_all_columns_and_texts_are_kept(tmp_path, find_one):
    truth = write(tmp_path)
    session = find_one(tmp_path, **ZONE)
    for name in ("msCam", "behavCam"):
        extra = stream_of(session, name).table.extra
        assert extra["sysClock (ms)"].tolist() == truth.written_ms(name)
        assert extra["buffer"].tolist() == (truth.devices[name].rows.queue_depth + 1).tolist()
    texts = {file.path.name: file.text for file in session.recordings[0].files}
    names = ("timestamp.dat", "settings_and_notes.dat")
    assert texts == {name: (truth.folder / name).read_bytes().decode("cp1252") for name in names}


@pytest.mark.parametrize(("scope_number", "camera_number"), [(0, 1), (1, 0), (2, 0), (0, 7)])
def test_camera_numbers_are_told_by_the_counts(tmp_path, find_one, holds, scope_number, camera_number):
    truth = write(tmp_path, scope_number=scope_number, camera_number=camera_number)
    session = find_one(tmp_path, **ZONE)
    for name in ("msCam", "behavCam"):
        holds(session, truth, name)
    assert found_in(session, Code.CAMERA_UNCERTAIN) == []
