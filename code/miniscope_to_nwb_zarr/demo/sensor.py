"""Noise of an image sensor like that of a Miniscope V4: shot noise that grows with the light, and read noise.

At a level of 80 grey levels the standard deviation is sqrt(0.12 * 80 + 1.5**2) = 3.4 grey levels. These constants
are the noise model of the benchmarks: whoever changes them changes file sizes and speeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAIN = 0.12
"""Variance of the shot noise, in squared grey levels, per grey level of light."""
READ_NOISE = 1.5
"""Standard deviation of the read noise, in grey levels."""
POOL_FRAMES = 12
"""Size of the pool of noise, in frames."""


def noise_pool(n_px: int, seed: int) -> NDArray[np.float32]:
    """Standard normal deviates to expose frames of `n_px` pixels with; shape (POOL_FRAMES * n_px,)."""
    rng = np.random.default_rng([seed, 0x5E])
    return rng.standard_normal(POOL_FRAMES * n_px, dtype=np.float32)


def expose(light: NDArray[np.float32], pool: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One frame of the sensor: light with shot and read noise, rounded to grey levels.

    The noise is a stretch of the pool that begins anywhere, read forwards or backwards, with either sign: several times
    faster than drawing it anew. A single frame is independent from pixel to pixel. Two frames may share a stretch, at
    different pixels; at one pixel, successive frames are independent.

    Parameters
    ----------
    light : float32, shape (height, width) or (height, width, 3)
        Mean level of each pixel in grey levels, from 0.
    pool : float32
        From `noise_pool`.
    rng : Generator
        Chooses the stretch.

    Returns
    -------
    uint8 array of the shape of `light`
    """
    begin = int(rng.integers(len(pool) - light.size + 1))
    choice = int(rng.integers(4))
    stretch = pool[begin : begin + light.size].reshape(light.shape)
    if choice & 1:
        stretch = stretch[::-1, ::-1]
    level = np.multiply(light, np.float32(GAIN))
    level += np.float32(READ_NOISE**2)
    np.sqrt(level, out=level)
    level *= stretch
    np.subtract(light, level, out=level) if choice & 2 else np.add(light, level, out=level)
    return to_levels(level)


def to_levels(level: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Round to whole grey levels from 0 to 255; overwrites `level`."""
    # + 0.5 because the cast cuts the fraction off
    level += np.float32(0.5)
    np.clip(level, 0, 255, out=level)
    return level.astype(np.uint8)
