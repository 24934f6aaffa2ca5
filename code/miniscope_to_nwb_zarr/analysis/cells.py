"""Units with what they are judged by, and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.analysis import evaluation
from miniscope_to_nwb_zarr.analysis.events import find_events
from miniscope_to_nwb_zarr.analysis.result import Cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Units
    from miniscope_to_nwb_zarr.analysis.parameters import Choices


def thresholds(choices: Choices, event_noise: float) -> dict[str, Any]:
    """What units and events are judged by, by the names of the choices; what was left open is as usual.

    Parameters
    ----------
    choices : Choices
    event_noise : float
        The multiple of the noise from which the engine's jumps count.
    """
    accept = choices.accept
    usual = {
        "accept.min_snr": (accept.min_snr, evaluation.MIN_SNR),
        "accept.min_footprint_correlation": (accept.min_footprint_correlation, evaluation.MIN_FOOTPRINT_CORRELATION),
        "accept.max_surround_share": (accept.max_surround_share, evaluation.MAX_SURROUND_SHARE),
        "events.threshold_noise": (choices.events.threshold_noise, event_noise),
    }
    return {name: default if chosen is None else chosen for name, (chosen, default) in usual.items()}


def cells_of(
    units: Units, scores: Mapping[str, NDArray[np.float32]], judged_by: Mapping[str, Any], rate_hz: float
) -> Cells:
    """Judge units by their scores and find their events.

    Parameters
    ----------
    units : Units
    scores : mapping of str to float32, shape (n_units,)
        From `evaluation.evaluate`.
    judged_by : mapping
        From `thresholds`.
    rate_hz : float
        Frames in a second.
    """
    limits = {name.removeprefix("accept."): one for name, one in judged_by.items() if name.startswith("accept.")}
    return Cells(
        units=units,
        accepted=evaluation.accept(scores, **limits),
        scores=scores,
        meanings=evaluation.MEANINGS,
        events=find_events(units.deconvolved, units.noise, judged_by["events.threshold_noise"], rate_hz),
    )
