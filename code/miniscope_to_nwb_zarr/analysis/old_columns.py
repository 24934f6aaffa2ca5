"""What the columns of a project of ACE-NeuroTools mean here: a parameter, or nothing, and why."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from miniscope_to_nwb_zarr.analysis.old_tables import KEY
from miniscope_to_nwb_zarr.analysis.old_unused import UNUSED
from miniscope_to_nwb_zarr.analysis.parameter_file import Chosen, KeptValue, Use
from miniscope_to_nwb_zarr.analysis.parameters import AnalysisParameters
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniscope_to_nwb_zarr.analysis.old_tables import Experiment, Row

    Read = Callable[[str], Mapping[str, Any]]

_FACT = "a fact of the experiment"
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_RATIOS = ("method", "df_over_f_method")
_RATIO = {"delta_f_over_f": "df_over_f", "delta_f_over_sqrt_f": "df_over_sqrt_f"}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that chooses parameters."""

    expected: str
    read: Read
    """Gives values by name of the parameter; raises ValueError."""
    remark: str = ""
    """What else there is to say of how the text became the value."""


def choose(experiment: Experiment) -> Chosen:
    """The parameters that an experiment's row chooses; every cell is kept, with what became of it.

    Raises
    ------
    InputError
        A cell cannot be read.
    """
    facts, row = experiment.facts, experiment.parameters
    kept = [KeptValue(facts.table, column, text, _FACT, Use.FACT) for column, text in facts.written.items()]
    if row is None:
        return Chosen(kept=tuple(kept))
    values: dict[str, dict[str, Any]] = {}
    origins = {}
    for column, text in row.written.items():
        if (reason := _why_not(row, column)) is not None:
            kept.append(KeptValue(row.table, column, text, *reason))
            continue
        chosen = _read(row, column)
        for name, value in chosen.items():
            section, _, key = name.partition(".")
            values.setdefault(section, {})[key] = value
            origins[name] = row.where(column)
        note = f"became {_listed(chosen)}{_PARAMETERS[column].remark}"
        kept.append(KeptValue(row.table, column, text, note, Use.PARAMETER, tuple(chosen)))
    return Chosen(_model(values, origins), origins, tuple(kept))


def _why_not(row: Row, column: str) -> tuple[str, Use] | None:
    """Why a cell is no parameter of its own, in words; None where it is one."""
    if column == KEY:
        return _FACT, Use.FACT
    if column not in row.cells:
        return "says nothing", Use.EMPTY
    if (found := _beside(row.cells, column)) is not None or column in _PARAMETERS:
        return found
    if column in UNUSED:
        return UNUSED[column], Use.UNUSED
    near = nearest_column(column)
    return "a column that is not known here" + (f"; perhaps `{near}` is meant" if near else ""), Use.UNKNOWN


def _beside(cells: Mapping[str, str], column: str) -> tuple[str, Use] | None:
    """What a cell means that another cell goes with or before; None for all others."""
    if column in _RATIOS:
        return "says which ratio `df_over_f` stands for", Use.PARAMETER if _is_on(cells, "df_over_f") else Use.UNUSED
    if column == "crop" and cells[column].lower() in _TRUTHS:
        return "says whether the picture is cut at all; the corners stand in `crop_coords`", Use.PARAMETER
    if column == "crop" and "crop_coords" in cells:
        return "the older name of `crop_coords`, which stands beside it and counts", Use.UNUSED
    if column == "crop_coords" and _TRUTHS.get(cells.get("crop", "").lower()) is False:
        return "`crop` says that the picture is not cut", Use.UNUSED
    return None


def nearest_column(name: str) -> str | None:
    """The known column that a name is most like; None where it is like none."""
    known = {one.lower(): one for one in (*_PARAMETERS, *_RATIOS, *UNUSED)}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    return known[near[0]] if near else None


def _listed(chosen: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())


def _is_on(cells: Mapping[str, str], column: str) -> bool:
    return _TRUTHS.get(cells.get(column, "").lower()) is True


def _read(row: Row, column: str) -> Mapping[str, Any]:
    known, text = _PARAMETERS[column], row.cells[column]
    try:
        chosen = known.read(text)
    except ValueError as error:
        raise InputError(f"{row.where(column)} is `{text}`; expected {known.expected}") from error
    if column == "df_over_f" and _is_on(row.cells, column):
        return {"movie.normalise": _ratio(row)}
    return chosen


def _ratio(row: Row) -> str:
    """Which ratio is asked for: dF/sqrt(F), as in ACE-NeuroTools, where none is named."""
    for column in _RATIOS:
        text = row.cells.get(column)
        if text is not None and text not in _RATIO:
            raise InputError(f"{row.where(column)} is `{text}`; expected one of {', '.join(_RATIO)}")
        if text is not None:
            return _RATIO[text]
    return "df_over_sqrt_f"


def _model(values: Mapping[str, Mapping[str, Any]], origins: Mapping[str, str]) -> AnalysisParameters:
    try:
        return AnalysisParameters.model_validate(values)
    except ValidationError as error:
        detail = error.errors()[0]
        name = ".".join(map(str, detail["loc"][:2]))
        near = origins.get(name) or next((where for key, where in origins.items() if key.startswith(f"{name}.")), name)
        raise InputError(f"{near}: {detail['msg'].removeprefix('Value error, ')}") from error


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _numbers(text: str) -> list[float]:
    if not (text[:1] in "([" and text[-1:] in ")]"):
        raise ValueError(text)
    return [_number(part.strip()) for part in text[1:-1].split(",") if part.strip()]


def _is_true(text: str) -> bool:
    answer = _TRUTHS.get(text.lower())
    if answer is None:
        raise ValueError(text)
    return answer


def _a_number(name: str, factor: float = 1.0) -> _Column:
    return _Column("a number", lambda text: {name: _number(text) * factor})


def _mean_of_pair(name: str, factor: float = 1.0) -> _Column:
    def read(text: str) -> Mapping[str, Any]:
        numbers = _numbers(text) if text[:1] in "([" else [_number(text)]
        if not numbers:
            raise ValueError(text)
        return {name: sum(numbers) / len(numbers) * factor}

    return _Column('two numbers between quotes, as in "(7, 7)"', read, ", the mean of both where there are two")


def _a_truth(name: str) -> _Column:
    return _Column("TRUE or FALSE", lambda text: {name: _is_true(text)})


def _crop(text: str) -> Mapping[str, Any]:
    corners = _numbers(text)
    if len(corners) != 4 or any(corner % 1 for corner in corners):
        raise ValueError(text)
    return {"picture.crop_px": [int(corner) for corner in corners], "picture.crop_origin": "bottom_left"}


def _band(text: str) -> Mapping[str, Any]:
    low, high = _numbers(text)
    return {"phase.low_hz": low, "phase.high_hz": high}


def _limits(text: str) -> Mapping[str, Any]:
    _, high = _numbers(text)
    return {"spectrogram.highest_hz": high}


def _one_of(name: str, words: Mapping[str, str]) -> _Column:
    def read(text: str) -> Mapping[str, Any]:
        if text not in words:
            raise ValueError(text)
        return {name: words[text]}

    return _Column(f"one of {', '.join(words)}", read)


def _relative(text: str) -> Mapping[str, Any]:
    return {"movie.normalise": "df_over_sqrt_f" if _is_true(text) else "none"}


_CORNERS = _Column('four whole numbers between quotes, as in "(121, 71, 510, 462)"', _crop)

_PARAMETERS: dict[str, _Column] = {
    "crop": _CORNERS,
    "crop_coords": _CORNERS,
    "detrend_method": _one_of("movie.detrend", {"median": "frame_mean", "linear": "pixel_linear"}),
    "df_over_f": _Column("TRUE or FALSE", _relative),
    "secs_window": _a_number("movie.baseline_window_s"),
    "quantile_min": _a_number("movie.baseline_quantile", 0.01),
    "apply_motion_correction": _a_truth("motion.correct"),
    "pw_rigid": _a_truth("motion.piecewise"),
    "max_shifts": _mean_of_pair("motion.max_shift_px"),
    "run_CNMFE": _a_truth("cells.find"),
    "gSig": _mean_of_pair("cells.radius_px"),
    "decay_time": _a_number("cells.decay_s"),
    "min_corr": _a_number("cells.min_correlation"),
    "min_pnr": _a_number("cells.min_peak_to_noise"),
    "merge_thr": _a_number("cells.merge_correlation"),
    "cut": _Column('two numbers between brackets, as in "[0.1, 1.5]"', _band),
    "window_length": _a_number("spectrogram.window_s"),
    "window_step": _a_number("spectrogram.step_s"),
    "freq_lims": _Column(
        'two numbers between brackets, as in "[0, 15]"', _limits, "; the lower limit is not used, bands begin at 0 Hz"
    ),
    "time_bandwidth": _a_number("spectrogram.time_bandwidth"),
}
