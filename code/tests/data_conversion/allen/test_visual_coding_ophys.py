import json

import numpy as np
import pytest
from pynwb import TimeSeries
from pynwb.image import ImageSeries

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.allen.extensions import namespace_file
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys import experiment
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.epochs import restore_epochs, split_blocks
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.eye_tracking import replace_eye_tracking
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.frame_times import add_frame_columns
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.image_sets import order_images, stack_images
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.raw_frames import add_raw_frames
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.static_gratings import restore_static_gratings
from tests.allen import visual_coding_ophys as made
from tests.allen.conversions import opened, read_back

pytestmark = pytest.mark.filterwarnings("ignore")
NAMESPACES = [namespace_file(experiment.NAMESPACE)]


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """The processed file of each kind of session."""
    folder = tmp_path_factory.mktemp("sessions")
    return {kind: made.write_session(folder / kind, kind, has_epochs=kind == "StimA") for kind in made.KINDS}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    written = made.write_tables(tmp_path_factory.mktemp("tables"))
    return {
        "ophys_experiments": written["experiments"],
        "static_gratings": written["static_gratings"],
        "eye_tracking": written["eye_tracking"],
    }


def raw_of(path):
    return path.with_name(path.name.replace("_behavior+image+ophys", "_ophys"))


def test_what_the_table_of_experiments_says_is_in_the_file(sessions, tables, tmp_path):
    with opened(sessions["StimB"], tables=tables, namespaces=NAMESPACES) as session:
        steps = (experiment.describe_experiment, experiment.name_animal, experiment.fill_depth)
        changes = [change for step in steps for change in step(session.nwbfile, session.context)]
        assert not session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    assert [change.name for change in changes] == ["experiment_metadata", "subject_id", "depth"]
    assert changes[1].sentence == "234584, external_donor_name in ophys_experiments.json; before: 510951998"
    with read_back(output) as nwbfile:
        assert nwbfile.subject.subject_id == made.DONOR
        assert nwbfile.imaging_planes["ImagingPlane"].description == "The plane imaged at 275 um depth in VISp"
        kept = nwbfile.lab_meta_data["ophys_experiment_metadata"]
        assert kept.neurodata_type == "OphysExperimentMetadata"
        assert json.loads(kept.ophys_experiment_metadata)["experiment_container_id"] == 511510753


def test_the_row_of_another_animal_renames_none(sessions, tables):
    with opened(sessions["StimB"], tables=tables, namespaces=NAMESPACES) as session:
        session.nwbfile.subject.fields["subject_id"] = "12"
        assert experiment.name_animal(session.nwbfile, session.context) == []
        assert [finding.code for finding in session.context.findings] == [Code.PARTS_DISAGREE]


def test_an_experiment_that_is_not_in_the_table_is_a_finding_once(sessions, tables):
    with opened(sessions["StimB"], tables=tables, namespaces=NAMESPACES) as session:
        session.nwbfile.fields["session_id"] = "77-StimB"
        for step in (experiment.describe_experiment, experiment.name_animal, experiment.fill_depth):
            assert step(session.nwbfile, session.context) == []
        (finding,) = session.context.findings
        assert finding.sentence.startswith("there is no row of experiment 77")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is not a table"),
        ('{"a": 1}', "is not a table"),
        ('[{"id": 1}, {"id": 1}]', "twice"),
        ('[{"id": 1, "id": 2}]', "gives 'id' twice"),
        ('[{"id": 1e999}]', "is not a table"),
        pytest.param("[" * 100_000, "is not a table", id="deep"),
    ],
)
def test_a_table_of_experiments_that_is_none_is_refused(tmp_path, text, message):
    path = tmp_path / "ophys_experiments.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        experiment.read_experiments(path)


@pytest.mark.parametrize(("kind", "n_sets"), [("StimA", 0), ("StimB", 1), ("StimC", 1), ("StimC2", 2)])
def test_images_become_frames_in_the_order_of_their_numbers(sessions, tmp_path, kind, n_sets):
    with opened(sessions[kind]) as session:
        before = {name: one.object_id for name, one in session.nwbfile.stimulus_template.items()}
        assert len(stack_images(session.nwbfile, session.context)) == n_sets
        assert not session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    with read_back(output) as nwbfile:
        assert {name: one.object_id for name, one in nwbfile.stimulus_template.items()} == before
        for name, _, _ in made.SHOWN[kind].images:
            template = nwbfile.stimulus_template[f"{name}_template"]
            assert isinstance(template, ImageSeries)
            assert template.data.dtype == np.uint8
            np.testing.assert_array_equal(template.data[:], [made.image_values(name, k) for k in range(12)])
            assert template.device is nwbfile.devices["StimulusDisplay"]
            shown = nwbfile.stimulus[f"{name}_stimulus"]
            assert shown.indexed_timeseries is template
            assert shown.indexed_images is None
            np.testing.assert_array_equal(shown.data[:], np.arange(24) % 12)
        for name, _, _ in made.SHOWN[kind].movies:
            movie = nwbfile.stimulus[f"{name}_stimulus"].indexed_timeseries
            assert movie is nwbfile.stimulus_template[name]
            np.testing.assert_array_equal(movie.data[7], made.image_values(name, 7))
            assert np.isnan(movie.rate)


def test_images_that_stay_images_get_their_order(sessions, tmp_path):
    with opened(sessions["StimB"]) as session:
        assert len(order_images(session.nwbfile, session.context)) == 1
        assert order_images(session.nwbfile, session.context) == []
        output = session.write(tmp_path / "out.nwb.zarr")
    with read_back(output) as nwbfile:
        order = nwbfile.stimulus_template["natural_scenes_template"].order_of_images
        assert [image.name for image in order[:]] == [f"NaturalScene{k}" for k in range(12)]


def test_an_index_of_no_image_is_found_and_kept(tmp_path):
    path = made.write_session(tmp_path, "StimB", bad_index=True, has_raw=False)
    with opened(path) as session:
        stack_images(session.nwbfile, session.context)
        (finding,) = session.context.findings
        assert (finding.code, finding.numbers) == (Code.INDEX_INVALID, {"rows": 1})
        assert session.nwbfile.stimulus["natural_scenes_stimulus"].data[5] == 4294967295


def test_raw_frames_are_of_the_processed_files_plane(sessions, tmp_path):
    base = sessions["StimA"]
    with opened(base, raw_of(base)) as session:
        changes = add_raw_frames(session.nwbfile, session.context)
        assert not session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    assert [change.where for change in changes] == [
        "/acquisition/MotionCorrectedTwoPhotonSeries",
        "/acquisition/MotionCorrectionShiftsPerFrame",
    ]
    with read_back(output) as nwbfile:
        frames = nwbfile.acquisition["MotionCorrectedTwoPhotonSeries"]
        np.testing.assert_array_equal(frames.data[:], made.raw_frames())
        assert frames.data.dtype == np.uint16
        assert frames.imaging_plane is nwbfile.imaging_planes["ImagingPlane"]
        assert len(nwbfile.imaging_planes) == 1
        shifts = nwbfile.acquisition["MotionCorrectionShiftsPerFrame"]
        assert shifts.fields["timestamps"] is frames


def test_frames_of_another_animal_are_refused(sessions, tmp_path):
    other = made.write_raw(tmp_path / "other_ophys.nwb", "StimA", specimen=1)
    with (
        opened(sessions["StimA"], other) as session,
        pytest.raises(InputError, match="subject_id is 1, that of the base file is 510951998"),
    ):
        add_raw_frames(session.nwbfile, session.context)


def test_a_plane_that_is_described_in_another_way_is_a_finding(sessions):
    base = sessions["StimA"]
    with opened(base, raw_of(base)) as session:
        session.nwbfile.imaging_planes["ImagingPlane"].fields["location"] = "VISl"
        add_raw_frames(session.nwbfile, session.context)
        (finding,) = session.context.findings
        assert (finding.code, finding.where) == (Code.PARTS_DISAGREE, raw_of(base).name)


def test_what_else_a_raw_file_holds_is_a_finding(sessions):
    base = sessions["StimA"]
    with opened(base, raw_of(base)) as session:
        raw = session.context.others[0].nwbfile
        raw.create_device(name="Camera")
        raw.create_processing_module("ophys", "traces").add(TimeSeries(name="traces", data=[1.0], unit="V", rate=1.0))
        raw.subject.fields["sex"] = "F"
        add_raw_frames(session.nwbfile, session.context)
    assert {one.where for one in session.context.findings} == {raw_of(base).name}
    assert [(one.code, one.sentence) for one in session.context.findings] == [
        (Code.PARTS_DISAGREE, "devices/Camera is not in the base file; that of the base file was kept"),
        (Code.PARTS_DISAGREE, "sex of the subject is 'F', in the base file 'M'; that of the base file was kept"),
        (
            Code.PART_LEFT_OUT,
            "holds processing/ophys/traces, which no raw file of these data sets should; it was left out of the output",
        ),
    ]


def test_static_gratings_are_restored(sessions, tables, tmp_path):
    with opened(sessions["StimB"], tables=tables) as session:
        before = session.nwbfile.stimulus["static_gratings"].object_id
        (change,) = restore_static_gratings(session.nwbfile, session.context)
        assert restore_static_gratings(session.nwbfile, session.context) == []
        assert not session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    expected = made.grating_rows(made.SHOWN["StimB"].gratings)
    assert change.sentence == f"{len(expected)} rows from {made.EXPERIMENT}.csv instead of 3"
    with read_back(output) as nwbfile:
        table = nwbfile.stimulus["static_gratings"]
        assert table.object_id == before
        names = ["start_time", "stop_time", *made.GRATING_COLUMNS]
        for k, name in enumerate(names):
            np.testing.assert_array_equal(table[name].data[:], [row[k] for row in expected])
        assert table["is_blank_sweep"].data.dtype == bool


def test_gratings_that_cannot_be_restored_are_an_error_to_look_at(sessions):
    with opened(sessions["StimB"]) as session:
        assert restore_static_gratings(session.nwbfile, session.context) == []
        (finding,) = session.context.findings
        assert (finding.code, finding.severity) == (Code.PART_MISSING, "error")
        assert len(session.nwbfile.stimulus["static_gratings"]) == 3


def test_a_list_of_other_gratings_is_a_finding(sessions, tmp_path):
    path = tmp_path / "1.csv"
    path.write_text("start_time,stop_time,orientation_in_degrees\n100,101,30\n102,103,60\n104,105,\n106,107,0\n")
    with opened(sessions["StimB"], tables={"static_gratings": path}) as session:
        restore_static_gratings(session.nwbfile, session.context)
        (finding,) = session.context.findings
        assert "3 of its 3 rows are not in 1.csv, and column" in finding.sentence


@pytest.mark.parametrize("kind", ["StimB", "StimC", "StimC2"])
def test_epochs_are_restored(sessions, tables, tmp_path, kind):
    with opened(sessions[kind], tables=tables) as session:
        restore_static_gratings(session.nwbfile, session.context)
        (change,) = restore_epochs(session.nwbfile, session.context)
        assert restore_epochs(session.nwbfile, session.context) == []
        assert not session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    shown = made.SHOWN[kind]
    blocks = sorted((*shown.gratings, *shown.images, *shown.movies, *shown.spontaneous), key=lambda block: block[1])
    assert change.sentence.startswith(f"{len(blocks)} blocks")
    with read_back(output) as nwbfile:
        epochs = nwbfile.epochs
        assert list(epochs["stimulus_type"].data[:]) == [name.removesuffix("_stimulus") for name, _, _ in blocks]
        np.testing.assert_allclose(epochs["start_time"].data[:], [start for _, start, _ in blocks])
        np.testing.assert_allclose(epochs["stop_time"].data[:], [stop for _, _, stop in blocks])


def test_epochs_that_are_there_are_held_against_the_stimuli(sessions):
    with opened(sessions["StimA"]) as session:
        assert restore_epochs(session.nwbfile, session.context) == []
        assert not session.context.findings
        session.nwbfile.epochs["stop_time"].transform(lambda stops: np.asarray(stops) + 2)
        restore_epochs(session.nwbfile, session.context)
        assert [finding.code for finding in session.context.findings] == [Code.EPOCHS_UNCERTAIN]


def test_blocks_that_no_session_has_make_no_epochs(sessions):
    # the gratings are cut to their first three rows: a block of 2.25 s
    with opened(sessions["StimB"]) as session:
        assert restore_epochs(session.nwbfile, session.context) == []
        assert session.nwbfile.epochs is None
        (finding,) = session.context.findings
        assert "the block of static_gratings at 2.0 s has 2.2 s, expected at least 5 s" in finding.sentence


def test_presentations_at_a_rate_are_in_the_epochs_too(sessions):
    with opened(sessions["StimC"]) as session:
        series = session.nwbfile.stimulus["natural_movie_one_stimulus"]
        series.fields.update(timestamps=None, rate=29 / 5.0, starting_time=9.0)
        restore_epochs(session.nwbfile, session.context)
        np.testing.assert_allclose(session.nwbfile.epochs["stop_time"].data[0], 14.0)


def test_a_presentation_within_another_splits_no_block():
    starts, stops = np.array([0.0, 1.0, 25.0]), np.array([20.0, 2.0, 26.0])
    assert split_blocks(starts, stops) == [(0.0, 26.0)]
    assert split_blocks(np.array([]), np.array([])) == []


def test_the_published_eye_tracking_takes_the_place_of_the_older_one(sessions, tables, tmp_path):
    with opened(sessions["StimA"], tables=tables) as session:
        (change,) = replace_eye_tracking(session.nwbfile, session.context)
        output = session.write(tmp_path / "out.nwb.zarr")
    assert change.sentence.endswith("instead of EyeTracking, PupilTracking, CompassDirection")
    values = made.eye_values()
    with read_back(output) as nwbfile:
        module = nwbfile.processing["behavior"]
        assert "EyeTracking" not in module.data_interfaces
        gaze = module["CompassDirection"]["pupil_location_spherical"]
        np.testing.assert_array_equal(gaze.data[:], values[:, 3:])
        assert gaze.unit == "degrees"
        np.testing.assert_array_equal(module["PupilTracking"]["eye_area"].data[:], values[:, 1])
        np.testing.assert_array_equal(module["PupilTracking"]["pupil_area"].data[:], values[:, 2])
        for series in (gaze, module["PupilTracking"]["eye_area"]):
            np.testing.assert_array_equal(series.timestamps[:], made.frame_times())


@pytest.mark.parametrize("rows", [made.N_FRAMES - 1, made.N_FRAMES + 1])
def test_eye_tracking_of_other_frames_is_not_taken(sessions, tmp_path, rows):
    path = made.write_tables(tmp_path, eye_rows=rows)["eye_tracking"]
    with opened(sessions["StimA"], tables={"eye_tracking": path}) as session:
        assert replace_eye_tracking(session.nwbfile, session.context) == []
        (finding,) = session.context.findings
        assert f"has {rows} rows, expected one for each of 1800" in finding.sentence
        assert "EyeTracking" in session.nwbfile.processing["behavior"].data_interfaces


@pytest.mark.parametrize("content", [b"", b"no array", None])
def test_a_file_that_is_no_eye_tracking_is_refused(sessions, tmp_path, content):
    path = tmp_path / "eye_tracking.npy"
    path.write_bytes(content) if content is not None else np.save(path, np.zeros((made.N_FRAMES, 4)))
    with (
        opened(sessions["StimA"], tables={"eye_tracking": path}) as session,
        pytest.raises(InputError, match=r"eye_tracking\.npy: "),
    ):
        replace_eye_tracking(session.nwbfile, session.context)


def test_presentations_have_the_frames_of_their_times(sessions, tmp_path):
    with opened(sessions["StimA"]) as session:
        changes = add_frame_columns(session.nwbfile, session.context)
        assert add_frame_columns(session.nwbfile, session.context) == []
        output = session.write(tmp_path / "out.nwb.zarr")
    assert len(changes) == 3
    stamps = made.frame_times()
    with read_back(output) as nwbfile:
        for table in (nwbfile.stimulus["drifting_gratings"], nwbfile.epochs):
            for k in range(len(table)):
                first, stop = table["start_frame"].data[k], table["end_frame"].data[k]
                inside = np.flatnonzero((stamps >= table["start_time"].data[k]) & (stamps < table["stop_time"].data[k]))
                assert (first, stop) == (inside[0], inside[-1] + 1)
