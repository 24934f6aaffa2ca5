"""How many cells an analysis has, as the report of a recording and the page of a run tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis


@dataclass(frozen=True, slots=True)
class CellCount:
    """Units of a movie, and those of them that are taken for cells."""

    cells: int
    units: int


if TYPE_CHECKING:
    Counts = Mapping[str, CellCount | None]
    """By the series of the movie; None where cells were not looked for."""


def counts_of(analyses: Sequence[MovieAnalysis]) -> Counts:
    """Of the movies of an analysis."""
    return {
        one.movie.series: CellCount(int(one.cells.accepted.sum()), one.cells.units.n_units) if one.cells else None
        for one in analyses
    }


def in_words(count: CellCount | None) -> str:
    """A count for people.

    Examples
    --------
    >>> in_words(CellCount(10, 12)), in_words(CellCount(0, 0)), in_words(None)
    ('10 cells of 12 units', 'no units found', 'cells not looked for')
    """
    if count is None:
        return "cells not looked for"
    return f"{counted(count.cells, 'cell')} of {counted(count.units, 'unit')}" if count.units else "no units found"


def label_of(series: str) -> str:
    """A series of frames, as people know it.

    Examples
    --------
    >>> label_of("OnePhotonSeries_HPC"), label_of("OnePhotonSeries")
    ('HPC', 'OnePhotonSeries')
    """
    return series.removeprefix("OnePhotonSeries").strip("_ ") or series


def all_in_words(analyses: Iterable[Counts]) -> str:
    """The counts of all movies of some analyses.

    Examples
    --------
    >>> all_in_words([{"OnePhotonSeries_HPC": CellCount(10, 12), "OnePhotonSeries_ACC": None}])
    '10 cells of 12 units (HPC), cells not looked for (ACC)'
    """
    return ", ".join(
        f"{in_words(count)} ({label_of(series)})" for counts in analyses for series, count in counts.items()
    )
