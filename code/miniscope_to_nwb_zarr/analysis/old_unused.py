"""Columns of a project of ACE-NeuroTools that are known and change nothing here, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_CAIMAN = "belongs to the inside of CaImAn; the engines here have no such choice"
_OF_EPHYS = "concerns the electrophysiology that was recorded beside the movie"
_OF_PLACES = "says where files lie"
_OF_PERIODS = "names times that the experimenter chose; nothing here depends on them"
_OF_EXPERIMENT = "a fact of the experiment"
_OF_SCREEN = "concerns windows, files and processes of ACE-NeuroTools"
UNUSED: Mapping[str, str] = {
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
            "logging_level", "headless",
        ),
        _OF_SCREEN,
    ),
    **dict.fromkeys(
        (
            "Box Calcium Folder ID", "rat weight (kg)", "systemic drug", "systemic dose (% or mg/kg/min)",
            "systemic drug concentration (mg/mL)", "total systemic time (min)", "emg channel", "events filename",
            "LFP and EEG CSCs",
        ),
        _OF_EXPERIMENT,
    ),
    "min_SNR": "a threshold on CaImAn's score of how unusual a transient is, which is no height in the noise as `snr` "
    "is here; not used, accept.min_snr is the threshold on that",
    "rval_thr": "a threshold on CaImAn's correlation of a footprint with the mean of some frames, which is not "
    "`footprint_correlation` here; not used, accept.min_footprint_correlation is the threshold on that",
    "event_height": "a threshold in arbitrary units; here events.threshold_noise, in the noise of each trace",
    "derivative_for_estimates": "events here are those of the deconvolved trace",
    "find_calcium_events": "events are always found",
    "compute_miniscope_phase": "the phase is always computed",
    **dict.fromkeys(
        ("spectrogram", "compute_miniscope_spectrogram"), "the spectrogram is always computed"
    ),
    **dict.fromkeys(
        ("filter_data", "filter_miniscope_data"), "the phase is always that of a band: without one it says nothing"
    ),
    "n": "the filter is of second order",
    "ftype": "the filter is Butterworth's",
    "btype": "the filter passes a band",
    "crop_square": "a second rectangle beside `crop`, which is the one that is analysed",
    "comments": "a remark",
}  # fmt: skip
"""Why it changes nothing, by the name of the column."""
