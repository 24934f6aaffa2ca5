"""What comes of the analysis of one movie: values only, before any of it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Motion, Movie, Units
    from miniscope_to_nwb_zarr.analysis.crop import Crop
    from miniscope_to_nwb_zarr.analysis.events import Events
    from miniscope_to_nwb_zarr.analysis.kept_steps import Step
    from miniscope_to_nwb_zarr.analysis.recorded import RecordedMovie
    from miniscope_to_nwb_zarr.analysis.spectrogram import Spectrogram
    from miniscope_to_nwb_zarr.core.findings import Finding

RESTING_QUANTILE = 0.08
"""Of the denoised trace of a cell: what is above it is the change of fluorescence."""


@dataclass(frozen=True, slots=True)
class UsedParameter:
    """A parameter as it was used."""

    name: str
    """With its section, and its unit at the end: ``cells.radius_px``."""
    value: Any
    """A JSON value."""
    origin: str
    """File and line, ``default``, or ``estimated from the movie``."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The units of a movie, which of them are taken for cells, and why.

    Attributes
    ----------
    accepted : bool, shape (n_units,)
    scores : mapping of str to float32, shape (n_units,)
        What the units were judged by, also of those that were rejected.
    meanings : mapping of str to str
        What each score is, in words.
    """

    units: Units
    accepted: NDArray[np.bool_]
    scores: Mapping[str, NDArray[np.float32]]
    meanings: Mapping[str, str]
    events: Events


@dataclass(frozen=True, slots=True, eq=False)
class MovieAnalysis:
    """What was found in one movie.

    Attributes
    ----------
    trace : float32, shape (n_frames,)
        Mean brightness of the analysed part as it was recorded.
    phase : float32, shape (n_frames,), or None
    corrected : Movie or None
        Without its motion, in the units of the movie that the engine was given.
    """

    movie: RecordedMovie
    crop: Crop
    bin_px: int
    unit: str
    """Of the corrected movie and of the traces, in words."""
    trace: NDArray[np.float32]
    motion: Motion | None
    corrected: Movie | None
    cells: Cells | None
    phase: NDArray[np.float32] | None
    spectrogram: Spectrogram | None
    engine: str
    """Name and version."""
    parameters: tuple[UsedParameter, ...]
    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    """What took long, in order."""

    def value(self, name: str) -> Any:  # noqa: ANN401 - a JSON value
        """A parameter as it was used; None where there is none."""
        return next((one.value for one in self.parameters if one.name == name), None)


def relative_change(units: Units) -> NDArray[np.float32]:
    """dF/F of each unit, shape (n_units, n_frames); NaN where there is no baseline to divide by.

    dF is what the demixed trace has above the resting level of its denoised one; F0 is the fluorescence of the cell at
    rest with the background under it, as the engine gives it.
    """
    resting = np.quantile(units.denoised, RESTING_QUANTILE, axis=1, keepdims=True)
    f0 = np.where(units.baseline > 0, units.baseline, np.nan)[:, None]
    change: NDArray[np.float32] = ((units.raw - resting) / f0).astype(np.float32)
    return change
