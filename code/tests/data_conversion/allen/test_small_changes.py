"""Descriptions, indices, rates, links to images and places of modules, on files as the data sets have them."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.allen.descriptions import fill_descriptions, is_placeholder
from miniscope_to_nwb_zarr.data_conversion.allen.module_names import behavior_module
from miniscope_to_nwb_zarr.data_conversion.allen.regular_times import regular_rate, times_to_rates
from miniscope_to_nwb_zarr.data_conversion.allen.stimulus_templates import templates_to_images
from miniscope_to_nwb_zarr.data_conversion.allen.template_links import COLUMN, link_presentations
from miniscope_to_nwb_zarr.data_conversion.allen.vector_indices import unsigned_indices
from tests.allen import behavior_parts as parts
from tests.allen.changed import changed
from tests.allen.old_schema import with_index_dtype
from tests.allen.ophys_files import ophys_experiment

ALL = (
    templates_to_images,
    fill_descriptions,
    unsigned_indices,
    link_presentations,
    behavior_module,
    times_to_rates,
)
TABLE = f"{parts.IMAGE_SET}_presentations"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return ophys_experiment(tmp_path_factory.mktemp("source") / "behavior_ophys_experiment_1.nwb")


@pytest.fixture(scope="module")
def result(source, tmp_path_factory):
    with changed([source], ALL, tmp_path_factory.mktemp("out") / "a.nwb.zarr") as found:
        yield found


@pytest.mark.parametrize(
    "text", [None, "", " ", "no description", "No description", "No Description Available", "NOT IMPLEMENTED: go", "d"]
)
def test_stand_ins_are_no_descriptions(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["Whether the stimulus changed", "duration", "no descriptions are kept here", "data"])
def test_descriptions_are_no_stand_ins(text):
    assert not is_placeholder(text)


def test_columns_without_a_description_get_one(result):
    nwbfile, changes, _ = result
    assert nwbfile.trials["go"].description == "Whether the stimulus changed"
    assert nwbfile.intervals[TABLE]["is_change"].description == "Whether another image than before was shown"
    # nothing is known of it: it stays as it was
    assert nwbfile.trials["lick_times"].target.description == "NOT IMPLEMENTED: lick_times"
    places = {change.where for change in changes if change.name == "descriptions"}
    assert "/intervals/trials/go@description" in places
    assert f"/intervals/{TABLE}/image_name@description" in places
    assert "/processing/stimulus/timestamps@description" in places
    assert len(places) == 13


def test_presentations_refer_to_the_images_that_were_shown(result):
    nwbfile = result[0]
    images = nwbfile.stimulus_template[parts.TEMPLATE]
    linked = nwbfile.intervals[TABLE][COLUMN]
    names = [[image.name for image in linked[row]] for row in range(5)]
    assert names == [["im000_r"], ["im061_r"], ["im104_r"], [], ["im000_r"]]
    assert linked[1][0] is images["im061_r"]


def test_running_licking_and_rewards_are_behavior(result):
    nwbfile = result[0]
    assert not {"running", "licking", "rewards"} & set(nwbfile.processing)
    behavior = nwbfile.processing["behavior"]
    assert set(behavior["running"].time_series) == {"speed", "speed_unfiltered", "dx"}
    assert behavior["licking"]["licks"].data[:].tolist() == [30, 90, 400]
    assert behavior["rewards"]["autorewarded"].fields["timestamps"] is behavior["rewards"]["volume"]


def test_only_regular_stamps_become_a_rate(source, result):
    nwbfile = result[0]
    with h5py.File(source) as file:
        stamps = file["processing/ophys/dff/traces/timestamps"][:]
        jittered = file["processing/running/speed/timestamps"][:]
    traces = nwbfile.processing["ophys"]["dff"]["traces"]
    assert (traces.starting_time, traces.rate, traces.timestamps) == (2.0, 31.0, None)
    assert np.abs(traces.get_timestamps() - stamps).max() < 1e-14
    # they shared the stamps of the traces
    assert nwbfile.processing["ophys"]["event_detection"].rate == 31.0
    assert nwbfile.processing["ophys"]["neuropil_trace"]["traces"].rate == 31.0
    speed = nwbfile.processing["behavior"]["running"]["speed"]
    assert speed.rate is None
    assert np.array_equal(speed.timestamps[:], jittered)


@given(
    st.floats(0, 1e5),
    st.floats(0.01, 1e5),
    st.integers(3, 500),
    st.integers(0, 10**6),
)
def test_a_rate_gives_the_stamps_back_or_there_is_none(start, rate, n_stamps, where):
    stamps = start + np.arange(n_stamps) / rate
    found = regular_rate(stamps)
    if found is not None:
        allowed = 4 * np.spacing(stamps[-1])
        assert np.abs(found[0] + np.arange(n_stamps) / found[1] - stamps).max() <= allowed
    stamps[where % n_stamps] += 0.1 / rate + 1e-9
    assert regular_rate(stamps) is None


@pytest.mark.parametrize("stamps", [[], [1.0], [1.0, 2.0], [1, np.nan, 3], [np.nan] * 5, [3, 2, 1], [1, 1, 1]])
def test_stamps_without_a_rate(stamps):
    assert regular_rate(stamps) is None


def test_signed_indices_become_unsigned_at_every_depth(source, tmp_path):
    old = tmp_path / "old.nwb"
    old.write_bytes(source.read_bytes())
    with_index_dtype(old, np.int64)
    with changed([old], [unsigned_indices], tmp_path / "a.nwb.zarr") as (nwbfile, changes, _):
        index = nwbfile.trials["lick_times"]
        assert index.data.dtype == np.uint64
        assert [row.tolist() for row in index[:]] == [[3.5, 3.6], [], [8.66]]
        places = [change.where for change in changes]
    assert "/intervals/trials/lick_times_index" in places
    assert f"/intervals/{TABLE}/timeseries_index" in places


def test_an_index_with_negative_numbers_is_reported(source, tmp_path):
    damaged = tmp_path / "damaged.nwb"
    damaged.write_bytes(source.read_bytes())
    with_index_dtype(damaged, np.int64)
    with h5py.File(damaged, "a") as file:
        file["intervals/trials/lick_times_index"][0] = -1
    with changed([damaged], [unsigned_indices], tmp_path / "a.nwb.zarr") as (nwbfile, _, findings):
        assert nwbfile.trials["lick_times"].data.dtype == np.int64
        assert [(finding.code, finding.where) for finding in findings] == [
            (Code.INDEX_INVALID, "/intervals/trials/lick_times_index")
        ]
