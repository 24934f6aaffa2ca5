"""All results of one analysis as a processing module of an NWB file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hdmf.common import DynamicTable, VectorData

from miniscope_to_nwb_zarr.analysis.nwb_arrays import Wrap
from miniscope_to_nwb_zarr.analysis.nwb_cells import add_cells
from miniscope_to_nwb_zarr.analysis.nwb_motion import add_motion
from miniscope_to_nwb_zarr.analysis.nwb_signals import add_signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pynwb import NWBFile
    from pynwb.base import ProcessingModule

    from miniscope_to_nwb_zarr.analysis.parameter_file import KeptValue
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

MODULE = "ophys"
"""Name of the first analysis of a file; a further one ends with the beginning of its digest."""
PARAMETERS, VERSIONS, PROJECT = "AnalysisParameters", "AnalysisVersions", "ProjectTables"


def module_name(taken: Sequence[str], digest: str) -> str:
    """The name of the module of an analysis, beside those that are there."""
    return MODULE if MODULE not in taken else f"{MODULE}_{digest[:8]}"


def add_analysis(
    nwbfile: NWBFile,
    name: str,
    analyses: Sequence[MovieAnalysis],
    versions: Mapping[str, str],
    kept: Sequence[KeptValue],
    *,
    backend: str,
    with_movies: bool,
) -> ProcessingModule:
    """Add the results of an analysis to a file in memory.

    Parameters
    ----------
    nwbfile : NWBFile
    name : str
        From `module_name`.
    analyses : sequence of MovieAnalysis
        One for each movie of the file.
    versions : mapping of str to str
        Programs and libraries, and what the analysis is known by.
    kept : sequence of KeptValue
        The cells of the lab's tables.
    backend : str
        ``zarr`` or ``hdf5``.
    with_movies : bool
        Whether the corrected movies are stored.
    """
    wrap = Wrap(backend)
    engines = ", ".join(dict.fromkeys(one.engine for one in analyses))
    module = nwbfile.create_processing_module(
        name,
        f"Motion, cells, traces, events, phase and spectrogram of {', '.join(one.movie.series for one in analyses)}, "
        f"found by {engines}; the table {PARAMETERS} says how.",
    )
    add_motion(nwbfile, module, analyses, wrap, with_movies=with_movies)
    add_cells(nwbfile, module, analyses, wrap, name.removeprefix(MODULE))
    for one in analyses:
        add_signals(nwbfile, module, one, wrap)
    module.add(_parameters(analyses))
    module.add(
        _table(
            VERSIONS,
            "programs and libraries that the analysis was made with",
            {
                "program": ("or what else has a version", list(versions)),
                "version": ("its version", list(versions.values())),
            },
        )
    )
    if kept:
        module.add(_project(kept))
    return module


def _parameters(analyses: Sequence[MovieAnalysis]) -> DynamicTable:
    rows = [(one.movie.series, used) for one in analyses for used in one.parameters]
    return _table(
        PARAMETERS,
        "every parameter as it was used; units are in the names",
        {
            "series": ("the movie", [series for series, _ in rows]),
            "parameter": ("section and name", [used.name for _, used in rows]),
            "value": ("as JSON", [json.dumps(used.value, ensure_ascii=False) for _, used in rows]),
            "origin": ("who or what chose it", [used.origin for _, used in rows]),
        },
    )


def _project(kept: Sequence[KeptValue]) -> DynamicTable:
    return _table(
        PROJECT,
        "the rows of the project's tables on this recording, each cell with what became of it",
        {
            "table": ("the file", [one.table for one in kept]),
            "column": ("its header", [one.column for one in kept]),
            "text": ("the cell, as it is written", [one.text for one in kept]),
            "note": ("which parameter it became, or why it changes nothing here", [one.note for one in kept]),
        },
    )


def _table(name: str, description: str, columns: Mapping[str, tuple[str, Sequence[str]]]) -> DynamicTable:
    return DynamicTable(
        name=name,
        description=description,
        columns=[VectorData(name=key, description=text, data=list(values)) for key, (text, values) in columns.items()],
    )
