"""How the images that sum up a movie are called and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TITLES = {
    "max": "largest value over time",
    "mean": "mean over time",
    "correlation": "correlation with neighbours",
    "peak_to_noise": "peak to noise",
}
"""By the names that engines give them, in the order in which they are shown."""


def contrast(image: NDArray[np.float32]) -> tuple[float, float]:
    """The values that become black and white; pixels without a value do not count."""
    low, high = np.nanquantile(image, (0.01, 0.997))
    return float(low), float(max(high, low + 1e-6))
