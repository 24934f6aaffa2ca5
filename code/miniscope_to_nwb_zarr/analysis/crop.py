"""The part of the picture that is analysed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Origin(StrEnum):
    """The corner of the picture from which y is counted; x is always counted from the left."""

    TOP_LEFT = "top_left"
    BOTTOM_LEFT = "bottom_left"
    """As the public pipeline ACE-NeuroTools has it: the rows from `height - y1` to `height - y0`."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of whole pixels, counted from the upper left corner of the picture."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


def crop_of(corners: Sequence[int], origin: Origin, *, width_px: int, height_px: int) -> Crop:
    """The rectangle between two opposite corners.

    Parameters
    ----------
    corners : sequence of int
        x0, y0, x1, y1: edges between pixels, so that 0, 0, width, height is the whole picture. Either corner may come
        first.
    origin : Origin
    width_px, height_px : int
        Of the picture.

    Raises
    ------
    InputError
        The rectangle is empty, or not within the picture.

    Examples
    --------
    >>> crop_of((121, 71, 510, 462), Origin.BOTTOM_LEFT, width_px=608, height_px=600)
    Crop(left_px=121, top_px=138, width_px=389, height_px=391)
    """
    x0, y0, x1, y1 = corners
    left, right = sorted((x0, x1))
    top, bottom = sorted((y0, y1) if origin is Origin.TOP_LEFT else (height_px - y0, height_px - y1))
    if left < 0 or top < 0 or right > width_px or bottom > height_px or left == right or top == bottom:
        raise InputError(
            f"crop {x0}, {y0}, {x1}, {y1} (y from the {'top' if origin is Origin.TOP_LEFT else 'bottom'}) is not a "
            f"rectangle inside the picture, which has {width_px} x {height_px} pixels: expected x from 0 to "
            f"{width_px} and y from 0 to {height_px}"
        )
    return Crop(left, top, right - left, bottom - top)


def whole(width_px: int, height_px: int) -> Crop:
    """The whole picture."""
    return Crop(0, 0, width_px, height_px)
