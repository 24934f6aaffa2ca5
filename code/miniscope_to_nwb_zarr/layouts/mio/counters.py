"""Counters that come over the radio: which readings can be right, and what they missed. Pure.

The radio turns bits over in about one header of a hundred (reference formats 6, row 34), so that any counter may show
anything in a single row; its neighbours show what it should have been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# readings on either side that a reading is held against; two of them may be wrong
_SIDE = 5


def in_order(values: NDArray[np.float64], reach: float) -> NDArray[np.bool_]:
    """Which readings of a counter that never goes back can be right.

    A reading can be right when it lies between the median of the five before it and the median of the five after it.
    Where those have the wrong order the counter began anew, and a reading must fit one side.

    Parameters
    ----------
    values : float64, shape (n,)
        NaN where there is no reading.
    reach : float
        How far the first and the last reading, which have one side only, may be from its median.

    Returns
    -------
    bool, shape (n,)
        False where there is no reading.
    """
    is_known = np.isfinite(values)
    known = values[is_known]
    edge = np.full(_SIDE, np.inf)
    around = np.lib.stride_tricks.sliding_window_view(np.concatenate([-edge, known, edge]), _SIDE)
    medians = np.partition(around, _SIDE // 2, axis=1)[:, _SIDE // 2]
    before, after = medians[: len(known)], medians[_SIDE + 1 :]
    low = np.where(np.isfinite(before), before, after - reach)
    high = np.where(np.isfinite(after), after, before + reach)
    fits = np.where(low <= high, (known >= low) & (known <= high), (known >= low) | (known <= high))
    # fewer than four readings say nothing of each other
    fits |= ~np.isfinite(before) & ~np.isfinite(after)
    found = is_known.copy()
    found[is_known] = fits
    return found


def steps(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How much a counter grew from the chosen row before to each chosen row, shape (n,); 0 elsewhere and backwards."""
    grown = np.zeros(len(values), np.int64)
    rows = np.flatnonzero(chosen)
    grown[rows[1:]] = np.maximum(np.diff(values[rows]), 0).astype(np.int64)
    return grown


def told_first(columns: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Rows that no earlier row is equal to in all columns, shape (n,); rows without a number are never equal."""
    order = np.lexsort(columns)
    is_equal = np.all([np.diff(column[order]) == 0 for column in columns], axis=0)
    first = np.ones(len(order), bool)
    first[order[1:][is_equal]] = False
    return first
