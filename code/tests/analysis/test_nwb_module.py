"""Results as objects of an NWB file in memory: where each value goes, and which way it points."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import zarr
from pynwb import NWBFile
from pynwb.ophys import OnePhotonSeries, OpticalChannel

from miniscope_to_nwb_zarr.analysis.contract import Motion
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie
from miniscope_to_nwb_zarr.analysis.nwb_arrays import RoundedMovie, on_picture
from miniscope_to_nwb_zarr.analysis.nwb_module import add_analysis, module_name
from miniscope_to_nwb_zarr.analysis.parameter_file import KeptValue, Use
from miniscope_to_nwb_zarr.analysis.result import relative_change
from tests.analysis.analyses import RATE, analysis, recorded, units

VERSIONS = {"engine": "test 1"}


def nwbfile(movie, *, with_stamps=True):
    """A file with the movie's frames, all black."""
    made = NWBFile("a recording", "id", datetime(2026, 3, 14, tzinfo=UTC))
    device = made.create_device(movie.scope)
    plane = made.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="channel", description="green", emission_lambda=525.0),
        description="focal plane",
        device=device,
        excitation_lambda=470.0,
        indicator="GCaMP6f",
        location="CA1",
    )
    frames = np.zeros((movie.n_frames, movie.width_px, movie.height_px), np.uint8)
    clock = {"timestamps": movie.time_s} if with_stamps else {"starting_time": -0.02, "rate": RATE}
    made.add_acquisition(OnePhotonSeries(name=movie.series, data=frames, imaging_plane=plane, unit="n.a.", **clock))
    return made


@pytest.fixture
def one(tmp_path):
    return analysis(tmp_path)


@pytest.fixture
def module(one):
    return add_analysis(nwbfile(one.movie), "ophys", [one], VERSIONS, [], backend="zarr", with_movies=True)


def values(container):
    data = container.data
    return np.asarray(getattr(data, "data", data))


def test_pixels_are_those_of_the_recording(module):
    table = module["ImageSegmentation"]["PlaneSegmentation_HPC"]
    mask = table["pixel_mask"][1]
    # the second unit lies in rows 1 and 2 and in column 3 of the coarse part, which begins at column 5 and row 4
    expected = {
        (5 + 2 * 3 + dx, 4 + 2 * row + dy): w for row, w in ((1, 1.0), (2, 0.5)) for dx in (0, 1) for dy in (0, 1)
    }
    assert {(int(x), int(y)): float(weight) for x, y, weight in mask} == expected


def test_units_have_their_scores_and_verdicts(module):
    table = module["ImageSegmentation"]["PlaneSegmentation_HPC"].to_dataframe()
    assert table["accepted"].tolist() == table["accepted_by_evaluation"].tolist() == [True, False, True]
    assert not table["curated"].any()
    assert table["snr"].tolist() == [5, 3, 1]
    assert table["n_events"].tolist() == [1, 1, 1]


def test_traces_are_by_frame_and_unit(one, module):
    found = module["Fluorescence"]
    assert np.array_equal(values(found["RoiResponseSeries_HPC"]), one.cells.units.raw.T)
    assert np.array_equal(values(found["Denoised_HPC"]), one.cells.units.denoised.T)
    assert np.array_equal(values(found["Deconvolved_HPC"]), one.cells.units.deconvolved.T)
    assert found["Denoised_HPC"].timestamps is not None
    relative = module["DfOverF"]["DfOverF_HPC"]
    assert np.allclose(values(relative), one.cells.units.raw.T / 50)
    assert "F0" in relative.description


def test_change_is_counted_from_the_resting_level_and_needs_a_baseline(tmp_path):
    found = units()
    found.baseline[1] = 0
    change = relative_change(analysis(tmp_path), found)
    assert np.isnan(change[1]).all()
    assert np.allclose(change[0], found.raw[0] / 50)


def test_frames_were_moved_against_their_motion_by_pixels_of_the_recording(one, module):
    stack = module["MotionCorrection"]["CorrectedImageStack_HPC"]
    xy = values(stack.xy_translation)
    # 1.5 coarse pixels too far down; from 2 too far left to 2 too far right
    assert np.allclose(xy[:, 1], -3)
    assert np.allclose(xy[[0, -1], 0], [4, -4])
    assert stack.original.name == one.movie.series
    assert stack.corrected.data.data.shape == (200, 8, 6)


def test_motion_of_patches_is_turned_like_that_of_frames(tmp_path):
    local = np.zeros((200, 2, 3, 2), np.float32)
    local[..., 0] = 1
    motion = Motion(local[:, 0, 0], np.zeros((6, 8), np.float32), np.ones(200, np.float32), local)
    one = analysis(tmp_path, motion=motion)
    module = add_analysis(nwbfile(one.movie), "ophys", [one], VERSIONS, [], backend="zarr", with_movies=False)
    patches = values(module["LocalMotion_HPC"])
    assert patches.shape == (200, 2, 3, 2)
    assert (patches[..., 1] == -2).all()
    assert "MotionCorrection" not in module.data_interfaces
    assert np.allclose(values(module["MotionShifts_HPC"]), [0, -2])


def test_damaged_frames_have_no_trace(tmp_path):
    one = analysis(tmp_path, movie=recorded(damaged=(7, 8)))
    module = add_analysis(nwbfile(one.movie), "ophys", [one], VERSIONS, [], backend="hdf5", with_movies=True)
    raw = values(module["Fluorescence"]["RoiResponseSeries_HPC"])
    assert np.isnan(raw[7:9]).all()
    assert np.isfinite(np.delete(raw, [7, 8], axis=0)).all()
    assert "NaN in the 2 frames" in module["Fluorescence"]["RoiResponseSeries_HPC"].description


def test_events_stand_among_those_of_the_file(one):
    file = nwbfile(one.movie)
    add_analysis(file, "ophys_1234abcd", [one], VERSIONS, [], backend="zarr", with_movies=True)
    (table,) = file.events.values()
    assert table.name == "CalciumEvents_HPC_1234abcd"
    assert np.allclose(table["timestamp"].data, one.movie.time_s[[20, 40, 60]])
    assert table["roi"].data == [0, 1, 2]
    assert table["amplitude"].data.tolist() == [10, 10, 10]


def test_a_movie_without_units_has_its_signals_all_the_same(tmp_path):
    one = analysis(tmp_path, with_cells=False)
    file = nwbfile(one.movie, with_stamps=False)
    module = add_analysis(file, "ophys", [one], VERSIONS, [], backend="zarr", with_movies=True)
    assert not {"ImageSegmentation", "Fluorescence", "DfOverF"} & set(module.data_interfaces)
    assert not file.events
    assert module["MeanFluorescence_HPC"].rate == RATE
    found = module["FluorescenceSpectrogram_HPC"]
    assert values(found).shape == (len(one.spectrogram.time_s), 1, len(one.spectrogram.band_hz))
    assert found.source_timeseries is module["MeanFluorescence_HPC"]


def test_parameters_and_what_is_none_are_kept(one):
    kept = [KeptValue("experiments.csv", "systemic drug", "ketamine", "a fact of the experiment", Use.FACT)]
    module = add_analysis(nwbfile(one.movie), "ophys", [one], VERSIONS, kept, backend="zarr", with_movies=True)
    used = module["AnalysisParameters"].to_dataframe().set_index("parameter")
    assert json.loads(used.loc["cells.radius_px", "value"]) == 3.5
    assert used.loc["cells.radius_px", "origin"] == "lab.yml, line 4"
    assert module["ProjectTables"].to_dataframe().loc[0, "text"] == "ketamine"


def test_a_second_analysis_has_a_name_of_its_own():
    assert module_name(["behavior"], "ab" * 32) == "ophys"
    assert module_name(["ophys"], "ab" * 32) == "ophys_abababab"


# pictures and movies


def test_an_image_lies_on_the_picture_where_it_was_taken(one):
    image = np.arange(48, dtype=np.float32).reshape(6, 8)
    whole = on_picture(image, one.crop, 2, 30, 20)
    assert whole.shape == (30, 20)
    # x first: column 5 + 2 * 3, row 4 + 2 * 1
    assert (whole[11:13, 6:8] == image[1, 3]).all()
    assert np.isnan(whole[0, 0])
    assert np.isfinite(whole).sum() == 16 * 12


@pytest.mark.parametrize(
    ("scale", "offset", "dtype", "step"),
    [
        (1, 0, "u1", 1.0),
        (0.25, 0, "u1", 0.25),
        (257, 0, "u1", 256.0),
        (1, 5000, "<u2", 1.0),
        (0.01, -0.8, "<u2", 2**-7),
    ],
)
def test_rounding_adds_little_to_the_noise(tmp_path, scale, offset, dtype, step):
    frames = scale * (80 + 3 * np.random.default_rng(0).normal(size=(200, 20, 30))) + offset
    zarr.save_array(str(tmp_path / "movie"), frames.astype(np.float32))
    rounded = RoundedMovie(ArrayMovie(str(tmp_path / "movie"), RATE))
    assert (rounded.dtype, rounded.step) == (np.dtype(dtype), step)
    read = rounded.frames(0, 200) * rounded.step + rounded.offset
    error = read.transpose(0, 2, 1) - frames
    assert np.var(error) < 0.025 * np.var(frames)
    assert np.abs(error).max() <= 0.51 * rounded.step


def test_a_rounded_movie_is_written_whole(tmp_path):
    zarr.save_array(str(tmp_path / "movie"), np.random.default_rng(0).normal(90, 4, (70, 20, 30)).astype(np.float32))
    rounded = RoundedMovie(ArrayMovie(str(tmp_path / "movie"), RATE))
    written = np.zeros(rounded.shape, rounded.dtype)
    for chunk in rounded:
        written[chunk.selection] = chunk.data
    assert np.array_equal(written, rounded.frames(0, 70))
