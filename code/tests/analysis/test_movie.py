import pickle

import h5py
import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.analysis.crop import Crop, Origin, crop_of, whole
from miniscope_to_nwb_zarr.analysis.mean_trace import mean_trace
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie, StoredMovie, blocks
from miniscope_to_nwb_zarr.core.errors import InputError

SHAPE = (23, 14, 10)
FRAMES = np.random.default_rng(3).integers(0, 255, SHAPE, dtype=np.uint8)
"""(frame, x, y): 14 columns and 10 rows."""


@pytest.fixture(params=["zarr", "hdf5"])
def file(request, tmp_path):
    path = tmp_path / "store"
    if request.param == "zarr":
        zarr.open_group(str(path), mode="w").create_dataset("a/data", data=FRAMES, chunks=(5, 7, 10))
    else:
        with h5py.File(path, "w") as made:
            made.create_dataset("a/data", data=FRAMES)
    return str(path)


def movie(file, crop=None, **fields):
    return StoredMovie(file, "a/data", SHAPE[0], 20.0, crop or whole(14, 10), **fields)


def test_a_movie_is_turned_so_that_rows_come_first(file):
    read = movie(file).read(slice(None))
    assert read.dtype == np.float32
    assert read.shape == (23, 10, 14)
    # x is the column
    assert read[4, 9, 2] == FRAMES[4, 2, 9]


def test_parts_of_a_cropped_movie_are_parts_of_the_picture(file):
    cut = movie(file, Crop(left_px=3, top_px=2, width_px=8, height_px=7))
    assert (cut.height_px, cut.width_px) == (7, 8)
    part = cut.read(slice(2, 20, 6), slice(1, 5), slice(2, 3))
    assert np.array_equal(part, FRAMES[2:20:6, 5:6, 3:7].transpose(0, 2, 1))


def test_bins_average_whole_squares_and_leave_the_rest_out(file):
    coarse = movie(file, Crop(1, 0, 9, 10), bin_px=2)
    assert (coarse.height_px, coarse.width_px) == (5, 4)
    square = FRAMES[7, 3:5, 4:6].mean()
    assert coarse.read(slice(7, 8), slice(2, 3), slice(1, 2)).item() == np.float32(square)
    assert np.array_equal(coarse.read(slice(None))[7, 2:3, 1:2], coarse.read(slice(7, 8), slice(2, 3), slice(1, 2))[0])


def test_a_frame_without_a_picture_is_replaced_by_the_one_named(file):
    mended = movie(file, replaced=((3, 2), (9, 8))).read(slice(1, 10, 2))
    assert np.array_equal(mended[1], FRAMES[2].T)
    assert np.array_equal(mended[4], FRAMES[8].T)
    assert np.array_equal(mended[0], FRAMES[1].T)


def test_a_movie_can_be_sent_to_another_process(file):
    sent = pickle.loads(pickle.dumps(movie(file)))
    assert np.array_equal(sent.read(slice(0, 2)), movie(file).read(slice(0, 2)))


def test_blocks_are_whole_chunks_and_all_of_the_movie(file, monkeypatch):
    monkeypatch.setattr("miniscope_to_nwb_zarr.analysis.movie._BLOCK_BYTES", 12 * 4 * 140)
    runs = list(blocks(movie(file)))
    assert [first for first, _ in runs] == [stop for _, stop in [(0, 0), *runs[:-1]]]
    assert runs[-1][1] == 23
    if file and "chunk" and movie(file).chunk_frames == 5:
        assert runs[0] == (0, 10)


def test_the_mean_trace_is_that_of_every_pixel_of_the_part(file):
    told = []
    trace = mean_trace(movie(file, Crop(3, 2, 8, 7)), lambda step, share: told.append((step, share)))
    assert np.allclose(trace, FRAMES[:, 3:11, 2:9].mean(axis=(1, 2)))
    assert told[-1] == ("mean trace", 1.0)


def test_an_array_movie_is_as_it_was_written(tmp_path):
    values = np.random.default_rng(0).normal(size=(6, 4, 5)).astype(np.float16)
    zarr.save_array(str(tmp_path / "corrected"), values)
    read = ArrayMovie(str(tmp_path / "corrected"), 20.0)
    assert (read.n_frames, read.height_px, read.width_px) == (6, 4, 5)
    assert read.read(slice(1, 3), slice(2, 4)).dtype == np.float32
    assert np.array_equal(read.read(slice(1, 3), slice(2, 4)), values[1:3, 2:4])


@pytest.mark.parametrize("corners", [(2, 1, 9, 5), (9, 5, 2, 1), (2, 5, 9, 1)])
def test_either_corner_of_a_rectangle_may_come_first(corners):
    assert crop_of(corners, Origin.TOP_LEFT, width_px=14, height_px=10) == Crop(2, 1, 7, 4)


def test_counted_from_the_bottom_the_rows_are_height_minus_y():
    crop = crop_of((0, 1, 14, 4), Origin.BOTTOM_LEFT, width_px=14, height_px=10)
    assert (crop.top_px, crop.top_px + crop.height_px) == (10 - 4, 10 - 1)


@pytest.mark.parametrize("corners", [(0, 0, 15, 5), (-1, 0, 5, 5), (3, 2, 3, 8), (0, 0, 14, 11)])
@pytest.mark.parametrize("origin", Origin)
def test_a_rectangle_that_leaves_the_picture_is_refused(corners, origin):
    with pytest.raises(InputError, match="14 x 10 pixels"):
        crop_of(corners, origin, width_px=14, height_px=10)
