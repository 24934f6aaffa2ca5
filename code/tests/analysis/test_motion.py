"""The native motion correction: its sample and template, shifts, and bending."""

import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.analysis.native import motion, sample
from miniscope_to_nwb_zarr.analysis.native.bending import grid_of
from miniscope_to_nwb_zarr.analysis.native.settings import MotionSettings
from miniscope_to_nwb_zarr.analysis.native.template import Laid
from miniscope_to_nwb_zarr.analysis.workers import Workers, open_workers
from tests.analysis.moving import MemoryMovie, calcium, moved, spots, still_picture, swaying, walk
from tests.conversions import no_processes

SIDE_PX, BENT_PX = 96, 160


def settings(side_px, **changes):
    """As they follow from a movie of that size with cells of a radius of 4 px."""
    fields = {"reach_px": side_px // 10, "coarse_px": 8.0, "patch_px": 64, "is_piecewise": True}
    return MotionSettings(**{**fields, **changes})


def correct(movie, folder, wanted, told=lambda *_: None, workers=None):
    """Motion and corrected movie."""
    if workers is not None:
        found = motion.correct(movie, wanted, folder / "corrected", workers, told)
    else:
        with no_processes(1) as pool:
            found = motion.correct(movie, wanted, folder / "corrected", Workers(pool), told)
    return found, zarr.open(str(folder / "corrected"), mode="r")[:]


def off(found, true):
    """Root mean square of the difference of shifts, but for what is the same for all frames."""
    away = found - true
    return float(np.sqrt(np.square(away - np.median(away, axis=0)).mean()))


@pytest.fixture(scope="module")
def rigid():
    """A movie that moves as a whole, in chunks of 50 frames, and its shifts."""
    rng = np.random.default_rng(1)
    shifts = walk(rng, 230)
    pictures = np.broadcast_to(still_picture(rng, SIDE_PX), (230, SIDE_PX, SIDE_PX))
    return MemoryMovie(moved(pictures, shifts, rng), 50), shifts


def test_shifts_are_found_and_told_and_nothing_else_is_left(rigid, tmp_path):
    movie, true = rigid
    told = []
    found, corrected = correct(movie, tmp_path, settings(SIDE_PX), lambda step, share: told.append((step, share)))
    assert off(found.shift_px, true) < 0.1
    assert found.quality.min() > 0.5
    inner = corrected[:, 12:-12, 12:-12]
    assert np.corrcoef(inner[0].ravel(), inner[-1].ravel())[0, 1] > 0.9
    assert [path.name for path in tmp_path.iterdir()] == ["corrected"]
    for step in ("template", "motion"):
        shares = [share for name, share in told if name == step]
        assert shares == sorted(shares)
        assert 0 < shares[0] < 0.4
        assert shares[-1] == 1


def test_two_workers_find_the_same_as_one(rigid, tmp_path):
    movie, _ = rigid
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, still = correct(movie, tmp_path / "one", settings(SIDE_PX))
    with open_workers(2) as workers:
        two, other = correct(movie, tmp_path / "two", settings(SIDE_PX), workers=workers)
    assert np.array_equal(one.shift_px, two.shift_px)
    assert np.array_equal(one.template, two.template)
    assert np.array_equal(still, other)


def test_a_picture_that_jumps_to_and_fro_is_laid_on_a_few_frames(tmp_path):
    rng = np.random.default_rng(2)
    true = np.where(np.arange(120)[:, None] < 60, -3.0, 3.5) * np.array([1, -1]) + rng.normal(0, 0.3, (120, 2))
    frames = moved(np.broadcast_to(still_picture(rng, SIDE_PX), (120, SIDE_PX, SIDE_PX)), true, rng)
    found, _ = correct(MemoryMovie(frames), tmp_path, settings(SIDE_PX))
    assert off(found.shift_px, true) < 0.1


def test_runs_that_fit_least_are_left_out_of_the_template():
    means = np.ones((20, 2, 2), np.float32)
    means[3] = 100
    quality = np.full(80, 0.9)
    quality[12:16] = 0.1
    assert np.array_equal(Laid(np.zeros((80, 2)), quality, means).mean, np.ones((2, 2)))


@pytest.mark.parametrize(
    ("n_frames", "side", "chunk"),
    [(12000, 600, 33), (12000, 128, 366), (900, 600, 33), (598, 256, 366), (598, 600, 1), (7, 64, 5)],
)
def test_the_sample_lies_all_over_the_movie_and_each_chunk_is_decoded_once(n_frames, side, chunk):
    movie = MemoryMovie(np.broadcast_to(np.float32(0), (n_frames, side, side)), chunk)
    frames = sample.sample_frames(movie)
    assert frames.min() == 0
    assert frames.max() == n_frames - 1 or len(frames) == 4
    assert len(set(frames)) == len(frames) >= min(4, n_frames)
    assert np.all(np.diff(frames.reshape(-1, 4)) == 1)
    starts = frames[::4]
    assert len(starts) == 1 or np.ptp(np.diff(starts)) <= 7
    reads = sample.reads_of(movie, frames)
    assert [place for one in reads for place in range(one.start, one.stop)] == list(range(len(frames)))
    decoded = [number for one in reads for number in set(frames[one] // chunk)]
    assert len(decoded) == len(set(decoded))


def test_a_chunk_that_is_too_large_is_read_in_parts():
    movie = MemoryMovie(np.broadcast_to(np.float32(0), (12000, 500, 500)), 12000)
    frames = sample.sample_frames(movie)
    spans = [np.ptp(frames[one]) + 1 for one in sample.reads_of(movie, frames)]
    assert max(spans) * 4 * 500 * 500 <= 96_000_000


def test_the_sample_is_removed_after_an_error_too(rigid, tmp_path):
    def fail(*_):
        assert (tmp_path / "sample.npy").exists()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        correct(rigid[0], tmp_path, settings(SIDE_PX), fail)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("chunk", [1, 4, 33, 64, 100, 128, 366, 367, 5000, 5003])
@pytest.mark.parametrize("side", [64, 608])
def test_blocks_are_whole_chunks_and_no_two_write_the_same_chunk(chunk, side):
    movie = MemoryMovie(np.broadcast_to(np.float32(0), (6000, side, side)), chunk)
    block = motion.block_frames(movie)
    assert 8 <= block <= 96_000_000 // (4 * side * side)
    if chunk <= 96_000_000 // (4 * side * side):
        assert block % chunk == 0
    assert block % motion.corrected_chunk(block) == 0
    assert motion.corrected_chunk(block) >= min(block, 32)


def with_cells(seed, strength, bend=None):
    """A movie with forty cells."""
    rng = np.random.default_rng(seed)
    n_frames = 96
    cells = spots(rng.uniform(10, BENT_PX - 10, (40, 2)), BENT_PX)
    pictures = still_picture(rng, BENT_PX) + strength * np.tensordot(
        calcium(rng, 40, n_frames).T.astype(np.float32), cells, 1
    )
    shifts = walk(rng, n_frames)
    return moved(pictures, shifts, rng, bend), shifts


@pytest.mark.parametrize("most_px", [1.5, 3.0])
def test_a_picture_that_is_bent_is_straightened(most_px, tmp_path):
    bend = swaying(96, BENT_PX, most_px)
    frames, shifts = with_cells(3, 40, bend)
    found, corrected = correct(MemoryMovie(frames), tmp_path, settings(BENT_PX))
    assert found.is_bent
    assert found.local_px.shape == (96, 3, 3, 2)
    assert 40 < found.patch_px < 45
    rows, columns = (((edges[1:] + edges[:-1]) // 2) for edges in found.patch_edges_px)
    true = np.moveaxis(bend[:, :, rows][:, :, :, columns], 1, -1) + shifts[:, None, None]
    rigid = np.broadcast_to(found.shift_px[:, None, None], true.shape)
    assert off(found.local_px, true) < 0.45 * off(rigid, true)
    (tmp_path / "rigid").mkdir()
    _, stiff = correct(MemoryMovie(frames), tmp_path / "rigid", settings(BENT_PX, is_piecewise=False))
    inner = slice(20, -20)
    assert corrected[:, inner, inner].std(axis=0).mean() < 0.97 * stiff[:, inner, inner].std(axis=0).mean()


@pytest.mark.parametrize(("seed", "strength"), [(4, 60), (5, 150)])
def test_cells_that_light_up_do_not_bend_a_picture(seed, strength, tmp_path):
    frames, shifts = with_cells(seed, strength)
    found, _ = correct(MemoryMovie(frames), tmp_path, settings(BENT_PX))
    assert off(found.shift_px, shifts) < 0.4
    assert not found.is_bent
    assert found.local_px is None
    assert found.patch_px is None


@pytest.mark.parametrize(
    ("picture", "reach_px", "patches"),
    [((160, 160), 16, (3, 3)), ((128, 256), 13, (3, 4)), ((400, 400), 40, (5, 5)), ((110, 200), 11, None)],
)
def test_a_picture_is_cut_into_enough_patches_or_none(picture, reach_px, patches):
    grid = grid_of(np.zeros(picture, np.float32), reach_px, 64)
    assert (grid and grid.shape) == patches
