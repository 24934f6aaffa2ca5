"""The native engine on a small movie whose cells and motion are known."""

import cv2
import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.analysis import native, workers
from miniscope_to_nwb_zarr.analysis.footage import tiles
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie
from miniscope_to_nwb_zarr.analysis.native import extraction
from miniscope_to_nwb_zarr.analysis.native.fitting import Setting
from miniscope_to_nwb_zarr.analysis.native.ring import coarse_shape
from miniscope_to_nwb_zarr.analysis.native.settings import cell_settings
from miniscope_to_nwb_zarr.analysis.native.survey import Survey
from tests.analysis import moving
from tests.conversions import no_processes

RATE_HZ, N_FRAMES, SIDE_PX, RADIUS_PX = 20.0, 400, 72, 3.0
PLACES = ((18, 20), (24, 52), (44, 30), (52, 54))
DECAY = np.exp(-1 / (0.5 * RATE_HZ))


@pytest.fixture(scope="module")
def made():
    """Frames, calcium of the cells, and by how much each frame was moved (rows, columns)."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    cells = [np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * RADIUS_PX**2)) for y, x in PLACES]
    calcium = np.zeros((len(PLACES), N_FRAMES))
    for trace in calcium:
        spikes = rng.random(N_FRAMES) < 0.02
        for frame in range(1, N_FRAMES):
            trace[frame] = DECAY * trace[frame - 1] + spikes[frame]
    texture = cv2.GaussianBlur(rng.normal(size=(SIDE_PX, SIDE_PX)), (0, 0), 2)
    still = 100 + 8 * texture / texture.std()
    shifts = np.cumsum(rng.normal(0, 0.3, (N_FRAMES, 2)), axis=0)
    shifts = np.clip(shifts - np.median(shifts, axis=0), -4, 4)
    frames = np.empty((N_FRAMES, SIDE_PX, SIDE_PX), np.float32)
    for number, (down, right) in enumerate(shifts):
        picture = (still + 25 * np.tensordot(calcium[:, number], cells, 1)).astype(np.float32)
        move = np.float32([[1, 0, right], [0, 1, down]])
        frames[number] = cv2.warpAffine(picture, move, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REFLECT)
    return frames + rng.normal(0, 2, frames.shape).astype(np.float32), calcium, shifts


@pytest.fixture(scope="module")
def found(made, tmp_path_factory):
    """What the engine makes of it: motion, and units of the corrected movie."""
    folder = tmp_path_factory.mktemp("native")
    zarr.save_array(str(folder / "movie"), made[0])
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "open_pool", no_processes)
        motion = native.correct_motion(
            ArrayMovie(str(folder / "movie"), RATE_HZ), {}, folder / "corrected", 1, lambda *said: told.append(said)
        )
        units = native.find_units(
            ArrayMovie(str(folder / "corrected"), RATE_HZ), {}, 1, folder, lambda *said: told.append(said)
        )
    return motion, units, told


def test_the_motion_is_found_to_a_fraction_of_a_pixel(made, found):
    away = found[0].shift_px - made[2]
    away -= np.median(away, axis=0)
    assert np.sqrt((away**2).mean()) < 0.2
    assert found[0].quality.min() > 0.5


def test_every_cell_is_found_where_it_is_and_with_its_trace(made, found):
    units = found[1]
    assert units.n_units >= len(PLACES)
    pictures = units.footprints.toarray().reshape(-1, SIDE_PX, SIDE_PX)
    peaks = np.array([np.unravel_index(picture.argmax(), picture.shape) for picture in pictures])
    for place, calcium in zip(PLACES, made[1], strict=True):
        away = np.hypot(*(peaks - place).T)
        unit = away.argmin()
        assert away[unit] <= 3
        assert np.corrcoef(units.denoised[unit], calcium)[0, 1] > 0.9
        assert units.noise[unit] > 0


def test_the_size_of_cells_is_estimated_and_told(found):
    assert found[1].parameters["radius_px"] == pytest.approx(RADIUS_PX, rel=0.5)
    assert {"cell size", "motion", "survey", "fit 1"} <= {step for step, _ in found[2]}
    assert all(0 <= share <= 1 for _, share in found[2])


@pytest.mark.parametrize("radius_px", [0.8, 1.3, 1.6, 2.5, 3.7, 3.8, 6.2, 6.3, 9.0, 15.0])
def test_what_a_worker_covaries_is_bounded_for_cells_of_any_size(tmp_path, radius_px):
    picture = (608, 608)
    zarr.zeros((20, *picture), chunks=(20, 64, 64), dtype="f4", store=str(tmp_path / "movie"))
    movie = ArrayMovie(str(tmp_path / "movie"), RATE_HZ)
    flat = np.zeros(picture, np.float32)
    coarse_px = cell_settings(movie, {}, radius_px).coarse_px
    setting = Setting(movie, Survey(np.arange(20), flat, flat, flat), radius_px, coarse_px)
    parts = tiles(picture, extraction.fit_tile_px(setting), coarse_px)
    largest = max(np.prod(coarse_shape(setting.bordered(part).shape, coarse_px)) for part in parts)
    assert largest**2 * 8 < 200e6


def test_a_picture_of_several_tiles_gives_the_same_units_as_one_of_one_tile(tmp_path, monkeypatch):
    rng = np.random.default_rng(4)
    side, n_frames, radius_px = 96, 300, 4.0
    # of two tiles along either side, the first cell lies on the corner, the next two on edges
    places = ((48, 48), (47, 76), (20, 49), (76, 72))
    traces = moving.calcium(rng, len(places), n_frames).astype(np.float32)
    pictures = moving.still_picture(rng, side) + 25 * np.tensordot(traces.T, moving.spots(places, side, radius_px), 1)
    zarr.save_array(str(tmp_path / "movie"), pictures + rng.normal(0, 2, pictures.shape).astype(np.float32))
    movie = ArrayMovie(str(tmp_path / "movie"), RATE_HZ)
    monkeypatch.setattr(workers, "open_pool", no_processes)
    found = []
    for tile_px in (side, side // 2):
        monkeypatch.setattr(extraction, "_TILE_PX", tile_px)
        monkeypatch.setattr(extraction, "_SEED_TILE_PX", tile_px)
        units = native.find_units(movie, {"radius_px": radius_px}, 1, tmp_path, lambda *_: None)
        pictures = units.footprints.toarray().reshape(-1, side, side)
        peaks = [np.unravel_index(picture.argmax(), picture.shape) for picture in pictures]
        nearest = [int(np.hypot(*(np.array(peaks) - place).T).argmin()) for place in places]
        found.append((units, pictures, nearest))
    (whole, one, first), (cut, several, second) = found
    assert whole.n_units == cut.n_units
    for unit, other, trace in zip(first, second, traces, strict=True):
        overlap = np.vdot(one[unit], several[other]) / np.linalg.norm(one[unit]) / np.linalg.norm(several[other])
        assert overlap > 0.98
        assert np.corrcoef(whole.denoised[unit], cut.denoised[other])[0, 1] > 0.98
        assert np.corrcoef(cut.denoised[other], trace)[0, 1] > 0.8
