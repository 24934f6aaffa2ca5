"""How many frames of a device are not in its series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.timing import find_gaps

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.model import Stream


def n_missing(stream: Stream) -> int:
    """Frames that were taken and are not in the series: those that would fill its gaps, and all that the table tells.

    The table tells of a frame by a row, or by a number that is left out between two others: not all software begins at
    0. What is lost before the first frame or after the last one is in no gap, and neither is what is lost where a clock
    was set back. What is in a gap counts once.
    """
    rows, numbers = stream.rows, stream.table.frame_number
    if len(rows) == 0:
        # of a camera whose table tells no time the videos are kept
        return sum(loss.n_rows for loss in stream.losses)
    # before each frame, and after the last one
    absent = np.diff(rows, prepend=-1, append=stream.table.n_rows) - 1
    if np.all(np.diff(numbers[numbers >= 0]) > 0):
        absent[1:-1] = np.maximum(absent[1:-1], np.diff(numbers[rows]) - 1)
    for gap in find_gaps(stream):
        absent[gap.frame + 1] = max(absent[gap.frame + 1], gap.n_missing)
    return int(absent.sum())
