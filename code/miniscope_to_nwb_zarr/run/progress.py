"""How far a piece of work has come, and when it is worth a line in a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import duration_text, size_text

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_INTERVAL_S = 10.0
"""A log is not flooded: at most one line in this time."""


def step_line(part: str, step: str, share: float) -> str:
    """A report of a step as a line."""
    return f"{part}: {step} ({100 * share:.0f} %)"


@dataclass(slots=True)
class StepLog:
    """Decides which reports of steps deserve a line in a log: where a step begins and ends, and one in an interval."""

    clock: Callable[[], float]
    interval_s: float = LINE_INTERVAL_S
    _step: tuple[str, str] = ("", "")
    _has_ended: bool = False
    _last_line_s: float = 0.0

    def is_due(self, part: str, step: str, share: float) -> bool:
        """Whether a report deserves a line; it is taken to be written then."""
        now_s = self.clock()
        is_other = self._step != (part, step)
        # a step that is done in several rounds is whole several times
        ends_now = share >= 1 and not self._has_ended
        if not (is_other or ends_now) and now_s - self._last_line_s < self.interval_s:
            return False
        self._step, self._last_line_s = (part, step), now_s
        self._has_ended = share >= 1 or (self._has_ended and not is_other)
        return True

    def due_line(self, part: str, step: str, share: float) -> str | None:
        """A report as a line, or None where it is too early for one."""
        return step_line(part, step, share) if self.is_due(part, step, share) else None


@dataclass(slots=True)
class Meter:
    """Counts frames and bytes against a clock, which is any function that returns seconds.

    Where every frame is worked on in several steps, one after the other, the totals are those of all steps together.
    """

    total_frames: int
    total_bytes: int
    clock: Callable[[], float]
    steps: tuple[str, ...] = ("",)
    """What is done with the frames in each step, such as ``written``."""
    frames: int = 0
    n_bytes: int = 0
    _start_s: float = field(init=False)
    _last_line_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._start_s = self._last_line_s = self.clock()

    def advance(self, frames: int, n_bytes: int) -> None:
        """Count work that was done since the last call."""
        self.frames += frames
        self.n_bytes += n_bytes

    def rates_text(self) -> str:
        """Frames and bytes a second since the start, and the time left at that pace."""
        elapsed_s = self.clock() - self._start_s
        if elapsed_s <= 0 or self.frames == 0:
            return ""
        left_s = elapsed_s * max(0, self.total_frames - self.frames) / self.frames
        rate_hz = self.frames / elapsed_s
        return f"{rate_hz:,.0f} frames/s, {size_text(self.n_bytes / elapsed_s)}/s, {duration_text(left_s)} left"

    def line(self) -> str:
        """The state as one line of a log."""
        total = self.total_frames // len(self.steps)
        step = min(max(0, self.frames - 1) // total, len(self.steps) - 1) if total else -1
        done = self.frames - max(step, 0) * total
        percent = 100 * done // total if total else 100
        parts = [f"{done:,} of {total:,} frames {self.steps[step]}".rstrip() + f" ({percent} %)", self.rates_text()]
        return ", ".join(part for part in parts if part)

    def due_line(self) -> str | None:
        """The state as a line if the last one is long enough ago, else None."""
        now_s = self.clock()
        if now_s - self._last_line_s < LINE_INTERVAL_S:
            return None
        self._last_line_s = now_s
        return self.line()
