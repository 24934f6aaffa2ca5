from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import tables
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion

SCOPE = DeviceSpec(name="S", n_frames=40, has_orientation=True, lost=(7, 8), counter_start=65530)
SPEC = RecordingSpec(
    devices=(SCOPE, camera("C")),
    notes=((300, "left, then right"),),
    property_changes=((120, "S", "led0", "25"),),
)
ROWS = tables.make_rows(SCOPE, 3)
PLAIN = "Frame Number,Time Stamp (ms),Buffer Index"


def lines(kind, version, *rest):
    return list(kind(replace(SPEC, version=SoftwareVersion(version)), *rest))


@pytest.mark.parametrize(
    ("version", "scope", "cam"),
    [
        ("v0.11", PLAIN, PLAIN),
        ("v1.02", PLAIN, PLAIN),
        ("v1.11", PLAIN, PLAIN),
        ("v2.0", PLAIN + ",DAQ Frame Number", PLAIN),
        ("unreleased", PLAIN + ",DAQ Frame Number,Unix Time Stamp (ms)", PLAIN + ",Unix Time Stamp (ms)"),
    ],
)
def test_headers_of_timestamps(version, scope, cam):
    for device, header in zip(SPEC.devices, (scope, cam), strict=True):
        table = lines(tables.timestamps, version, device, ROWS)
        assert table[0] == header
        assert len(table) == 41
        assert {line.count(",") for line in table} == {header.count(",")}


def test_v0_1_has_tabs_and_no_headers():
    assert lines(tables.timestamps, "v0.1", SCOPE, ROWS)[0] == "0\t-21\t0"
    assert lines(tables.orientation, "v0.1", ROWS)[0].split("\t")[0] == "-21"
    assert lines(tables.notes, "v0.1") == ["300\tleft, then right"]


def test_headers_of_orientation():
    assert lines(tables.orientation, "v0.11", ROWS)[0] == "qw,qx,qy,qz"
    assert lines(tables.orientation, "v1.02", ROWS)[0] == "Time Stamp (ms),qw,qx,qy,qz"
    assert {line.count(",") for line in lines(tables.orientation, "v0.11", ROWS)[1:]} == {4}


def test_notes_of_each_version():
    unix = SPEC.start_unix_ms
    assert lines(tables.notes, "v1.02") == ["300,left, then right"]
    assert lines(tables.notes, "v1.11") == ["Time Stamp (ms), Note", "120,S,led0,25", "300,left, then right"]
    assert lines(tables.notes, "unreleased") == [
        "Time Stamp (ms),Unix Time Stamp (ms),Note",
        f"120,{unix + 120},S,led0,25",
        f"300,{unix + 300},left, then right",
    ]


def test_lost_frames_leave_a_gap_in_time_and_count():
    interval = np.diff(ROWS.stamp_ms)
    assert interval[6] == pytest.approx(100, abs=6)
    assert np.abs(np.delete(interval, 6) - 33.3).max() < 8
    assert len(set(interval)) > 2
    steps = np.diff(ROWS.hardware_count) % 65536
    assert steps[6] == 3
    assert set(np.delete(steps, 6)) == {1}
    assert ROWS.hardware_count.min() == 0


def test_rows_start_before_the_recording_and_the_queue_is_short():
    assert ROWS.stamp_ms[0] == -21
    assert set(tables.make_rows(replace(SCOPE, n_frames=500), 0).queue_depth) == {0, 1}
    assert len(tables.make_rows(replace(SCOPE, n_frames=0, lost=()), 0).stamp_ms) == 0


def test_quaternions_are_of_unit_length_smooth_and_as_printed():
    np.testing.assert_allclose(np.linalg.norm(ROWS.quaternion, axis=1), 1, atol=1e-3)
    assert np.abs(np.diff(ROWS.quaternion, axis=0)).max() < 0.2
    printed = [line.split(",") for line in lines(tables.orientation, "v2.0", ROWS)[1:]]
    np.testing.assert_array_equal(np.array(printed, float)[:, 1:], ROWS.quaternion)


def test_pose_rows_end_with_a_comma():
    spec = replace(SPEC, n_pose_points=3)
    table = list(tables.pose(spec, 4))
    assert table[0] == "DLC-Live Pose Data."
    assert len(table) == 5
    assert all(line.endswith(",") and line.count(",") == 10 for line in table[1:])
    assert list(tables.pose(SPEC, 4)) == ["DLC-Live Pose Data."]
