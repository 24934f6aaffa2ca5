"""What the columns of a project of ACE-NeuroTools mean here: a parameter, or nothing, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from miniscope_to_nwb_zarr.analysis.old_tables import KEY
from miniscope_to_nwb_zarr.analysis.parameter_file import Chosen, KeptValue
from miniscope_to_nwb_zarr.analysis.parameters import AnalysisParameters
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniscope_to_nwb_zarr.analysis.old_tables import Experiment, Row

    Read = Callable[[str], Mapping[str, Any]]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that chooses parameters."""

    expected: str
    read: Read
    """Gives values by name of the parameter; raises ValueError."""


def choose(experiment: Experiment) -> Chosen:
    """The parameters that an experiment's row chooses; all that it says besides is kept.

    Raises
    ------
    InputError
        A cell cannot be read.
    """
    kept = [
        KeptValue(experiment.facts.table, column, text, "a fact of the experiment")
        for column, text in experiment.facts.cells.items()
        if column != KEY
    ]
    row = experiment.parameters
    if row is None:
        return Chosen(kept=tuple(kept))
    values: dict[str, dict[str, Any]] = {}
    origins = {}
    # `crop` is the older name: where a row has both, the newer one counts
    for column, text in sorted(row.cells.items(), key=lambda cell: cell[0] != "crop"):
        known = _PARAMETERS.get(column)
        if known is None:
            if column != KEY:
                kept.append(KeptValue(row.table, column, text, _MEANINGLESS.get(column, _UNKNOWN)))
            continue
        for name, value in _read(row, column, text, known).items():
            section, _, key = name.partition(".")
            values.setdefault(section, {})[key] = value
            origins[name] = row.where(column)
    if _is_plain_ratio(row) and "movie.normalise" in origins:
        values["movie"]["normalise"] = "df_over_f"
    return Chosen(_model(values, origins), origins, tuple(kept))


def _is_plain_ratio(row: Row) -> bool:
    """Whether dF/F is asked for as such, which ACE-NeuroTools takes for dF/sqrt(F) otherwise."""
    return row.cells.get("method") == "delta_f_over_f" and row.cells.get("df_over_f", "").lower() in {"true", "1"}


def _read(row: Row, column: str, text: str, known: _Column) -> Mapping[str, Any]:
    try:
        return known.read(text)
    except ValueError as error:
        raise InputError(f"{row.where(column)} is `{text}`; expected {known.expected}") from error


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
    answer = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
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

    return _Column('two numbers between quotes, as in "(7, 7)"', read)


def _a_truth(name: str) -> _Column:
    return _Column("TRUE or FALSE", lambda text: {name: _is_true(text)})


def _crop(text: str) -> Mapping[str, Any]:
    if text.lower() in {"true", "false"}:
        # whether to crop; the corners stand elsewhere
        return {}
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
    "min_SNR": _a_number("accept.min_snr"),
    "rval_thr": _a_number("accept.min_footprint_correlation"),
    "cut": _Column('two numbers between brackets, as in "[0.1, 1.5]"', _band),
    "window_length": _a_number("spectrogram.window_s"),
    "window_step": _a_number("spectrogram.step_s"),
    "freq_lims": _Column('two numbers between brackets, as in "[0, 15]"', _limits),
    "time_bandwidth": _a_number("spectrogram.time_bandwidth"),
}

_UNKNOWN = "a column that is not known here"
_OF_CAIMAN = "belongs to the inside of CaImAn; the engines here have no such choice"
_OF_EPHYS = "concerns the electrophysiology that was recorded beside the movie"
_OF_PLACES = "says where files lie"
_OF_PERIODS = "names times that the experimenter chose; nothing here depends on them"
_OF_SCREEN = "concerns windows, files and processes of ACE-NeuroTools"
_MEANINGLESS: dict[str, str] = {
    **dict.fromkeys(
        (
            "update_background_components", "method_deconvolution", "method_init", "K", "gSiz", "tsub", "ssub",
            "ssub_B", "ring_size_factor", "normalize_init", "center_psf", "nb", "p", "del_duplicates", "border_pix",
            "low_rank_background", "rf", "stride", "only_init", "nb_patch", "use_cnn", "shifts_opencv", "gSig_filt",
            "strides", "overlaps", "max_deviation_rigid", "border_nan",
        ),
        _OF_CAIMAN,
    ),
    **dict.fromkeys(
        (
            "indices of TTL events to delete", "channel_name", "remove_artifacts", "filter_type", "filter_range",
            "compute_phases", "plot_channel", "plot_spectrogram", "plot_phases", "ca_ephys_baseline_video_num",
            "ca_ephys_slow_wave_video_num", "ca_ephys_burst_suppression_video_num",
        ),
        _OF_EPHYS,
    ),
    **dict.fromkeys(
        (
            "id", "date (YYMMDD)", "Box calcium folder ID", "calcium imaging directory", "Box ephys folder ID",
            "ephys directory", "filenames",
        ),
        _OF_PLACES,
    ),
    **dict.fromkeys(
        (
            "zero time (s)", "baseline period (min)", "periods of high slow wave power (s)", "control periods (s)",
        ),
        _OF_PERIODS,
    ),
    **dict.fromkeys(
        (
            "parallel", "n_processes", "inspect_motion_correction", "plot_params", "save_estimates",
            "save_CNMFE_estimates_filename", "save_CNMFE_params", "remove_components_with_gui", "inline",
            "logging_level",
        ),
        _OF_SCREEN,
    ),
    "event_height": "a threshold in arbitrary units; here events.threshold_noise, in the noise of each trace",
    "derivative_for_estimates": "events here are those of the deconvolved trace",
    "find_calcium_events": "events are always found",
    "compute_miniscope_phase": "the phase is always computed",
    "spectrogram": "the spectrogram is always computed",
    "filter_data": "the phase is always that of a band: without one it says nothing",
    "n": "the filter is of second order",
    "ftype": "the filter is Butterworth's",
    "btype": "the filter passes a band",
    "crop_square": "a second rectangle beside `crop`, which is the one that is analysed",
    "method": "says which ratio `df_over_f` stands for",
    "comments": "a remark",
}  # fmt: skip
