"""Findings of an analysis of a movie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.advice.entry import Advice
from miniscope_to_nwb_zarr.core.findings import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVIES: Mapping[Code, Advice] = {
    Code.MOVIE_LEFT_OUT: Advice(
        "warning",
        "A movie of the NWB file was not analysed: its frames are in files beside the NWB file, it has too few frames "
        "or pixels, or its stamps do not increase.",
        "It has no cells and no traces.",
        "Nothing, if it is a test; otherwise look at the series that is named.",
    ),
    Code.FRAMES_REPLACED: Advice(
        "info",
        "Frames that are damaged in the video were replaced by their neighbours before the movie was analysed; in the "
        "recording they stay as they were.",
        "Traces are NaN there: leave these frames out.",
        "Nothing.",
    ),
    Code.SIGNAL_CUT: Advice(
        "info",
        "The recording has gaps. Phase and spectrogram do not reach across them; motion, cells and events treat the "
        "frames before and after a gap as neighbours.",
        "Look at events next to the gaps (`intervals/gaps`).",
        "Nothing.",
    ),
    Code.MOTION_AT_LIMIT: Advice(
        "warning",
        "More than 1 % of the frames were moved as far as `motion.max_shift_px` allows.",
        "Motion may be left in the traces of these frames.",
        "Look at the corrected movie, and raise `motion.max_shift_px`.",
    ),
    Code.MOTION_NOT_BETTER: Advice(
        "warning",
        "The mean picture of the corrected movie is less sharp than that of the recorded one, so the motion that was "
        "found is not that of the picture.",
        "Do not use traces and cells before you have looked at the corrected movie.",
        "Take a trend out of the movie (`movie.detrend`), give `motion.max_shift_px`, or leave the motion as it is "
        "(`motion.correct: false`).",
    ),
    Code.NO_CELLS: Advice(
        "warning",
        "No unit was accepted as a cell.",
        "There are no traces of cells.",
        "Look at the summary images; if there are cells, give their size as `cells.radius_px`.",
    ),
    Code.PARAMETER_UNKNOWN: Advice(
        "warning",
        "Columns of a project's `analysis_parameters.csv` whose names are not known: a parameter that is written "
        "another way, or a column of the lab's own.",
        "If a parameter was meant, its default or an estimate was used.",
        "Mend the name of the column, or give the value with `--analysis_parameters`.",
    ),
    Code.PARAMETER_UNUSED: Advice(
        "info",
        "Columns of a project's `analysis_parameters.csv` that are known and change nothing here. They are kept, with "
        "the reason for each.",
        "None.",
        "Read the table `ProjectTables` if you relied on one of them.",
    ),
}
"""By code."""
