"""The blocks in which stimuli were shown, where the file does not list them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from pynwb.epoch import TimeIntervals
from pynwb.image import IndexSeries

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.frame_times import frame_times

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

EPOCHS = "epochs"
# of the protocol of these sessions (reference allen-datasets 2.8)
_GAP_S = 10.0
_SHORTEST_S = 5.0
_OVERLAP_S = 1.0
_MOST_BLOCKS = 3


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A run of one stimulus without a long gap."""

    start_s: float
    stop_s: float
    stimulus: str


def restore_epochs(nwbfile: NWBFile, context: Context) -> list[Change]:
    """List the blocks of stimuli in ``epochs``, if the file has none; if it has, hold them against the stimuli.

    A block ends where the next presentation begins more than 10 s after the end of the one before.
    """
    blocks = sorted(block for name, one in nwbfile.stimulus.items() for block in _blocks(name, one))
    if nwbfile.epochs is not None:
        _compare(nwbfile.epochs, blocks, context)
        return []
    doubts = _doubts(blocks)
    context.findings.extend(
        Finding(Code.EPOCHS_UNCERTAIN, Severity.WARNING, "intervals/epochs", doubt) for doubt in doubts
    )
    if not blocks or doubts:
        return []
    # with the first table of intervals the group of them is made, too
    made = () if nwbfile.intervals else ("/intervals",)
    table = TimeIntervals(name="epochs", description="Blocks of stimuli, made from the times of their presentations")
    table.add_column(name="stimulus_type", description="The stimulus that was shown")
    for block in blocks:
        table.add_row(start_time=block.start_s, stop_time=block.stop_s, stimulus_type=block.stimulus)
    nwbfile.epochs = table
    sentence = f"{len(blocks)} blocks made from the times at which stimuli were shown"
    return [Change(EPOCHS, "/intervals/epochs", sentence, made)]


def split_blocks(starts: NDArray[np.float64], stops: NDArray[np.float64]) -> list[tuple[float, float]]:
    """First start and last stop of each run of presentations that are not more than 10 s apart.

    Examples
    --------
    >>> split_blocks(np.array([20.0, 0.0, 1.0]), np.array([21.0, 0.5, 1.5]))
    [(0.0, 1.5), (20.0, 21.0)]
    """
    order = np.argsort(starts, kind="stable")
    starts, stops = starts[order], stops[order]
    if len(starts) == 0:
        return []
    # a presentation may end after the next one: what counts is the latest end so far
    ends = np.maximum.accumulate(stops)
    firsts = np.r_[0, 1 + np.flatnonzero(starts[1:] - ends[:-1] > _GAP_S)]
    lasts = np.r_[firsts[1:] - 1, len(starts) - 1]
    return [(float(starts[first]), float(ends[last])) for first, last in zip(firsts, lasts, strict=True)]


def _blocks(name: str, presented: object) -> list[Block]:
    stimulus = name.removesuffix("_stimulus")
    if isinstance(presented, TimeIntervals):
        starts, stops = (np.asarray(presented[one].data[:], float) for one in ("start_time", "stop_time"))
    else:
        times = frame_times(presented) if isinstance(presented, IndexSeries) else None
        if times is None:
            return []
        starts = stops = times
    return [Block(start, stop, stimulus) for start, stop in split_blocks(starts, stops)]


def _doubts(blocks: list[Block]) -> list[str]:
    """Why blocks are not those of such a session, a sentence each."""
    doubts = [
        f"the block of {one.stimulus} at {one.start_s:.1f} s has {one.stop_s - one.start_s:.1f} s, expected at least "
        f"{_SHORTEST_S:g} s; no epochs were made"
        for one in blocks
        if one.stop_s - one.start_s < _SHORTEST_S
    ]
    doubts += [
        f"{one.stimulus} at {one.start_s:.1f} s and {two.stimulus} overlap by {one.stop_s - two.start_s:.1f} s, "
        f"expected at most {_OVERLAP_S:g} s; no epochs were made"
        for one, two in pairwise(blocks)
        if one.stop_s - two.start_s > _OVERLAP_S
    ]
    for name in sorted({one.stimulus for one in blocks}):
        n_blocks = sum(one.stimulus == name for one in blocks)
        if n_blocks > _MOST_BLOCKS:
            doubts.append(f"{name} has {n_blocks} blocks, expected at most {_MOST_BLOCKS}; no epochs were made")
    return doubts


def _compare(epochs: TimeIntervals, blocks: list[Block], context: Context) -> None:
    starts, stops = (np.asarray(epochs[one].data[:], float) for one in ("start_time", "stop_time"))
    listed = sorted(zip(starts, stops, strict=True))
    made = [(one.start_s, one.stop_s) for one in blocks]
    if len(listed) != len(made) or not np.allclose(listed, made, rtol=0, atol=_OVERLAP_S):
        sentence = (
            f"lists {len(listed)} blocks, the times of the presentations give {len(made)}, or others by more than "
            f"{_OVERLAP_S:g} s; the list was kept"
        )
        context.findings.append(Finding(Code.EPOCHS_UNCERTAIN, Severity.WARNING, "intervals/epochs", sentence))
