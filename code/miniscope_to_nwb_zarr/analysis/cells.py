"""Units with what they are judged by, and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.result import Cells, Events

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.analysis.contract import Movie, Units
    from miniscope_to_nwb_zarr.analysis.parameters import Choices


def cells_of(units: Units, movie: Movie, choices: Choices) -> Cells:
    """Judge units and find their events."""
    snr = (units.denoised.max(axis=1) / np.maximum(units.noise, 1e-9)).astype(np.float32)
    threshold = choices.events.threshold_noise or 3.0
    unit, frame = np.nonzero(units.deconvolved > threshold * units.noise[:, None])
    order = np.lexsort((unit, frame))
    unit, frame = unit[order], frame[order]
    return Cells(
        units,
        snr >= (choices.accept.min_snr or 3.0),
        {"snr": snr},
        {"snr": "highest value of the denoised trace in the noise of the trace"},
        Events(unit, frame, units.deconvolved[unit, frame]),
    )
