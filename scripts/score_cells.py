"""How well found cells, traces, events and motion agree with the truth. Pure functions of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEAR_PX = 5.0
SAME_TRACE = 0.7
BURST_SPIKES = 3
EVENT_TOLERANCE_S = 0.25


def centers(footprints: NDArray[np.floating]) -> NDArray[np.float64]:
    """Centres of mass, shape (n_units, 2)."""
    total = np.maximum(footprints.sum(axis=(1, 2)), 1e-30)
    rows = footprints.sum(axis=2) @ np.arange(footprints.shape[1]) / total
    return np.stack([rows, footprints.sum(axis=1) @ np.arange(footprints.shape[2]) / total], axis=1)


def correlations(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of each trace with each; 0 where one is flat."""

    def unit(traces: NDArray[np.floating]) -> NDArray[np.float64]:
        centered = traces.astype(np.float64) - traces.mean(axis=1, keepdims=True)
        return centered / np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1e-30)

    return np.asarray(unit(one) @ unit(other).T)


def pairs(is_match: NDArray[np.bool_], likeness: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The one-to-one pairs that are most matches and, among those, most alike."""
    if not is_match.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    found, true = linear_sum_assignment(np.where(is_match, 1 + np.clip(likeness, 0, 1), 0), maximize=True)
    kept = is_match[found, true]
    return found[kept], true[kept]


def f1(n_matched: int, n_found: int, n_true: int) -> float:
    """Harmonic mean of precision and recall; nan where there is nothing to find and nothing found."""
    return 2 * n_matched / (n_found + n_true) if n_found + n_true else float("nan")


def bursts(spikes: NDArray[np.floating], rate_hz: float) -> NDArray[np.int64]:
    """Frames of the events of a cell: at least 3 spikes within 0.25 s; windows that overlap are one event.

    The event is at the frame of most spikes.
    """
    window = max(1, round(EVENT_TOLERANCE_S * rate_hz))
    summed = np.concatenate([[0.0], np.cumsum(spikes)])
    last = np.minimum(np.arange(len(spikes)) + window, len(spikes))
    is_active = np.zeros(len(spikes) + 1, dtype=bool)
    for first in np.flatnonzero(summed[last] - summed[: len(spikes)] >= BURST_SPIKES):
        is_active[first : last[first]] = True
    edges = np.flatnonzero(np.diff(is_active.astype(int), prepend=0))
    return np.array(
        [first + int(np.argmax(spikes[first:stop])) for first, stop in zip(edges[::2], edges[1::2], strict=True)],
        dtype=np.int64,
    )


def event_f1(found: Sequence[int], true: Sequence[int], rate_hz: float) -> float:
    """F1 of events that are matched one to one, in order, within 0.25 s."""
    tolerance = EVENT_TOLERANCE_S * rate_hz
    n_matched = at = 0
    for frame in sorted(found):
        while at < len(true) and true[at] < frame - tolerance:
            at += 1
        if at < len(true) and abs(true[at] - frame) <= tolerance:
            n_matched += 1
            at += 1
    return f1(n_matched, len(found), len(true))


def cell_scores(
    found: dict[str, NDArray[np.floating]],
    truth: dict[str, NDArray[np.floating]],
    events: Sequence[NDArray[np.int64]],
    offset_px: NDArray[np.floating],
    rate_hz: float,
) -> dict[str, float]:
    """Scores of units against the detectable cells.

    Parameters
    ----------
    found, truth : dict
        ``footprints`` (n, height, width) and ``calcium`` (n, n_frames); the truth has ``spikes``, too.
    events : sequence of int64 arrays
        Frames of the events of each found unit.
    offset_px : shape (2,)
        From the found picture to the true one.
    """
    scores = {"n_units": len(found["calcium"]), "n_true": len(truth["calcium"])}
    if not len(found["calcium"]):
        return {**scores, "good_f1": 0.0, "trace_r": float("nan"), "event_f1": float("nan")}
    apart = centers(np.clip(found["footprints"], 0, None)) + offset_px
    distance = np.linalg.norm(apart[:, None] - centers(truth["footprints"])[None], axis=2)
    likeness = correlations(found["calcium"], truth["calcium"])
    near = pairs(distance <= NEAR_PX, likeness)
    good = pairs((distance <= NEAR_PX) & (likeness >= SAME_TRACE), likeness)
    by_cell = [
        event_f1(events[unit].tolist(), bursts(truth["spikes"][cell], rate_hz).tolist(), rate_hz)
        for unit, cell in zip(*good, strict=True)
    ]
    return {
        **scores,
        "good_f1": f1(len(good[0]), len(found["calcium"]), len(truth["calcium"])),
        "trace_r": float(np.median(likeness[near])) if len(near[0]) else float("nan"),
        "event_f1": float(np.nanmedian(by_cell)) if by_cell else float("nan"),
    }


def motion_rmse(found: NDArray[np.floating], true: NDArray[np.floating]) -> float:
    """Root of the mean squared error of shifts, in pixels, once their means agree."""
    error = found - true
    return float(np.sqrt(np.mean((error - error.mean(axis=0)) ** 2)))
