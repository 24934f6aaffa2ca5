"""Figures of a clock, as pixels: the only writing in the preview, so that no font is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 7
# five columns, seven rows, from the top; a bit for each pixel, the leftmost is the highest
_GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    ":": (0, 4, 4, 0, 4, 4, 0),
    ".": (0, 0, 0, 0, 0, 4, 4),
}


def clock_text(seconds: float) -> str:
    """A time as a clock shows it.

    Examples
    --------
    >>> clock_text(3725.46)
    '1:02:05.4'
    """
    tenths = int(max(0.0, seconds) * 10)
    minutes, hours = tenths // 600 % 60, tenths // 36_000
    shown = f"{minutes:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
    return f"{hours}:{shown}" if hours else shown


def draw_text(text: str, scale: int = 2) -> NDArray[np.bool_]:
    """The pixels of a text of digits, colons and points; shape (7 * scale, 6 * scale for each character)."""
    glyphs = np.array([_GLYPHS[character] for character in text])
    # a sixth column keeps characters apart
    pixels = (glyphs[:, :, None] << 1 >> np.arange(5, -1, -1)) & 1
    rows = pixels.transpose(1, 0, 2).reshape(_ROWS, -1).astype(bool)
    return rows.repeat(scale, axis=0).repeat(scale, axis=1)
