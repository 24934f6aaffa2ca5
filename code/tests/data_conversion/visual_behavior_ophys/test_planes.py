"""The planes of one session in one file, each with what is its own."""

import h5py
import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ophys.planes import merge_planes
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ophys.shared_parts import compare_planes
from tests.allen.changed import changed
from tests.allen.ophys_files import Plane, ophys_experiment

MESO = {"device": "MESO.1", "group_count": 4, "indicator": "GCaMP6s"}
PLANES = (
    Plane(experiment_id=951980471, n_rois=3, n_frames=200, group=0, **MESO),
    Plane(experiment_id=951980473, n_rois=5, n_frames=190, group=0, depth_um=225, n_imaging_planes=2, **MESO),
)


def write(folder, planes):
    return [ophys_experiment(folder / f"behavior_ophys_experiment_{one.experiment_id}.nwb", one) for one in planes]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write(tmp_path_factory.mktemp("planes"), PLANES)


@pytest.fixture(scope="module")
def result(sources, tmp_path_factory):
    with changed(sources, [compare_planes, merge_planes], tmp_path_factory.mktemp("out") / "a.nwb.zarr") as found:
        yield found


def test_each_plane_has_its_own_names(result):
    nwbfile, changes, findings = result
    assert set(nwbfile.imaging_planes) == {"imaging_plane_1", "imaging_plane_2", "imaging_plane_2_of_plane_2"}
    assert {"ophys_plane_1", "ophys_plane_2"} < set(nwbfile.processing)
    assert "ophys" not in nwbfile.processing
    assert set(nwbfile.lab_meta_data) == {"metadata_plane_1", "metadata_plane_2", "task_parameters"}
    assert nwbfile.lab_meta_data["metadata_plane_2"].imaging_depth == 225
    # the place of each imaging plane, module and group of facts
    assert len(changes) == 7
    assert not findings


def test_what_refers_to_a_plane_refers_to_the_right_one(result):
    nwbfile = result[0]
    (device,) = nwbfile.devices.values()
    for number, plane in enumerate(PLANES, start=1):
        module = nwbfile.processing[f"ophys_plane_{number}"]
        cells = module["image_segmentation"]["cell_specimen_table"]
        assert cells.imaging_plane is nwbfile.imaging_planes[f"imaging_plane_{number}"]
        assert cells.imaging_plane.device is device
        assert len(cells) == plane.n_rois
        for name in ("dff", "neuropil_trace", "corrected_fluorescence", "demixed_trace"):
            assert module[name]["traces"].rois.table is cells
        assert module["event_detection"].rois.table is cells
        assert module["event_detection"].timestamps.shape == (plane.n_frames,)


def test_values_and_ids_are_those_of_the_files(sources, result):
    nwbfile = result[0]
    for number, path in enumerate(sources, start=1):
        with h5py.File(path) as file:
            traces = file["processing/ophys/dff/traces"]
            found = nwbfile.processing[f"ophys_plane_{number}"]["dff"]["traces"]
            assert np.array_equal(found.data[:], traces["data"][:])
            assert found.object_id == traces.attrs["object_id"]
            plane = file["general/optophysiology/imaging_plane_1"]
            assert nwbfile.imaging_planes[f"imaging_plane_{number}"].object_id == plane.attrs["object_id"]


def test_planes_of_other_sessions_are_refused(sources, tmp_path):
    other = write(tmp_path, [Plane(experiment_id=7, ophys_session_id=1, **MESO)])
    with (
        pytest.raises(InputError, match=r"_7\.nwb: ophys_session_id is 1, .* these are not planes of one session"),
        changed([sources[0], *other], [merge_planes], tmp_path / "a.nwb.zarr"),
    ):
        pass


@pytest.mark.parametrize(
    ("different", "place"),
    [
        (Plane(experiment_id=8, device="MESO.2", group_count=4), "/general/devices/MESO.1"),
        (Plane(experiment_id=8, trials_shift_s=0.5, **MESO), "/intervals/trials/start_time"),
        (Plane(experiment_id=8, passive=True, **MESO), "/processing/licking"),
    ],
)
def test_what_the_planes_should_share_and_do_not_is_reported(sources, tmp_path, different, place):
    other = write(tmp_path, [different])
    transforms = [compare_planes, merge_planes]
    with changed([sources[0], *other], transforms, tmp_path / "a.nwb.zarr") as (nwbfile, _, findings):
        assert list(nwbfile.devices) == ["MESO.1"]
        assert nwbfile.trials["start_time"][:].tolist() == [2.0, 4.5, 7.0]
    (finding,) = findings
    assert (finding.code, finding.where) == (Code.PARTS_DISAGREE, other[0].name)
    assert place in finding.numbers["places"]


def test_a_file_without_a_plane_is_refused(sources, tmp_path):
    broken = tmp_path / "broken.nwb"
    broken.write_bytes(sources[1].read_bytes())
    with h5py.File(broken, "a") as file:
        del file["processing/ophys/image_segmentation"]
        for name in ("dff", "neuropil_trace", "corrected_fluorescence", "demixed_trace", "event_detection"):
            del file[f"processing/ophys/{name}"]
    with (
        pytest.raises(InputError, match=r"broken.nwb: has no processing/ophys/image_segmentation"),
        changed([sources[0], broken], [merge_planes], tmp_path / "a.nwb.zarr"),
    ):
        pass


def test_eight_planes(tmp_path):
    planes = [Plane(experiment_id=k, group=k // 2, n_frames=20, **MESO) for k in range(8)]
    with changed(write(tmp_path, planes), [merge_planes], tmp_path / "a.nwb.zarr") as (nwbfile, _, _):
        assert len(nwbfile.imaging_planes) == 8
        depths = [nwbfile.lab_meta_data[f"metadata_plane_{k}"].imaging_plane_group for k in range(1, 9)]
    assert depths == [0, 0, 1, 1, 2, 2, 3, 3]
