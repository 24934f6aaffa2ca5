"""A synthetic movie of a behaviour camera: a mouse walking in an open field, in colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.demo import sensor
from miniscope_to_nwb_zarr.demo.motion import wander

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROOM_BGR, _FLOOR_BGR, _CUE_BGR, _FUR_BGR = (60, 52, 48), (150, 168, 176), (60, 90, 190), (44, 40, 38)


@dataclass(frozen=True)
class ArenaMovie:
    """The movie of a behaviour camera; equal parameters give equal frames.

    Attributes
    ----------
    width_px, height_px : int
        Size of the frame.
    n_frames : int
        Length of the movie.
    rate_hz : float
        Frames in a second.
    seed : int
        Decides everything that is random.
    has_noise : bool
        Whether the sensor is noisy.
    """

    width_px: int
    height_px: int
    n_frames: int
    rate_hz: float = 30.0
    seed: int = 0
    has_noise: bool = True

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Frame `index`, uint8, shape (height_px, width_px, 3), blue-green-red."""
        light = self._scene.copy()
        (x, y), (ahead_x, ahead_y) = self.path_px[index], self.path_px[min(index + 1, self.n_frames - 1)]
        heading = np.arctan2(ahead_y - y, ahead_x - x)
        reach = int(2.2 * self._body_px) + 1
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        window = light[top : int(y) + reach + 1, left : int(x) + reach + 1]
        rows, columns = np.ogrid[: window.shape[0], : window.shape[1]]
        across, along = rows + top - y, columns + left - x
        forward = (along * np.cos(heading) + across * np.sin(heading)) / self._body_px
        sideways = (across * np.cos(heading) - along * np.sin(heading)) / self._body_px
        body = (forward / 1.3) ** 2 + (sideways / 0.7) ** 2 < 1
        tail = (forward < -1) & (forward > -2.1) & (np.abs(sideways) < 0.1)
        window[body | tail] = _FUR_BGR
        if not self.has_noise:
            return sensor.to_levels(light)
        return sensor.expose(light, self._pool, np.random.default_rng([self.seed, index]))

    @cached_property
    def path_px(self) -> NDArray[np.float64]:
        """Centre of the mouse (x, y) in each frame, in pixels; float64, shape (n_frames, 2)."""
        path = wander(self.n_frames, 2, self.rate_hz, 0.4, np.random.default_rng([self.seed, 0xA7]))
        reach = 0.45 * min(self.width_px, self.height_px) - 1.5 * self._body_px
        centre = np.array([self.width_px / 2, self.height_px / 2])
        return centre + reach * np.sin(2 * path)

    @property
    def _body_px(self) -> float:
        return min(self.width_px, self.height_px) / 16

    @cached_property
    def _scene(self) -> NDArray[np.float32]:
        half = 0.47 * min(self.width_px, self.height_px)
        y, x = np.ogrid[: self.height_px, : self.width_px]
        y, x = y - self.height_px / 2, x - self.width_px / 2
        floor = np.maximum(np.abs(x), np.abs(y)) < half
        cue = floor & (x > 0.85 * half)
        scene = np.where(floor[..., None], _FLOOR_BGR, _ROOM_BGR).astype(np.float32)
        scene[cue] = _CUE_BGR
        scene *= 1 - 0.25 * ((x**2 + y**2) / (2 * half**2))[..., None].clip(0, 1).astype(np.float32)
        return scene

    @cached_property
    def _pool(self) -> NDArray[np.float32]:
        return sensor.noise_pool(3 * self.width_px * self.height_px, self.seed)
