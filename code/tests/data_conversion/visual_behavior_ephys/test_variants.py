"""Sessions of Visual Behavior that are not the usual ones: passive, the other set of images, gratings, no series."""

import numpy as np
import pytest

from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ophys.run_conversion import DATA_SET
from tests.allen import behavior_parts as parts
from tests.allen import ecephys_files as files
from tests.allen.changed import changed
from tests.allen.ophys_files import Plane, behavior_session, ophys_experiment
from tests.allen.runs import doubts, opened, outputs, receipt_of, run

H = "Natural_Images_Lum_Matched_set_ophys_H_2019"
PASSIVE, GRATINGS = f"ecephys_session_{files.SESSION}", f"behavior_session_{files.BEHAVIOR_ALONE}"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    files.write_session(folder, probes=files.PROBES[:1], image_set=H, is_passive=True)
    files.write_behavior_only(folder)
    files.write_tables(folder)
    lab = folder / "lab.yml"
    lab.write_text("session:\n  experimenters: ['Doe, Jane']\n")
    results = tmp_path_factory.mktemp("results")
    assert run("Visual Behavior Ephys", results, "--data_dir", folder, "--session_metadata", lab) == 0
    return results


def test_both_are_whole(results):
    assert outputs(results) == [GRATINGS, PASSIVE]
    assert doubts(results, PASSIVE) == doubts(results, GRATINGS) == []


def test_a_passive_session_has_neither_licks_nor_rewards_and_its_own_images(results):
    with opened(results, PASSIVE) as nwbfile:
        assert set(nwbfile.processing["behavior"].data_interfaces) == {"running", "eye_tracking_rig_metadata"}
        shown = nwbfile.intervals[f"{H}_presentations"]
        assert not shown["active"].data[:].any()
        assert shown["template_image"][1][0] is nwbfile.stimulus_template[f"{H}.05.26"]["im061_r"]
        assert set(nwbfile.stimulus_template) == {f"{H}.05.26", f"{H}.05.26_unwarped"}
        assert len(nwbfile.stimulus) == 0


def test_eye_tracking_is_behavior_and_stimulus_times_are_described(results):
    with opened(results, PASSIVE) as nwbfile:
        rig = nwbfile.processing["behavior"]["eye_tracking_rig_metadata"]
        assert (type(rig).__name__, rig.equipment) == ("EcephysEyeTrackingRigMetadata", "NP.1")
        assert rig.camera_position[:].tolist() == [1.0, 2.5, -3.0]
        assert "eye_tracking_rig_metadata" not in nwbfile.processing
        assert nwbfile.processing["stimulus"]["timestamps"].description.startswith("When each frame")


def test_who_did_it_is_what_the_lab_says(results):
    with opened(results, GRATINGS) as nwbfile:
        assert tuple(nwbfile.experimenter) == ("Doe, Jane",)
    logged = {one.numbers.get("change") for one in receipt_of(results, GRATINGS).findings}
    assert {"experimenter", "keywords", "stimulus_templates", "template_links", "descriptions"} <= logged


def test_gratings_are_images_that_their_series_and_their_presentations_refer_to(results):
    with opened(results, GRATINGS) as nwbfile:
        images = nwbfile.stimulus_template["grating"]
        assert [image.name for image in images.order_of_images.data] == list(parts.GRATINGS)
        assert images["gratings_90.0"].unwarped is nwbfile.stimulus_template["grating_unwarped"]["gratings_90.0"]
        assert nwbfile.stimulus["grating"].indexed_images is images
        linked = nwbfile.intervals["grating_presentations"]["template_image"]
        names = [[image.name for image in linked[row]] for row in range(4)]
        assert names == [["gratings_0.0"], ["gratings_90.0"], [], ["gratings_0.0"]]
        assert np.isnan(nwbfile.intervals["grating_presentations"]["orientation"].data[2])


def test_the_other_set_of_images_of_two_photon_sessions(tmp_path):
    source = ophys_experiment(tmp_path / "behavior_ophys_experiment_1.nwb", Plane(image_set=H, passive=True))
    with changed([source], DATA_SET.transforms(()), tmp_path / "a.nwb.zarr") as (nwbfile, _, findings):
        assert findings == []
        linked = nwbfile.intervals[f"{H}_presentations"]["template_image"]
        assert linked[0][0] is nwbfile.stimulus_template[f"{H}.05.26"]["im000_r"]
        assert nwbfile.stimulus[f"{H}.05.26"].indexed_images is nwbfile.stimulus_template[f"{H}.05.26"]
        assert set(nwbfile.processing["behavior"].data_interfaces) == {"running"}


def test_images_that_no_series_shows_are_a_finding(tmp_path):
    source = behavior_session(tmp_path / "behavior_session_1.nwb", gratings=True)

    def without_series(nwbfile, _context):
        nwbfile.stimulus.pop("grating")
        return []

    transforms = (without_series, *DATA_SET.transforms(()))
    with changed([source], transforms, tmp_path / "a.nwb.zarr") as (nwbfile, _, findings):
        assert len(nwbfile.stimulus) == 0
        assert [(one.code, one.where) for one in findings] == [("part_missing", "stimulus/templates/grating")]
