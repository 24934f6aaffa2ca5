import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO
from pynwb.image import ImageSeries
from pynwb.misc import AnnotationSeries
from pynwb.ophys import OnePhotonSeries

from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import stated_lines
from miniscope_to_nwb_zarr.core.model import Pose, Signal, TimeTable
from miniscope_to_nwb_zarr.core.timing import rate_hz
from miniscope_to_nwb_zarr.data_conversion.nwb_behavior import pose_times
from miniscope_to_nwb_zarr.demo.recording import write_recording
from tests.conversions import convert, sessions_in
from tests.data_conversion.conftest import FACTS, GREY, converted
from tests.recordings import CAMERA, SCOPE, scope_recording, scope_spec, small_recording

HPC, ACC, CAM = SCOPE.folder_name, GREY.folder_name, CAMERA.folder_name


def test_devices_carry_model_and_settings(nwbfile):
    assert set(nwbfile.devices) == {HPC, ACC, CAM}
    scope = nwbfile.devices[HPC]
    assert type(scope).__name__ == "Miniscope"
    assert (scope.led0, scope.gain, scope.framesPerFile, scope.deviceType) == (12, "Medium", 10, SCOPE.model)
    assert list(scope.ROI) == [48, 64]
    assert "'HPC miniscope1'" in scope.description
    assert '"ewl": -8' in scope.description
    assert scope.model.model_number == SCOPE.model
    assert type(nwbfile.devices[CAM]).__name__ == "Device"
    assert nwbfile.devices[CAM].model.model_number == "WebCam-320x240"


def test_each_scope_has_a_plane_with_the_labs_facts_and_the_measured_rate(rich, nwbfile):
    assert set(nwbfile.imaging_planes) == {f"ImagingPlane_{HPC}", f"ImagingPlane_{ACC}"}
    plane = nwbfile.imaging_planes[f"ImagingPlane_{HPC}"]
    assert (plane.indicator, plane.location, plane.excitation_lambda) == ("GCaMP6f", "CA1", 470)
    assert plane.optical_channel[0].emission_lambda == 525
    assert list(plane.grid_spacing) == [1.8, 1.8]
    assert plane.device is nwbfile.devices[HPC]
    assert plane.imaging_rate == rate_hz(rich.truth.devices[HPC].rows.stamp_ms / 1000)
    assert plane.imaging_rate == pytest.approx(30, rel=0.1)


def test_series_have_stamps_and_no_rate(nwbfile):
    for name, kind in ((f"OnePhotonSeries_{HPC}", OnePhotonSeries), (f"ImageSeries_{CAM}", ImageSeries)):
        series = nwbfile.acquisition[name]
        assert isinstance(series, kind)
        assert series.rate is None
        assert series.timestamps[0] == -0.021
    assert nwbfile.acquisition[f"OnePhotonSeries_{HPC}"].imaging_plane.name == f"ImagingPlane_{HPC}"


def test_the_camera_names_copies_of_its_files(rich, nwbfile):
    series = nwbfile.acquisition[f"ImageSeries_{CAM}"]
    assert list(series.external_file) == [f"behavior-videos/{CAM}/{k}.avi" for k in range(3)]
    assert list(series.starting_frame) == [0, 10, 20]
    assert list(series.dimension) == [64, 48]
    assert series.format == "external"
    assert np.array_equal(series.timestamps[:], rich.truth.devices[CAM].rows.stamp_ms / 1000)
    for k in range(3):
        original = rich.truth.folder / CAM / f"{k}.avi"
        copy = rich.outcome.output / f"behavior-videos/{CAM}/{k}.avi"
        assert copy.read_bytes() == original.read_bytes()
        assert copy.stat().st_ino != original.stat().st_ino


@pytest.mark.parametrize(("name", "column"), [("BufferIndex", "queue_depth"), ("DAQFrameNumber", "hardware_count")])
def test_counters_lie_beside_their_frames(rich, nwbfile, name, column):
    series = nwbfile.acquisition[f"{name}_{HPC}"]
    assert series.data[:].tolist() == getattr(rich.truth.devices[HPC].rows, column).tolist()
    assert np.array_equal(series.timestamps[:], nwbfile.acquisition[f"OnePhotonSeries_{HPC}"].timestamps[:])


def test_columns_whose_names_look_alike_are_all_kept(tmp_path):
    truth = scope_recording(tmp_path / "data", n_frames=3, has_orientation=False)
    table = truth.folder / HPC / "timeStamps.csv"
    head, *rows = table.read_text().splitlines()
    more = [f"{row},{k},{k + 10},{k + 20}" for k, row in enumerate(rows)]
    table.write_text("\n".join([f"{head},temp C,temp-C,Buffer_Index", *more, ""]))
    with NWBZarrIO(str(converted(truth, tmp_path / "data", tmp_path / "results").store), mode="r") as io:
        acquisition = io.read().acquisition
        found = {name: list(acquisition[f"{name}_{HPC}"].data) for name in ("TempC", "TempC2", "BufferIndex2")}
        assert found == {"TempC": [0, 1, 2], "TempC2": [10, 11, 12], "BufferIndex2": [20, 21, 22]}
        assert acquisition[f"BufferIndex_{HPC}"].data[:].tolist() == truth.devices[HPC].rows.queue_depth.tolist()


def test_head_orientation_is_kept_as_written(rich, nwbfile):
    series = nwbfile.processing["behavior"][f"HeadOrientation_{HPC}"]
    rows = rich.truth.devices[HPC].rows
    assert np.array_equal(series.data[:], rows.quaternion)
    assert np.array_equal(series.timestamps[:], rows.stamp_ms / 1000)
    assert "scalar first" in series.description


def test_notes_and_changed_settings_are_annotations(nwbfile):
    notes, changes = nwbfile.acquisition["Notes"], nwbfile.acquisition["DevicePropertyChanges"]
    assert isinstance(notes, AnnotationSeries)
    assert list(notes.data) == ["mouse enters arm A, left", 'says "müde", turns']
    assert list(notes.timestamps) == [0.21, 0.555]
    assert list(changes.data) == ["HPC miniscope1,led0,25"]
    assert list(changes.timestamps) == [0.402]


def test_pose_is_timed_by_the_cameras_frames(rich, nwbfile):
    pose = nwbfile.processing["behavior"]["PoseEstimation"]
    written = np.loadtxt(
        rich.truth.folder / "behaviorTracker/pose.csv", delimiter=",", skiprows=1, usecols=range(7), ndmin=2
    )
    for k in range(2):
        point = pose[f"point_{k}"]
        assert np.array_equal(point.data[:], written[:, [1 + k, 3 + k]])
        assert np.array_equal(point.confidence[:], written[:, 5 + k])
        assert np.array_equal(point.timestamps[:], rich.truth.devices[CAM].rows.stamp_ms[: len(written)] / 1000)
    assert pose.device is nwbfile.devices[CAM]
    assert nwbfile.processing["behavior"]["PoseFrameCount"].data[:].tolist() == written[:, 0].tolist()


def test_a_pose_keeps_the_stamp_of_its_frame_where_frames_of_the_camera_are_lost():
    time_s = np.array([0.0, 0.1, np.nan, 0.3, 0.5])
    table = TimeTable(Path("timeStamps.csv"), time_s, np.array([0, 1, -1, 3, 5]))
    points = np.zeros((6, 1))
    pose = Pose(Path("pose.csv"), np.array([70, 71, 72, 73, 74, 75]), points, points, points)
    stamps, is_timed = pose_times(pose, table)
    assert stamps.tolist() == [0.0, 0.1, 0.3, 0.5]
    assert is_timed.tolist() == [True, True, False, True, False, True]


def test_a_gap_is_a_row_of_the_table(rich, nwbfile):
    gaps = nwbfile.intervals["gaps"].to_dataframe()
    (row,) = gaps[gaps.series == f"OnePhotonSeries_{ACC}"].itertuples()
    stamps = rich.truth.devices[ACC].rows.stamp_ms / 1000
    assert (row.start_time, row.stop_time) == (stamps[6], stamps[7])
    assert row.missing_frames == len(GREY.lost)
    assert len(gaps) == 1


def test_each_scope_has_its_own_plane(nwbfile):
    planes = {name: nwbfile.imaging_planes[f"ImagingPlane_{name}"] for name in (HPC, ACC)}
    assert {name: plane.location for name, plane in planes.items()} == {HPC: "CA1", ACC: "ACA"}
    assert {name: plane.grid_spacing[0] for name, plane in planes.items()} == {HPC: 1.8, ACC: 1.1}
    assert {plane.indicator for plane in planes.values()} == {"GCaMP6f"}
    assert "250 um deep" in planes[ACC].description
    assert "deep" not in planes[HPC].description


def test_all_that_the_lab_says_is_in_the_file(nwbfile):
    table = nwbfile.processing["source"]["lab_facts"].to_dataframe()
    said = dict(zip(table.line, table.value, strict=True))
    assert list(said) == [line for line, _ in stated_lines(FACTS)]
    assert said["session.ethics_review_id.1"] == "ARC-2020-001"
    assert said["subject.date_of_birth"] == "2025-12-01"
    assert (said["imaging.excitation_nm"], said["imaging.pixel_size_um"]) == ("470", "1.8")
    assert said["imaging.scopes.1.location"] == "ACA"


def test_a_lab_that_says_nothing_has_no_table(tiny):
    outcome = convert(tiny.session, tiny.results)
    source = zarr.open(str(outcome.output / f"{tiny.session.name}.nwb.zarr"), "r")["processing/source"]
    assert "lab_facts" not in source
    assert "source_files" in source


def test_every_source_file_is_listed_and_the_small_ones_verbatim(rich, nwbfile):
    table = nwbfile.processing["source"]["source_files"].to_dataframe().set_index("path")
    on_disk = {p.relative_to(rich.truth.folder).as_posix(): p for p in rich.truth.folder.rglob("*") if p.is_file()}
    assert set(table.index) == set(on_disk)
    assert {entry.path for entry in rich.outcome.receipt.sources} == set(on_disk)
    parts = nwbfile.processing["source"]["source_texts"].to_dataframe().sort_values(["path", "part"])
    texts = parts.groupby("path").text.apply("".join)
    for name, path in on_disk.items():
        assert table.size_bytes[name] == path.stat().st_size
        if path.suffix == ".json" or path.name == "notes.csv":
            assert texts[name] == path.read_text("utf-8"), name
        elif path.suffix == ".avi":
            assert name not in texts


def test_a_long_text_is_kept_in_parts(tmp_path):
    truth = small_recording(tmp_path / "data")
    long = "".join(f"{k},note number {k} of the day\n" for k in range(2000))
    (truth.folder / "notes.csv").write_text(long, encoding="utf-8")
    (session,) = sessions_in(tmp_path / "data")
    outcome = convert(session, tmp_path / "results")
    table = zarr.open(str(outcome.output / f"{session.name}.nwb.zarr"), "r")["processing/source/source_texts"]
    chosen = [k for k, name in enumerate(table["path"][:]) if name == "notes.csv"]
    assert len(chosen) > 1
    assert list(table["part"][:][chosen]) == list(range(len(chosen)))
    assert "".join(table["text"][:][k] for k in chosen) == long


def test_findings_are_in_the_file_and_in_the_receipt(rich, nwbfile):
    table = nwbfile.processing["source"]["findings"].to_dataframe()
    in_receipt = [(str(f.code), f.where, f.sentence) for f in rich.outcome.receipt.findings]
    for row in table.itertuples():
        assert (row.code, row.where, row.sentence) in in_receipt
    assert {"stamp_negative", "frames_damaged"} <= set(table.code)


def test_subject_and_session_facts_come_from_the_sidecar(rich, nwbfile):
    subject = nwbfile.subject
    assert (subject.subject_id, subject.species, subject.sex) == ("M770001", "Mus musculus", "F")
    assert subject.date_of_birth.date().isoformat() == "2025-12-01"
    assert subject.genotype == "Thy1-GCaMP6f/wt"
    assert nwbfile.session_id == rich.session.name == "M770001_2026-03-14_09-26-53"
    assert nwbfile.session_start_time == rich.truth.spec.start
    assert nwbfile.session_start_time.utcoffset() == rich.truth.spec.start.utcoffset()
    assert nwbfile.session_description == "Free exploration of a square arena."
    assert list(nwbfile.experimenter) == ["Doe, Jane"]
    assert (nwbfile.lab, nwbfile.institution) == ("Doe Lab", "University of California, San Diego")
    assert list(nwbfile.keywords) == ["CA1", "exploration"]
    assert nwbfile.experiment_description == "Open field"


def test_the_inspectors_report_is_written(rich):
    text = (rich.outcome.output / f"qc/{rich.session.name}.nwb.inspector_report.txt").read_text("utf-8")
    assert "validator: no errors" in text
    assert "CRITICAL" not in text


def test_settings_that_differ_between_recordings_belong_to_the_series(tmp_path):
    spec = scope_spec()
    for k, led in enumerate((12, 40)):
        devices = (replace(spec.devices[0], settings={"led0": led}),)
        write_recording(replace(spec, start=spec.start.replace(minute=26 + k), devices=devices), tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data", combine="day")
    outcome = convert(session, tmp_path / "results")
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        file = io.read()
        series = sorted((s for s in file.acquisition.values() if isinstance(s, OnePhotonSeries)), key=lambda s: s.name)
        assert [one.name for one in series] == [f"OnePhotonSeries_{HPC}_20260314T09{k}53" for k in (26, 27)]
        assert ['"led0": 12' in one.description for one in series] == [True, False]
        assert ['"led0": 40' in one.description for one in series] == [False, True]
        assert [json.loads(one.comments)["led0"] for one in series] == [12, 40]
        assert file.devices[HPC].led0 is None
        assert file.devices[HPC].framesPerFile == 10
        assert len(file.imaging_planes) == 1
        assert {one.imaging_plane.name for one in series} == {f"ImagingPlane_{HPC}"}


def test_a_session_without_facts_of_the_lab_is_written_all_the_same(tmp_path):
    write_recording(scope_spec(), tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    outcome = convert(session, tmp_path / "results")
    assert not [entry.path for entry in outcome.receipt.files if entry.path == "subject.json"]
    assert any("subject.json" in finding.sentence for finding in outcome.receipt.findings)
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        file = io.read()
        assert file.subject.subject_id == "M770001"
        assert file.subject.species is None


def test_signals_lie_beside_the_frames_on_stamps_of_their_own(tmp_path):
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    recording = session.recordings[0]
    time_s = np.array([0.01, 0.02, 0.5])
    pulse = Signal("DigitalIn0", "a digital input", "", time_s, np.array([0, 1, 0], np.uint8))
    gravity = Signal("Gravity", "gravity", "m/s^2", time_s, np.arange(9.0).reshape(3, 3), ("x", "y", "z"))
    streams = tuple(replace(s, signals=(pulse, gravity) * (s.device.name == HPC)) for s in recording.streams)
    moved = replace(recording, streams=streams, offset_s=2.0)
    outcome = convert(replace(session, recordings=(moved,)), tmp_path / "results")
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        acquisition = io.read().acquisition
        read = acquisition[f"DigitalIn0_{HPC}"]
        assert (read.data[:].tolist(), read.data.dtype, read.unit) == ([0, 1, 0], np.uint8, "n.a.")
        assert np.array_equal(read.timestamps[:], 2 + time_s)
        read = acquisition[f"Gravity_{HPC}"]
        assert np.array_equal(read.data[:], gravity.values)
        assert (read.unit, read.description) == ("m/s^2", "gravity. Columns: x, y, z")
