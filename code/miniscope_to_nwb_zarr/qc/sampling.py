"""Which frames of a movie are looked at closely while all of them are decoded.

The level of every frame is taken. What takes more work than that (projections, the motion of the tissue) is made of
every n-th frame, so that it costs a small part of the run however long the recording is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# a close look takes half as long as decoding a raw frame; fewer than 400 make grainy pictures, more than 2000 no better
_FRAMES_PER_LOOK = 20
_FEWEST_LOOKS = 400
_MOST_LOOKS = 2000
_FEWEST_OF_MANY = 150
_SMALL_PX = 400
_TINY_PX = 110
# damage reaches to the next key frame, or over a part of a file: what is nearer would be damaged, too
_SPARES_APART = 16


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
    """Frames that are kept whole, to be shown."""
    spares: tuple[int, ...] = ()
    """Others that are kept whole, to be shown in place of an example that is damaged."""
    previewed: frozenset[int] = frozenset()
    """Frames that are kept small; all of them are looked at."""

    def shown(self, kept: Collection[int]) -> tuple[int, ...]:
        """The examples, each that was not kept replaced by the spare that is nearest to it, if any is left.

        Examples
        --------
        >>> Sampling(1, 1, 1, examples=(0, 50, 99), spares=(6, 44, 56, 93)).shown({0, 6, 44, 93, 99})
        (0, 44, 99)
        """
        shown = [number for number in self.examples if number in kept]
        left = [number for number in self.spares if number in kept]
        for missing in (number for number in self.examples if number not in kept):
            if left:
                shown.append(min(left, key=lambda number: abs(number - missing)))
                left.remove(shown[-1])
        return tuple(sorted(shown))


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
    middle, last, apart = n_frames // 2, n_frames - 1, max(1, n_frames // _SPARES_APART)
    examples = {0, middle, last} if n_frames else set()
    spares = {apart, middle - apart, middle + apart, last - apart} & set(range(n_frames)) - examples
    return Sampling(max(1, -(-n_frames // n_looks)), small, tiny, tuple(sorted(examples)), tuple(sorted(spares)))
