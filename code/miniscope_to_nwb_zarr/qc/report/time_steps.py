"""Where the time of a device does not go on evenly: gaps, and a clock that was set back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.timing import find_gaps, steady

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts


@dataclass(frozen=True, slots=True)
class SetBack:
    """A stamp that is earlier than the one before it."""

    before_s: float
    """Stamp of the frame before."""
    after_s: float
    """The earlier stamp."""

    @property
    def said(self) -> str:
        """What happened, for who points at it."""
        by_ms = (self.before_s - self.after_s) * 1000
        return f"the clock was set back by {by_ms:,.0f} ms, from {self.before_s:.3f} s to {self.after_s:.3f} s"


def set_backs(device: DeviceFacts) -> tuple[SetBack, ...]:
    """All of them; a first stamp that cannot be right is none."""
    time_s = steady(device.time_s)
    return tuple(SetBack(float(time_s[k]), float(time_s[k + 1])) for k in np.flatnonzero(np.diff(time_s) < 0))


def pieces(device: DeviceFacts, values: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """Shape (n_frames,): a number that changes where no line may be drawn from one frame to the next.

    That is over a gap, where the clock was set back, and where one of the `values` is missing.
    """
    time_s = device.time_s
    ends = np.diff(time_s) < 0
    ends[[gap.frame for gap in find_gaps(device.stream)]] = True
    if values is not None:
        is_missing = ~np.isfinite(values)
        ends |= is_missing[:-1] | is_missing[1:]
    return np.append(0, np.cumsum(ends)) if len(time_s) else np.empty(0, np.int64)
