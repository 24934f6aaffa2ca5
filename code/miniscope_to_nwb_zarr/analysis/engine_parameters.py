"""Choices as the engines take them, and all parameters as they were used in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.analysis.parameter_file import DEFAULT
from miniscope_to_nwb_zarr.analysis.result import UsedParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.analysis.parameters import Choices

ESTIMATED = "estimated from the movie"


def engine_parameters(choices: Choices, bin_px: int) -> Mapping[str, Any]:
    """What was chosen, by the engines' names; lengths in pixels of the movie that the engine is given."""
    motion, cells = choices.motion, choices.cells
    given = {
        "max_shift_px": motion.max_shift_px and motion.max_shift_px / bin_px,
        "is_piecewise": motion.piecewise,
        "radius_px": cells.radius_px and cells.radius_px / bin_px,
        "decay_s": cells.decay_s,
        "min_correlation": cells.min_correlation,
        "min_peak_to_noise": cells.min_peak_to_noise,
        "merge_correlation": cells.merge_correlation,
    }
    return {name: value for name, value in given.items() if value is not None}


def used_parameters(
    choices: Choices,
    origins: Mapping[str, str],
    usual: Mapping[str, Any],
    estimated: Mapping[str, Any],
    by_engine: Mapping[str, Any],
) -> tuple[UsedParameter, ...]:
    """Every parameter as it was used.

    Parameters
    ----------
    choices : Choices
        Of the movie.
    origins : mapping of str to str
        Where each choice comes from, by its name.
    usual, estimated : mapping
        What stands where nothing was chosen, and what was found out since; by its name.
    by_engine : mapping
        What the engine used, by its own names.
    """
    found = []
    for section, values in choices.as_json().items():
        for key, value in values.items():
            name = f"{section}.{key}"
            if name in estimated:
                found.append(UsedParameter(name, estimated[name], ESTIMATED))
            elif value is not None or name in usual:
                found.append(UsedParameter(name, usual.get(name, value), origins.get(name, DEFAULT)))
    found += [UsedParameter(f"engine.{name}", value, "the engine, as it was used") for name, value in by_engine.items()]
    return tuple(found)
