"""What is worth knowing of the analysis of a movie, and what is doubtful about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.even_time import LONGEST_BRIDGE_FRAMES, stretches
from miniscope_to_nwb_zarr.analysis.old_columns import nearest_column
from miniscope_to_nwb_zarr.analysis.old_tables import PARAMETERS
from miniscope_to_nwb_zarr.analysis.parameter_file import Use
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniscope_to_nwb_zarr.analysis.parameter_file import KeptValue
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

_NAMED = 10
_LIMIT_SHARE = 0.01
_NEAR_LIMIT = 0.95
_LEAST_SHARPER = 0.97
"""Moving frames by parts of a pixel blurs them a little, also where there was hardly any motion."""


def doubts_of(one: MovieAnalysis) -> tuple[Finding, ...]:
    """The findings of the analysis of one movie."""
    return tuple(finding for part in (_replaced, _cut, _motion, _blurred, _cells) for finding in part(one))


def unused_values(kept: Sequence[KeptValue]) -> tuple[Finding, ...]:
    """The findings on columns of the lab's table of parameters that change nothing: unknown ones, and known ones."""
    return (*_unknown(kept), *_unused(kept))


def _unknown(kept: Sequence[KeptValue]) -> Iterator[Finding]:
    names = [one.column for one in kept if one.use is Use.UNKNOWN]
    if names:
        near = [(name, nearest_column(name)) for name in names]
        told = ", ".join(f"`{name}`" + (f" (perhaps `{other}` is meant)" if other else "") for name, other in near)
        sentence = (
            f"{counted(len(names), 'column')} of this table not known here, and so without effect: {told}. If it is a "
            "parameter, mend the name, or give its value with --analysis_parameters"
        )
        yield Finding(Code.PARAMETER_UNKNOWN, Severity.WARNING, PARAMETERS, sentence, {"count": len(names)})


def _unused(kept: Sequence[KeptValue]) -> Iterator[Finding]:
    names = [one.column for one in kept if one.use is Use.UNUSED]
    if names:
        shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        sentence = (
            f"{counted(len(names), 'column')} of this table without a counterpart here: {shown}. The table "
            "ProjectTables in the NWB file has the reason for each"
        )
        yield Finding(Code.PARAMETER_UNUSED, Severity.INFO, PARAMETERS, sentence, {"count": len(names)})


def _replaced(one: MovieAnalysis) -> Iterator[Finding]:
    damaged = one.movie.damaged
    if damaged:
        named = ", ".join(map(str, damaged[:_NAMED])) + (", ..." if len(damaged) > _NAMED else "")
        sentence = (
            f"{counted(len(damaged), 'frame')} damaged in the video ({named}): replaced by the neighbouring frames "
            "for the analysis. The traces are NaN there, and the recorded frames themselves stay as they were"
        )
        yield Finding(Code.FRAMES_REPLACED, Severity.INFO, one.movie.series, sentence, {"count": len(damaged)})


def _cut(one: MovieAnalysis) -> Iterator[Finding]:
    parts = stretches(one.movie.time_s, one.trace)
    if len(parts) > 1:
        sentence = (
            f"the recording has {counted(len(parts) - 1, 'gap')} of more than {LONGEST_BRIDGE_FRAMES} frames: phase "
            "and spectrogram do not reach across them; motion, cells and events treat the frames before and after a "
            "gap as neighbours"
        )
        yield Finding(Code.SIGNAL_CUT, Severity.INFO, one.movie.series, sentence, {"gaps": len(parts) - 1})


def _motion(one: MovieAnalysis) -> Iterator[Finding]:
    if one.motion is None or one.motion.reach_px is None:
        return
    reach_px = one.motion.reach_px * one.bin_px
    largest_px = np.abs(one.motion.shift_px).max(axis=1) * one.bin_px
    n_frames = int(np.sum(largest_px >= _NEAR_LIMIT * reach_px))
    if n_frames > _LIMIT_SHARE * one.movie.n_frames:
        sentence = (
            f"{counted(n_frames, 'frame was', 'frames were')} moved by the largest shift that is allowed "
            f"({reach_px:g} pixels of the recording): the true motion may be larger. Look at the corrected movie, and "
            "raise motion.max_shift_px"
        )
        yield Finding(Code.MOTION_AT_LIMIT, Severity.WARNING, one.movie.series, sentence, {"frames": n_frames})


def _blurred(one: MovieAnalysis) -> Iterator[Finding]:
    if one.motion is None or one.motion.sharpness is None:
        return
    before, after = one.motion.sharpness
    if after < _LEAST_SHARPER * before:
        sentence = (
            "the mean picture of the corrected movie is less sharp than that of the recorded one "
            f"({round(100 * after / before)} % of it): the motion that was found is not that of the picture. Look at "
            "both, and take a trend out of the movie (movie.detrend), give motion.max_shift_px, or leave the motion as "
            "it is (motion.correct: false)"
        )
        yield Finding(
            Code.MOTION_NOT_BETTER,
            Severity.WARNING,
            one.movie.series,
            sentence,
            {"sharpness_before": round(before, 4), "sharpness_after": round(after, 4)},
        )


def _cells(one: MovieAnalysis) -> Iterator[Finding]:
    if one.cells is not None and not one.cells.accepted.any():
        n_units = one.cells.units.n_units
        sentence = (
            f"no cell was found ({counted(n_units, 'unit')}, none of them accepted). Look at the summary images; if "
            "there are cells, give their size as cells.radius_px"
        )
        yield Finding(Code.NO_CELLS, Severity.WARNING, one.movie.series, sentence, {"units": n_units})
