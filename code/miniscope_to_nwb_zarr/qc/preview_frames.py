"""The pictures of the preview: all devices side by side at one moment, the time beneath them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.qc.digits import clock_text, draw_text
from miniscope_to_nwb_zarr.qc.figures.png import stretch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.preview_plan import PreviewPlan

# of the values of all pictures shown: cells that fire stay bright, a few hot pixels do not darken the rest
_DARK_PERCENT, _BRIGHT_PERCENT = 1.0, 99.9
_PER_ROW = 4
MOST_TILES = 8
_GAP_PX = 4
_BLOCK_PX = 16
_STRIP_PX = 22
_BLACK, _WHITE, _NO_COLOR = 16, 235, 128
_NOT_YET, _PAST, _INK = 70, 180, 210
# ITU-R BT.601: brightness and two differences of color, from red, green and blue of 0 to 255
_YUV = np.array(
    [[0.256788, 0.504129, 0.097906], [-0.148223, -0.290993, 0.439216], [0.439216, -0.367788, -0.071427]], np.float32
)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """What one device shows.

    Attributes
    ----------
    name : str
        Of the device.
    shown : int64, shape (n_moments,)
        For each moment which of the pictures is shown; -1: none.
    pictures : array, shape (n, height, width) or (n, height, width, 3)
    """

    name: str
    shown: NDArray[np.int64]
    pictures: NDArray[Any]


def choose(numbers: NDArray[np.int64], shown: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place among the pictures that there are, of the frame to be shown at each moment or the latest before it."""
    place = np.searchsorted(numbers, shown, side="right") - 1
    return np.where(shown < 0, -1, place)


def preview_frames(plan: PreviewPlan, tiles: Sequence[Tile]) -> Iterator[NDArray[np.uint8]]:
    """Every picture of the preview as a video encoder takes it: brightness, and color of every 2 x 2 pixels below it.

    Yields
    ------
    uint8, shape (height * 3 / 2, width)
        YUV 4:2:0, ITU-R BT.601, 16 to 235; both sides of the picture are multiples of 16.
    """
    tiles = tiles[:MOST_TILES]
    planes = [_planes(tile.pictures) for tile in tiles]
    places, (height, width) = _places([luma.shape[1:] for luma, _ in planes])
    # whole blocks of the encoder: what it makes up at an edge within a block is not the same in every run
    all_rows, all_columns = (-(-side // _BLOCK_PX) * _BLOCK_PX for side in (height + _STRIP_PX, width))
    for moment, time_s in enumerate(plan.time_s):
        canvas = np.full((all_rows, all_columns), _BLACK, np.uint8)
        color = np.full((2, all_rows // 2, all_columns // 2), _NO_COLOR, np.uint8)
        for tile, (luma, chroma), (top, left) in zip(tiles, planes, places, strict=True):
            shown = int(tile.shown[moment])
            if shown < 0:
                continue
            canvas[top : top + luma.shape[1], left : left + luma.shape[2]] = luma[shown]
            if chroma is not None:
                at = slice(top // 2, top // 2 + chroma.shape[2]), slice(left // 2, left // 2 + chroma.shape[3])
                color[:, *at] = chroma[shown]
        _write_time(canvas[height : height + _STRIP_PX], float(time_s), (moment + 1) / len(plan.time_s))
        yield np.concatenate([canvas.ravel(), color.ravel()]).reshape(-1, all_columns)


def _planes(pictures: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Brightness and color of pictures of even sides: of gray ones with the contrast that is in them."""
    pictures = pictures[:, : pictures.shape[1] // 2 * 2, : pictures.shape[2] // 2 * 2]
    if pictures.ndim == 3:
        values = pictures[:: max(1, len(pictures) // 20)]
        low, high = np.percentile(values, (_DARK_PERCENT, _BRIGHT_PERCENT)) if values.size else (0, 0)
        levels = stretch(np.arange(1 << 8 * pictures.itemsize), low, high).astype(np.uint16)
        return (_BLACK + (levels * (_WHITE - _BLACK) + 127) // 255).astype(np.uint8)[pictures], None
    yuv = np.empty((*pictures.shape[:3], 3), np.uint8)
    for k, picture in enumerate(pictures):
        yuv[k] = np.rint(picture.astype(np.float32) @ _YUV.T + np.array([_BLACK, _NO_COLOR, _NO_COLOR], np.float32))
    n, height, width = pictures.shape[:3]
    blocks = yuv[..., 1:].reshape(n, height // 2, 2, width // 2, 2, 2)
    return yuv[..., 0], np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8).transpose(0, 3, 1, 2)


def _places(sizes: Sequence[tuple[int, ...]]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """The upper left corner of each tile, in rows from left to right, and the size of all."""
    rows = [sizes[k : k + _PER_ROW] for k in range(0, len(sizes), _PER_ROW)]
    places, top, widest = [], 0, 0
    for row in rows:
        tallest, left = max(height for height, _ in row), 0
        for height, width in row:
            # colors belong to blocks of 2 x 2 pixels
            places.append((top + (tallest - height) // 4 * 2, left))
            left += width + _GAP_PX
        widest, top = max(widest, left - _GAP_PX), top + tallest + _GAP_PX
    height = top - _GAP_PX
    return places, (height, widest)


def _write_time(strip: NDArray[np.uint8], time_s: float, share: float) -> None:
    """The time in the recording, and a bar of how much of it has passed."""
    ink = draw_text(clock_text(time_s))
    area = strip[4 : 4 + ink.shape[0], 4 : 4 + ink.shape[1]]
    area[ink[: area.shape[0], : area.shape[1]]] = _INK
    begin = ink.shape[1] + 12
    if begin < strip.shape[1] - 8:
        bar = strip[10:13, begin : strip.shape[1] - 4]
        bar[:] = _NOT_YET
        bar[:, : round(share * bar.shape[1])] = _PAST
