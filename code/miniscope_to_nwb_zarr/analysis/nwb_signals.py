"""Mean fluorescence, its phase and its spectrogram, and the summary images, in the NWB file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb import TimeSeries
from pynwb.base import Images
from pynwb.image import GrayscaleImage
from pynwb.misc import DecompositionSeries, FrequencyBandsTable

from miniscope_to_nwb_zarr.analysis.nwb_arrays import clock_of, on_picture

if TYPE_CHECKING:
    from pynwb import NWBFile
    from pynwb.base import ProcessingModule

    from miniscope_to_nwb_zarr.analysis.nwb_arrays import Wrap
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis
    from miniscope_to_nwb_zarr.analysis.spectrogram import Spectrogram

_MEANINGS = {
    "mean": "mean over time of the corrected movie",
    "max": "largest value over time of the corrected movie",
    "correlation": "correlation of each pixel with its neighbours",
    "peak_to_noise": "highest peak of each pixel, in its noise",
    "template": "the picture on which all frames were laid, of structures as fine as cells",
}


def add_signals(nwbfile: NWBFile, module: ProcessingModule, one: MovieAnalysis, wrap: Wrap) -> None:
    """Add what is known of the movie as a whole."""
    label, frames = one.movie.label, nwbfile.acquisition[one.movie.series]
    mean = TimeSeries(
        name=f"MeanFluorescence_{label}",
        description="Mean of all pixels of the analysed part of the picture in each frame, as it was recorded: neither "
        "a trend nor motion was taken out.",
        data=wrap.values(one.trace),
        unit="n.a.",
        **clock_of(frames),
    )
    module.add(mean)
    if one.phase is not None:
        low, high = one.value("phase.low_hz"), one.value("phase.high_hz")
        module.add(
            TimeSeries(
                name=f"FluorescencePhase_{label}",
                description=f"Phase of {mean.name} between {low:g} and {high:g} Hz, -pi to pi, 0 at a peak: angle of "
                "the analytic signal (Hilbert) after a Butterworth filter of second order, forwards and backwards, on "
                "an even grid of time; nothing reaches across a gap. NaN where a stretch without a gap is shorter than "
                "one period of the lowest frequency.",
                data=wrap.values(one.phase),
                unit="radians",
                **clock_of(frames),
            )
        )
    if one.spectrogram is not None:
        module.add(_spectrogram(one, mean, wrap))
    if images := _images(one):
        module.add(images)


def _spectrogram(one: MovieAnalysis, mean: TimeSeries, wrap: Wrap) -> DecompositionSeries:
    found = one.spectrogram
    if found is None:
        raise ValueError(f"{one.movie.series}: there is no spectrogram")
    bands = FrequencyBandsTable()
    for low, high in found.band_hz:
        bands.add_row(band_name=f"{low:.3f}-{high:.3f} Hz", band_limits=np.array([low, high]))
    return DecompositionSeries(
        name=f"FluorescenceSpectrogram_{one.movie.label}",
        description=f"Power spectral density of {mean.name}, (window, 1, band): mean over {found.n_tapers} tapers of "
        f"windows of {found.window_s:.3f} s, one every {found.step_s:.3f} s, less the straight line of each; windows "
        "that would reach across a gap are left out. Times are the middles of the windows.",
        data=wrap.values(found.power[:, None, :]),
        metric="power",
        unit="squared grey levels per Hz",
        **_window_times(found, wrap),
        bands=bands,
        source_timeseries=mean,
    )


def _window_times(found: Spectrogram, wrap: Wrap) -> dict[str, Any]:
    if len(found.time_s) > 1 and np.allclose(np.diff(found.time_s), found.step_s, rtol=1e-6):
        return {"starting_time": float(found.time_s[0]), "rate": 1 / found.step_s}
    return {"timestamps": wrap.values(found.time_s)}


def _images(one: MovieAnalysis) -> Images | None:
    found = dict(one.cells.units.images) if one.cells is not None else {}
    if one.motion is not None:
        found["template"] = one.motion.template
    if not found:
        return None
    size = (one.movie.width_px, one.movie.height_px)
    return Images(
        name=f"SummaryImages_{one.movie.label}",
        description="Pictures of the corrected movie, (x, y), on the picture as it was recorded; NaN where nothing was "
        "analysed.",
        images=[
            GrayscaleImage(
                name=name,
                description=_MEANINGS.get(name, name),
                data=on_picture(image, one.crop, one.bin_px, *size),
            )
            for name, image in found.items()
        ],
    )
