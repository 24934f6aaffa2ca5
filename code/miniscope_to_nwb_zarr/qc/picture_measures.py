"""What the pictures of a scope tell in figures: how bright they are, and how much they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.qc.measure import Measure, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.measure import Aspect
    from miniscope_to_nwb_zarr.qc.seen import SeenFrames

BRIGHTNESS, MOTION = "Brightness", "Motion"
_MOST_CHANGE = 0.25
_DARK_SHARE = 0.5
# cells at the edge leave the picture when it moves by more
_MOST_MOTION = 0.05
_FEWEST_FRAMES = 20


def picture_measures(seen: SeenFrames, shorter_side_px: int, aspect: Aspect) -> Iterator[Measure]:
    """The measures of the pictures of one scope in one recording.

    Parameters
    ----------
    seen : SeenFrames
    shorter_side_px : int
        Of the movie.
    aspect : Aspect
    """
    level = seen.level[np.isfinite(seen.level)]
    change = level_change(level)
    if change is not None:
        n_dark = int(np.sum(level < _DARK_SHARE * np.median(level)))
        yield Measure(
            BRIGHTNESS,
            "Mean gray level of every frame. Passes where the mean of the last tenth of the frames is within "
            f"{_MOST_CHANGE:.0%} of that of the first tenth, and no frame is less than half as bright as they usually "
            "are (as without light); a person has to look otherwise.",
            {
                "mean": round(float(level.mean()), 3),
                "smallest": round(float(level.min()), 3),
                "largest": round(float(level.max()), 3),
                "change": round(change, 4),
                "dark_frames": n_dark,
            },
            Verdict.LOOK if abs(change) > _MOST_CHANGE or n_dark else Verdict.GOOD,
            aspect,
        )
    if seen.motion is not None:
        distance = seen.motion.distance_px
        usual, most, largest = (round(float(np.percentile(distance, share)), 1) for share in (50, 95, 100))
        yield Measure(
            MOTION,
            "Distance of the picture from its usual place, estimated to about a pixel. Passes where 95 % of the frames "
            f"that were looked at are within {_MOST_MOTION:.0%} of the shorter side of the picture; a person has to "
            "look otherwise.",
            {
                "median_px": usual,
                "within_95_percent_px": most,
                "largest_px": largest,
                "frames_looked_at": len(distance),
            },
            Verdict.LOOK if most > _MOST_MOTION * shorter_side_px else Verdict.GOOD,
            aspect,
        )


def level_change(level: NDArray[np.float64]) -> float | None:
    """Change of the mean level from the first to the last tenth of the frames, as a share; None where there is none.

    Examples
    --------
    >>> level_change(np.linspace(110, 90, 100)).__round__(2)
    -0.17
    """
    seen = level[np.isfinite(level)]
    if len(seen) < _FEWEST_FRAMES:
        return None
    tenth = len(seen) // 10
    begin, end = float(seen[:tenth].mean()), float(seen[-tenth:].mean())
    return None if begin <= 0 else end / begin - 1
