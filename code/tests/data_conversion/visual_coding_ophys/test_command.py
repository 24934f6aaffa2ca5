"""Sessions of Visual Coding Ophys from the command line: what comes of them, and that nothing else does."""

import json
import subprocess
import sys

import numpy as np
import pytest
from pynwb import NWBHDF5IO

from tests.allen import assertions
from tests.allen import visual_coding_ophys as made
from tests.allen.runs import bucket, doubts, opened, outputs, receipt_of, run, store_of

DATASET = "Visual Coding Ophys"
IDS = {"StimA": 501, "StimB": 502, "StimC": 503, "StimC2": 504}
READ_ALONE = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], "r") as io:
    nwbfile = io.read()
    shown = nwbfile.stimulus["natural_scenes_stimulus"]
    frames = nwbfile.acquisition["MotionCorrectedTwoPhotonSeries"]
    print(shown.indexed_timeseries.data.shape, frames.data.shape, frames.imaging_plane.name)
    print(nwbfile.lab_meta_data["ophys_experiment_metadata"].neurodata_type, len(nwbfile.epochs))
"""


def name_of(kind):
    return f"sub-{made.DONOR}_ses-{IDS[kind]}-{kind}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dandi")
    for kind, experiment in IDS.items():
        # enough frames to be copied by workers
        made.write_session(folder, kind, experiment=experiment, has_epochs=kind == "StimA", n_raw=700)
    made.write_tables(folder / "tables", IDS)
    return folder


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    assert run(DATASET, results, "--data_dir", data) == 0
    return results


def test_each_processed_file_is_one_output_under_the_animals_name(results):
    assert outputs(results) == sorted(name_of(kind) for kind in IDS)


def test_nothing_differs_from_the_source_but_what_the_log_says(results):
    assert {kind: doubts(results, name_of(kind)) for kind in IDS} == {kind: [] for kind in IDS}


@pytest.mark.parametrize("kind", IDS)
def test_a_session_has_frames_images_epochs_and_eye(results, kind):
    with opened(results, name_of(kind)) as nwbfile:
        assert nwbfile.subject.subject_id == made.DONOR
        frames = nwbfile.acquisition["MotionCorrectedTwoPhotonSeries"]
        np.testing.assert_array_equal(frames.data[:], made.raw_frames(700))
        assert frames.data.compressor.cname == "zstd"
        assert "zlib" not in [codec.codec_id for codec in frames.data.filters or []]
        assert nwbfile.imaging_planes["ImagingPlane"].description == "The plane imaged at 275 um depth in VISp"
        for name, _, _ in made.SHOWN[kind].images:
            shown = nwbfile.stimulus[f"{name}_stimulus"].indexed_timeseries
            np.testing.assert_array_equal(shown.data[11], made.image_values(name, 11))
        blocks = [
            block
            for group in ("gratings", "images", "movies", "spontaneous")
            for block in getattr(made.SHOWN[kind], group)
        ]
        assert len(nwbfile.epochs) == len(blocks)
        assert nwbfile.epochs["start_frame"].data[0] == np.searchsorted(
            made.frame_times(), 2.0 if kind != "StimC" else 9.0
        )
        gaze = nwbfile.processing["behavior"]["CompassDirection"]["pupil_location_spherical"]
        np.testing.assert_array_equal(gaze.data[:], made.eye_values()[:, 3:])
        kept = json.loads(nwbfile.lab_meta_data["ophys_experiment_metadata"].ophys_experiment_metadata)
        assert kept["id"] == IDS[kind]
        masks = nwbfile.processing["ophys"]["ImageSegmentation"]["PlaneSegmentation"]["pixel_mask"]
        assert [len(one) for one in masks[:]] == [2, 3, 4]


def test_static_gratings_are_whole(results):
    with opened(results, name_of("StimB")) as nwbfile:
        table = nwbfile.stimulus["static_gratings"]
        assert len(table) == len(made.grating_rows(made.SHOWN["StimB"].gratings))
        assert {"start_frame", "end_frame"} <= set(table.colnames)


@pytest.mark.parametrize("kind", IDS)
def test_types_ids_references_and_codecs_are_as_they_should_be(data, results, kind):
    assertions.hold(sorted(data.rglob(f"*_ses-{IDS[kind]}-{kind}_*.nwb")), results, name_of(kind))


def test_an_output_has_few_objects(results):
    for kind in IDS:
        assert len(receipt_of(results, name_of(kind)).files) < 450


def test_an_output_is_read_by_a_process_without_this_program(results):
    command = [sys.executable, "-W", "ignore", "-c", READ_ALONE, str(store_of(results, name_of("StimB")))]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert said.stdout == "(12, 6, 7) (700, 32, 28) ImagingPlane\nOphysExperimentMetadata 5\n"


def test_a_second_run_writes_nothing_and_another_folder_gets_the_same(data, results, tmp_path):
    more = ("--data_dir", data, "--sessions", "502")
    assert run(DATASET, results, *more) == 0
    assert run(DATASET, tmp_path, *more) == 0
    name = name_of("StimB")
    assert receipt_of(tmp_path, name).content_digest == receipt_of(results, name).content_digest


def test_a_session_is_written_as_hdf5_too_and_improvements_left_out(data, tmp_path):
    leave_out = "stack_images,eye_tracking,frame_columns,subject_id"
    more = ("--sessions", "502", "--format", "hdf5", "--leave_out", leave_out)
    assert run(DATASET, tmp_path, "--data_dir", data, *more) == 0
    name = name_of("StimB")
    with NWBHDF5IO(str(tmp_path / name / f"{name}.nwb"), "r") as io:
        nwbfile = io.read()
        order = nwbfile.stimulus_template["natural_scenes_template"].order_of_images
        assert [image.name for image in order[:]][:3] == ["NaturalScene0", "NaturalScene1", "NaturalScene2"]
        assert "EyeTracking" in nwbfile.processing["behavior"].data_interfaces
        assert nwbfile.subject.subject_id == str(made.SPECIMEN)
        assert "start_frame" not in nwbfile.stimulus["static_gratings"].colnames
    assert doubts(tmp_path, name) == []


def test_without_raw_file_and_tables_what_is_not_known_is_said(data, tmp_path, capsys):
    processed = next(data.rglob("*502-StimB_behavior+image+ophys.nwb"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / processed.name).symlink_to(processed)
    assert run(DATASET, tmp_path / "results", "--data_dir", tmp_path / "data") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "the output has no frames" in said
    assert "ophys_experiments.json is not there" in said
    (name,) = outputs(tmp_path / "results")
    assert name == f"sub-{made.SPECIMEN}_ses-502-StimB"
    assert ("part_missing", "stimulus/presentation/static_gratings") in doubts(tmp_path / "results", name)


def test_a_session_is_fetched_from_a_bucket(data, results, tmp_path, monkeypatch):
    with bucket("of-the-lab", ("dandi",), data, monkeypatch):
        more = ("--data_dir", "s3://of-the-lab/dandi", "--sessions", "502", "--scratch_dir", tmp_path / "scratch")
        assert run(DATASET, tmp_path / "results", *more) == 0
    assert not list((tmp_path / "scratch").rglob("*.nwb"))
    name = name_of("StimB")
    assert outputs(tmp_path / "results") == [name]
    assert receipt_of(tmp_path / "results", name).content_digest == receipt_of(results, name).content_digest


def test_there_is_no_public_bucket_of_the_files(tmp_path, capsys):
    assert run(DATASET, tmp_path / "results", "--data_dir", "s3://public", "--sessions", "502") == 2
    assert "download them into --data_dir" in " ".join(capsys.readouterr().err.split())
