"""An engine for tests of all that is around engines: quick, and right where cells are bright."""

import cv2
import numpy as np
import zarr
from scipy.sparse import csr_array

from miniscope_to_nwb_zarr.analysis.contract import Motion, Units


class PlainEngine:
    """Moves nothing, and takes each spot that flickers for a unit."""

    NAME = "plain"
    EVENT_NOISE = 3.0

    def version(self):
        return "1"

    def unavailable(self):
        return None

    def correct_motion(self, movie, parameters, corrected, workers, progress):
        frames = movie.read(slice(None))
        zarr.save_array(str(corrected), frames)
        progress("motion", 1.0)
        still = np.zeros((movie.n_frames, 2), np.float32)
        return Motion(still, frames.mean(axis=0), np.ones(movie.n_frames, np.float32))

    def find_units(self, movie, parameters, workers, scratch, progress):
        frames = movie.read(slice(None))
        mean = frames.mean(axis=0)
        lively = cv2.GaussianBlur((frames - mean).max(axis=0), (0, 0), 1.5)
        bright = (lively > np.quantile(lively, 0.93)).astype(np.uint8)
        n_spots, spots = cv2.connectedComponents(bright)
        masks = [spots == number for number in range(1, n_spots) if (spots == number).sum() >= 6]
        traces = np.array([(frames - mean)[:, mask].mean(axis=1) for mask in masks], np.float32)
        traces = traces.reshape(len(masks), movie.n_frames)
        denoised = np.clip(cv2.blur(traces, (3, 1)), 0, None) if masks else traces
        rises = np.clip(np.diff(denoised, axis=1, prepend=0), 0, None)
        progress("cells", 1.0)
        return Units(
            footprints=csr_array(np.array(masks, np.float32).reshape(len(masks), -1)),
            raw=traces,
            denoised=denoised,
            deconvolved=rises,
            baseline=np.array([mean[mask].mean() for mask in masks], np.float32),
            noise=np.full(len(masks), 1.0, np.float32),
            images={"mean": mean, "max": frames.max(axis=0)},
            parameters={"radius_px": 3.0},
        )
