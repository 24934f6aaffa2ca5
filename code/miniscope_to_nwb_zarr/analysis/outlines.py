"""Outlines of footprints, for people to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

LEVEL = 0.4
"""Of a footprint's highest weight: what is brighter lies inside."""
_FINER = 4
_TOLERANCE_PX = 0.15


def outlines(footprints: csr_array, width_px: int) -> list[list[NDArray[np.float32]]]:
    """The outlines of each unit, each a closed polygon.

    Parameters
    ----------
    footprints : sparse float32, shape (n_units, height * width)
    width_px : int
        Columns of the picture.

    Returns
    -------
    list of list of float32 arrays, shape (n_points, 2)
        x and y in pixels of the picture; the middle of the first pixel is 0.5, 0.5. Empty for a unit without a pixel.
    """
    rows = footprints.tocsr()
    return [_of_unit(rows[[unit]], width_px) for unit in range(rows.shape[0])]


def _of_unit(footprint: csr_array, width_px: int) -> list[NDArray[np.float32]]:
    row, column = np.divmod(footprint.indices, width_px)
    weight = footprint.data
    if not len(weight) or weight.max() <= 0:
        return []
    top, left = int(row.min()) - 1, int(column.min()) - 1
    picture = np.zeros((int(row.max()) - top + 2, int(column.max()) - left + 2), np.float32)
    picture[row - top, column - left] = weight / weight.max()
    fine = cv2.resize(picture, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_LINEAR)
    found, _ = cv2.findContours((fine >= LEVEL).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for contour in found:
        simple = cv2.approxPolyDP(contour, _TOLERANCE_PX * _FINER, closed=True)[:, 0, :].astype(np.float32)
        # a point of the finer picture is the middle of one of its pixels
        polygons.append((simple + np.float32(0.5)) / np.float32(_FINER) + np.array([left, top], np.float32))
    return [polygon for polygon in polygons if len(polygon) > 2]
