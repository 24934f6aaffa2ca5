"""Which moments of a session its preview shows, and which frame of each device belongs to each moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RATE_HZ = 10.0
_SECONDS = 20.0
_LATEST = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class PreviewPlan:
    """The moments that a preview shows, one for each of its pictures.

    Attributes
    ----------
    time_s : float64, shape (n,)
        Seconds from the start of the session.
    speed : float
        Seconds of the recording in a second of the preview.
    """

    time_s: NDArray[np.float64]
    speed: float


def plan_preview(spans_s: Sequence[tuple[float, float]]) -> PreviewPlan:
    """Moments spread evenly over the time that was recorded; the time between recordings is left out.

    Parameters
    ----------
    spans_s : sequence of (float, float)
        Begin and end of each recording, in seconds from the start of the session.

    Examples
    --------
    >>> plan = plan_preview([(0.0, 1800.0)])
    >>> len(plan.time_s), plan.speed
    (200, 90.0)
    """
    lengths = np.array([max(0.0, stop - start) for start, stop in spans_s])
    total = float(lengths.sum())
    if total <= 0:
        return PreviewPlan(np.empty(0), 1.0)
    speed = max(1.0, total / _SECONDS)
    n = max(1, round(total / speed * RATE_HZ))
    passed = (np.arange(n) + 0.5) * total / n
    before = np.concatenate([[0.0], np.cumsum(lengths)])
    which = np.clip(np.searchsorted(before, passed, side="right") - 1, 0, len(lengths) - 1)
    return PreviewPlan(np.array([start for start, _ in spans_s])[which] + passed - before[which], speed)


def frames_shown(plan: PreviewPlan, time_s: NDArray[np.float64], step: int = 1) -> NDArray[np.int64]:
    """The frame of a device to be shown at each moment: the latest one that had been taken, of every `step`-th.

    Parameters
    ----------
    plan : PreviewPlan
    time_s : float64, shape (n_frames,)
        The stamps of the frames, in seconds from the start of the session.
    step : int

    Returns
    -------
    int64, shape (n,)
        -1 where the device had not begun, or had ended.
    """
    if not len(time_s):
        return np.full(len(plan.time_s), -1)
    # a clock that was set back does not take the picture back
    stamps = np.fmax.accumulate(time_s)
    frame = np.searchsorted(stamps, plan.time_s, side="right") - 1
    interval = (stamps[-1] - stamps[0]) / max(1, len(stamps) - 1)
    has_ended = plan.time_s > stamps[-1] + _LATEST * max(interval, 1 / RATE_HZ)
    shown = np.maximum(frame, 0) // step * step
    return np.where((frame < 0) | has_ended, -1, shown)
