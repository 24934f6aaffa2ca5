"""Choices as the engines take them, and all parameters as they were used in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.analysis.parameter_file import DEFAULT
from miniscope_to_nwb_zarr.analysis.result import UsedParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.analysis.contract import Motion, Units
    from miniscope_to_nwb_zarr.analysis.parameters import Choices

ESTIMATED = "estimated from the movie"
BY_ENGINE = "default of the engine"
_LENGTH = "_px"
_CHOICES = {
    "max_shift_px": "motion.max_shift_px",
    "is_piecewise": "motion.piecewise",
    "radius_px": "cells.radius_px",
    "decay_s": "cells.decay_s",
    "min_correlation": "cells.min_correlation",
    "min_peak_to_noise": "cells.min_peak_to_noise",
    "merge_correlation": "cells.merge_correlation",
}
"""What the engines know by other names."""


def engine_parameters(choices: Choices, bin_px: int) -> Mapping[str, Any]:
    """What was chosen, by the engines' names; lengths in pixels of the movie that the engine is given."""
    values = _by_name(choices)
    given = {}
    for name, choice in _CHOICES.items():
        value = values[choice]
        if value is not None:
            given[name] = value / bin_px if name.endswith(_LENGTH) else value
    return given


def used_parameters(
    choices: Choices,
    origins: Mapping[str, str],
    usual: Mapping[str, Any],
    found: Mapping[str, Any],
    by_engine: Mapping[str, tuple[Any, str]],
) -> tuple[UsedParameter, ...]:
    """Every parameter as it was used.

    Parameters
    ----------
    choices : Choices
        Of the movie.
    origins : mapping of str to str
        Where each choice comes from, by its name.
    usual, found : mapping
        What stands where nothing was chosen, and what follows from the movie there; by its name.
    by_engine : mapping of str to (value, origin)
        From `of_engine`.
    """
    engine = {_CHOICES.get(name, f"engine.{name}"): one for name, one in by_engine.items()}
    used = {}
    for name, value in _by_name(choices).items():
        if value is not None:
            used[name] = UsedParameter(name, value, origins.get(name, DEFAULT))
        elif name in found:
            used[name] = UsedParameter(name, found[name], ESTIMATED)
        elif name in usual:
            used[name] = UsedParameter(name, usual[name], DEFAULT)
        elif name in engine:
            used[name] = UsedParameter(name, *engine[name])
    return (*used.values(), *(UsedParameter(name, *one) for name, one in engine.items() if name.startswith("engine.")))


def of_engine(motion: Motion | None, units: Units | None, bin_px: int) -> dict[str, tuple[Any, str]]:
    """What an engine used, by its own names, and where that comes from; lengths in pixels of the recording."""
    values = dict(units.parameters) if units else {}
    if motion is not None:
        of_motion = {"max_shift_px": motion.reach_px, "is_bent": motion.is_bent, "patch_px": motion.patch_px}
        values |= {name: value for name, value in of_motion.items() if value is not None}
    estimated = (*units.estimated, "is_bent") if units else ("is_bent",)
    return {
        name: (value * bin_px if name.endswith(_LENGTH) else value, ESTIMATED if name in estimated else BY_ENGINE)
        for name, value in values.items()
    }


def _by_name(choices: Choices) -> Mapping[str, Any]:
    return {f"{section}.{key}": value for section, values in choices.as_json().items() for key, value in values.items()}
