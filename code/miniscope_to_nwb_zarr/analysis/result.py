"""What comes of the analysis of one movie: values only, before any of it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.analysis.normalise import Normalise

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
        Without its motion, in grey levels.
    """

    movie: RecordedMovie
    crop: Crop
    bin_px: int
    normalise: Normalise
    """What the brightness was divided by before cells were looked for."""
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
    rest: NDArray[np.float32] | None = None
    """F0 of each pixel in grey levels, mean over time, shape (height, width); None where nothing was divided by it."""

    def value(self, name: str) -> Any:  # noqa: ANN401 - a JSON value
        """A parameter as it was used; None where there is none."""
        return next((one.value for one in self.parameters if one.name == name), None)


def relative_change(one: MovieAnalysis, units: Units) -> NDArray[np.float32]:
    """dF/F of each unit, shape (n_units, n_frames); NaN where there is no baseline to divide by.

    dF is what the demixed trace has above the resting level of its denoised one; F0 is the fluorescence of the cell at
    rest with the background under it, as the engine gives it. Where each pixel was divided by its own F0 before, it is
    multiplied by it again, so that both are sums of grey levels under the footprint, weighted by it.
    """
    resting = np.quantile(units.denoised, RESTING_QUANTILE, axis=1, keepdims=True)
    f0 = units.baseline.astype(np.float64)
    if one.rest is not None:
        rest = one.rest.ravel().astype(np.float64)
        divisor = rest if one.normalise is Normalise.DF_OVER_F else np.sqrt(rest)
        # of a brightness c times the footprint a, the grey levels are c * a * divisor
        brightness = units.footprints.power(2) @ divisor
        f0 = (units.footprints @ rest) / np.where(brightness > 0, brightness, np.nan)
    f0 = np.where(f0 > 0, f0, np.nan)[:, None]
    change: NDArray[np.float32] = ((units.raw - resting) / f0).astype(np.float32)
    return change
