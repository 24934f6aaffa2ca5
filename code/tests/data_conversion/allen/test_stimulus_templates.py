"""Stacks of shown images become named images that know what they were before warping."""

import h5py
import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.allen.lazy_image import LazyImage
from miniscope_to_nwb_zarr.data_conversion.allen.stimulus_templates import templates_to_images
from tests.allen import behavior_parts as parts
from tests.allen.changed import changed
from tests.allen.ophys_files import behavior_session


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return behavior_session(tmp_path_factory.mktemp("source") / "behavior_session_1.nwb")


@pytest.fixture(scope="module")
def result(source, tmp_path_factory):
    with changed([source], [templates_to_images], tmp_path_factory.mktemp("out") / "a.nwb.zarr") as found:
        yield found


def stack(source, name):
    with h5py.File(source) as file:
        return file[f"stimulus/templates/{parts.TEMPLATE}/{name}"][:]


def test_warped_images_keep_their_type_and_their_values(source, result):
    images = result[0].stimulus_template[parts.TEMPLATE]
    assert [type(image).__name__ for image in images.order_of_images.data] == ["WarpedStimulusTemplateImage"] * 3
    assert [image.name for image in images.order_of_images.data] == list(parts.IMAGES)
    for index, image in enumerate(images.order_of_images.data):
        assert image.data.dtype == np.uint8
        assert np.array_equal(image.data[:], stack(source, "data")[index])


def test_each_refers_to_the_image_before_it_was_warped(source, result):
    nwbfile = result[0]
    before = nwbfile.stimulus_template[f"{parts.TEMPLATE}_unwarped"]
    for index, image in enumerate(nwbfile.stimulus_template[parts.TEMPLATE].order_of_images.data):
        assert image.unwarped is before[image.name]
        assert np.array_equal(image.unwarped.data[:], stack(source, "unwarped")[index], equal_nan=True)


def test_the_series_indexes_the_images_and_not_the_former_template(result):
    nwbfile, changes, _ = result
    series = nwbfile.stimulus[parts.TEMPLATE]
    assert series.indexed_timeseries is None
    assert series.indexed_images is nwbfile.stimulus_template[parts.TEMPLATE]
    assert series.description == f"Timestamps and indices of the {parts.TEMPLATE} stimulus template presentations."
    assert series.data[:].tolist() == [0, 1, 2, 0]
    assert [change.where for change in changes] == [
        f"/stimulus/templates/{parts.TEMPLATE}",
        f"/stimulus/presentation/{parts.TEMPLATE}/indexed_timeseries",
    ]


@pytest.mark.parametrize(
    ("dataset", "values"),
    [("control_description", ["a", "a", "b"]), ("control_description", ["a", "b"]), ("unwarped", np.zeros((3, 2, 2)))],
)
def test_a_template_that_contradicts_itself_stays_and_is_reported(source, tmp_path, dataset, values):
    damaged = tmp_path / "damaged.nwb"
    damaged.write_bytes(source.read_bytes())
    with h5py.File(damaged, "a") as file:
        group = file[f"stimulus/templates/{parts.TEMPLATE}"]
        del group[dataset]
        group.create_dataset(dataset, data=values)
    with changed([damaged], [templates_to_images], tmp_path / "a.nwb.zarr") as (nwbfile, changes, findings):
        assert type(nwbfile.stimulus_template[parts.TEMPLATE]).__name__ == "StimulusTemplate"
        assert not changes
        assert [finding.code for finding in findings] == [Code.TEMPLATE_UNUSABLE]


def test_an_image_is_read_in_bands_and_as_a_whole():
    values = np.arange(2 * 3000 * 1200, dtype="f8").reshape(2, 3000, 1200)
    image = LazyImage(values, 1)
    bands = list(image)
    assert len(bands) == 3
    assert max(band.data.nbytes for band in bands) <= 10_000_000
    assert np.array_equal(np.concatenate([band.data for band in bands]), values[1])
    assert np.array_equal(image[:], values[1])
    assert np.array_equal(np.asarray(image), values[1])
    assert image.shape == image.maxshape == (3000, 1200)
