"""Small analyses for tests: values as engines give them, of movies that are known."""

import numpy as np
import zarr
from scipy.sparse import csr_array

from miniscope_to_nwb_zarr.analysis.contract import Motion, Units
from miniscope_to_nwb_zarr.analysis.crop import Crop
from miniscope_to_nwb_zarr.analysis.events import Events
from miniscope_to_nwb_zarr.analysis.movie import ArrayMovie
from miniscope_to_nwb_zarr.analysis.normalise import Normalise
from miniscope_to_nwb_zarr.analysis.recorded import RecordedMovie
from miniscope_to_nwb_zarr.analysis.result import Cells, MovieAnalysis, UsedParameter
from miniscope_to_nwb_zarr.analysis.spectrogram import spectrogram_of

RATE = 20.0


def recorded(n_frames=200, width_px=30, height_px=20, **changes):
    """A movie of one scope, 30 x 20 pixels."""
    fields = {
        "series": "OnePhotonSeries_HPC",
        "scope": "HPC",
        "n_frames": n_frames,
        "width_px": width_px,
        "height_px": height_px,
        "dtype": np.dtype("u1"),
        "time_s": -0.02 + np.arange(n_frames) / RATE,
        "rate_hz": RATE,
        "damaged": (),
    }
    return RecordedMovie(**{**fields, **changes})


def units(n_units=3, n_frames=200, width_px=8, height_px=6, seed=0):
    """Units of two pixels each, one below the other, in a picture of 8 x 6."""
    rng = np.random.default_rng(seed)
    footprints = np.zeros((n_units, height_px, width_px), np.float32)
    for unit in range(n_units):
        footprints[unit, 1:3, 2 * unit + 1] = 1.0, 0.5
    denoised = np.zeros((n_units, n_frames), np.float32)
    for unit in range(n_units):
        denoised[unit, 20 * (unit + 1) :] = 10 * np.exp(-np.arange(n_frames - 20 * (unit + 1)) / 10)
    deconvolved = np.clip(np.diff(denoised, axis=1, prepend=0), 0, None)
    return Units(
        footprints=csr_array(footprints.reshape(n_units, -1)),
        raw=denoised + rng.normal(size=denoised.shape).astype(np.float32),
        denoised=denoised,
        deconvolved=deconvolved,
        baseline=np.full(n_units, 50, np.float32),
        noise=np.ones(n_units, np.float32),
        images={"mean": rng.random((height_px, width_px)).astype(np.float32)},
        parameters={"radius_px": 3.5},
    )


def cells(found=None, accepted=(True, False, True)):
    """Units with a score and an event each."""
    found = found or units()
    event = np.arange(found.n_units)
    return Cells(
        found,
        np.array(accepted[: found.n_units]),
        {"snr": np.linspace(5, 1, found.n_units).astype(np.float32)},
        {"snr": "how high it rises"},
        Events(event, 20 * (event + 1), found.deconvolved[event, 20 * (event + 1)]),
    )


def analysis(folder, n_frames=200, *, bin_px=2, with_cells=True, **changes):
    """The analysis of a movie cut to 16 x 12 pixels from column 5 and row 4, two pixels made one."""
    rng = np.random.default_rng(1)
    frames = 80 + 3 * rng.normal(size=(n_frames, 6, 8))
    array = folder / f"corrected-{changes.get('movie', recorded(n_frames)).label}"
    zarr.save_array(str(array), frames.astype(np.float32))
    movie = changes.pop("movie", recorded(n_frames))
    trace = frames.mean(axis=(1, 2)).astype(np.float32)
    fields = {
        "movie": movie,
        "crop": Crop(5, 4, 16, 12),
        "bin_px": bin_px,
        "normalise": Normalise.NONE,
        "trace": trace,
        "motion": Motion(
            np.stack([np.full(n_frames, 1.5), np.linspace(-2, 2, n_frames)], axis=1).astype(np.float32),
            frames[0].astype(np.float32),
            np.full(n_frames, 0.9, np.float32),
            reach_px=20.0,
        ),
        "corrected": ArrayMovie(str(array), RATE),
        "cells": cells(units(n_frames=n_frames)) if with_cells else None,
        "phase": np.zeros(n_frames, np.float32),
        "spectrogram": spectrogram_of(
            movie.time_s, trace, window_s=2.0, step_s=None, time_bandwidth=2.0, highest_hz=8.0
        ),
        "engine": "test 1",
        "parameters": (
            UsedParameter("cells.radius_px", 3.5, "lab.yml, line 4"),
            UsedParameter("events.threshold_noise", 3.0, "default"),
            UsedParameter("phase.low_hz", 0.1, "default"),
            UsedParameter("phase.high_hz", 1.5, "default"),
        ),
    }
    return MovieAnalysis(**{**fields, **changes})
