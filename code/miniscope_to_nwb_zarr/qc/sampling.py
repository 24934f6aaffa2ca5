"""Which frames of a movie are looked at closely while all of them are decoded.

The level of every frame is taken. What takes more work than that (projections, the motion of the tissue) is made of
every n-th frame, so that it costs a small part of the run however long the recording is.
"""

from __future__ import annotations

from dataclasses import dataclass

# a close look takes half as long as decoding a raw frame; fewer than 400 make grainy pictures, more than 2000 no better
_FRAMES_PER_LOOK = 20
_FEWEST_LOOKS = 400
_MOST_LOOKS = 2000
_FEWEST_OF_MANY = 150
_SMALL_PX = 400
_TINY_PX = 110


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is kept of the frames of one series."""

    step: int
    """Every so many frames one is looked at, counted from the first of the series."""
    small: int
    """Pixels a side that make one of the small pictures, of which correlations and the preview are made."""
    tiny: int
    """Small pixels a side that make one of the tiny pictures, of which motion is estimated."""
    examples: tuple[int, ...] = ()
    """Frames that are kept whole."""
    previewed: frozenset[int] = frozenset()
    """Frames that are kept small; all of them are looked at."""


def plan_sampling(n_frames: int, sides_px: tuple[int, int], n_series: int = 1) -> Sampling:
    """How to look at a series of frames.

    Parameters
    ----------
    n_frames : int
    sides_px : tuple of int
    n_series : int
        Series of the session, which share the memory that is set aside for this.

    Examples
    --------
    >>> plan = plan_sampling(12_000, (600, 600))
    >>> plan.step, plan.small, plan.tiny, plan.examples
    (20, 2, 3, (0, 6000, 11999))
    """
    most = max(_FEWEST_OF_MANY, _MOST_LOOKS // max(1, n_series))
    n_looks = min(max(n_frames // _FRAMES_PER_LOOK, _FEWEST_LOOKS), most)
    small = -(-max(sides_px) // _SMALL_PX)
    tiny = -(-max(sides_px) // (small * _TINY_PX))
    examples = tuple(sorted({0, n_frames // 2, n_frames - 1})) if n_frames else ()
    return Sampling(max(1, -(-n_frames // n_looks)), small, tiny, examples)
