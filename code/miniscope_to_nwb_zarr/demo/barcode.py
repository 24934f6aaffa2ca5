"""A frame's number in its pixels, so that a test can prove which frame belongs to which row of the time table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

N_BITS = 16
_COLUMNS = 8
_WEIGHTS = 1 << np.arange(N_BITS)


def block_px(width_px: int) -> int:
    """Side of the square that shows one bit: whole 8x8 blocks of a JPEG where the frame is wide enough."""
    return 8 if width_px >= 8 * _COLUMNS else 4


def draw(frame: NDArray[Any], number: int) -> None:
    """Draw `number` modulo 65536 into the upper left corner of a frame, in place.

    Parameters
    ----------
    frame : uint8 or uint16 array, shape (height, width) or (height, width, 3)
        At least 32 pixels wide and 8 high; 2 rows of 8 squares, lowest bit first, 255 for 1.
    number : int
        The number of the frame.
    """
    side = block_px(frame.shape[1])
    bits = (number & _WEIGHTS).astype(bool).reshape(-1, _COLUMNS)
    squares = np.where(bits, np.uint8(255), np.uint8(0)).repeat(side, axis=0).repeat(side, axis=1)
    corner = frame[: squares.shape[0], : squares.shape[1]]
    corner[...] = squares if frame.ndim == 2 else squares[..., None]


def read(frame: NDArray[Any]) -> int:
    """The number that `draw` put into a frame, modulo 65536; survives MJPG, XVID and limited-range luma.

    Parameters
    ----------
    frame : array, shape (height, width) or (height, width, 3)
        A decoded frame as rows of pixels.
    """
    gray = frame if frame.ndim == 2 else frame.mean(axis=2)
    side = block_px(gray.shape[1])
    corner = gray[: N_BITS // _COLUMNS * side, : _COLUMNS * side]
    levels = corner.reshape(-1, side, _COLUMNS, side).mean(axis=(1, 3))
    return int(((levels.ravel() > 127) * _WEIGHTS).sum())
