"""The picture on which all frames of a movie are laid, from a sample of them.

It begins as the mean of frames that lie spread over the movie, or of a few that follow each other if those make a
sharper one; the sample is laid on it, and the mean of what was laid makes the next template (Pnevmatikakis &
Giovannucci 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.native.registration import Template, move_back, prepared, rigid_shift
from miniscope_to_nwb_zarr.analysis.native.sample import RUN_FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.native.sample import Sample
    from miniscope_to_nwb_zarr.analysis.workers import Workers

_ROUNDS = 3
"""How often the sample is laid at most, from the better start."""
MOST_ROUNDS = 1 + _ROUNDS
"""With the one from the other start."""
_WORST_SHARE = 0.1
"""Runs that fit least do not enter the template."""
_SHARPER = 1.01
"""By how much stronger the template from a few frames has to be than that from all."""
_STILL_PX = 0.01
"""A template that changes the shifts by less is the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """What frames of a sample gave when they were laid on a template.

    Attributes
    ----------
    shift_px : float64, shape (n_frames, 2)
    quality : float64, shape (n_frames,)
    means : float32, shape (n_runs, height, width)
        Of each run, moved back.
    """

    shift_px: NDArray[np.float64]
    quality: NDArray[np.float64]
    means: NDArray[np.float32]

    @property
    def mean(self) -> NDArray[np.float32]:
        """Of the runs that fit; it lies where the template lay."""
        quality = np.add.reduceat(self.quality, np.arange(0, len(self.quality), RUN_FRAMES))
        return np.asarray(
            self.means[quality >= np.quantile(quality, _WORST_SHARE)].mean(axis=0, dtype=np.float64), dtype=np.float32
        )


def find_template(
    sample: Sample, reach_px: int, workers: Workers, told: Callable[[int, float], None]
) -> tuple[Template, Laid]:
    """The template, and the sample as it was laid for it.

    Parameters
    ----------
    sample : Sample
    reach_px : int
        The largest shift that is looked for.
    workers : Workers
    told : callable
        Told how many rounds were done before, and which share of this one is.
    """
    laid = first_laid(sample, reach_px, workers, told)
    template = prepared(laid.mean, reach_px)
    for number in range(2, MOST_ROUNDS):
        before, laid = laid, lay(sample, template, workers, partial(told, number))
        template = prepared(laid.mean, reach_px)
        if change_px(before, laid) < _STILL_PX:
            break
    # frames that lie where most do are then hardly interpolated, and of the reach as much is left on either side
    usual = np.median(laid.shift_px, axis=0)
    return prepared(move_back(template.picture, -usual), reach_px), replace(laid, shift_px=laid.shift_px - usual)


def first_laid(sample: Sample, reach_px: int, workers: Workers, told: Callable[[int, float], None]) -> Laid:
    """The sample laid on the better start."""
    from_all, from_few = (
        lay(sample, prepared(start, reach_px), workers, partial(told, number))
        for number, start in enumerate((sample.mean(), sample.mean(sample.middle)))
    )
    # that from all lies in the middle of where the picture went
    is_sharper = strength(from_few.mean, reach_px) > _SHARPER * strength(from_all.mean, reach_px)
    return from_few if is_sharper else from_all


def lay(sample: Sample, template: Template, workers: Workers, told: Callable[[float], None]) -> Laid:
    """Lay a sample on a template."""
    found = workers.map(partial(lay_part, sample, template), sample.parts, told)
    shift, quality, means = zip(*found, strict=True)
    return Laid(np.concatenate(shift), np.concatenate(quality), np.concatenate(means))


def lay_part(
    sample: Sample, template: Template, part: slice
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Lay some frames of a sample on a template: shifts, quality, and the mean of each run."""
    frames = sample.read(part)
    found = np.array([rigid_shift(frame, template) for frame in frames])
    moved = [move_back(frame, shift) for frame, shift in zip(frames, found[:, :2], strict=True)]
    runs = [np.mean(moved[first : first + RUN_FRAMES], axis=0) for first in range(0, len(moved), RUN_FRAMES)]
    return found[:, :2], found[:, 2], np.array(runs, dtype=np.float32)


def strength(picture: NDArray[np.float32], reach_px: int) -> float:
    """Of the structures of the inner part of a mean: frames that do not lie on each other cancel out."""
    return float(picture[reach_px:-reach_px, reach_px:-reach_px].std(dtype=np.float64))


def change_px(before: Laid, after: Laid) -> float:
    """By how much shifts changed from one template to the next, but for what is the same for all frames."""
    change = after.shift_px - before.shift_px
    return float(np.sqrt(np.square(change - np.median(change, axis=0)).mean()))
