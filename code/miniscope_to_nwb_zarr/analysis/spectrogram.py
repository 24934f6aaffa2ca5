"""Spectrogram of the mean fluorescence, by several tapers.

Thomson, D. J. (1982), Spectrum estimation and harmonic analysis, Proc. IEEE 70, 1055-1096: the power of a short piece
of signal is the mean over orthogonal tapers (Slepian's), which trades resolution for variance by one number, the
product of time and bandwidth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal.windows import dpss

from miniscope_to_nwb_zarr.analysis.even_time import stretches
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.even_time import Stretch

_WINDOWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Power of a signal by time and frequency.

    Attributes
    ----------
    time_s : float64, shape (n_windows,)
        Middle of each window; windows that would reach across a gap are left out.
    band_hz : float64, shape (n_bands, 2)
        Lower and upper end of each band.
    power : float32, shape (n_windows, n_bands)
        Mean power spectral density in the band, in squared units of the signal per Hz; one-sided.
    window_s, step_s : float
        As used: whole numbers of frames.
    n_tapers : int
    """

    time_s: NDArray[np.float64]
    band_hz: NDArray[np.float64]
    power: NDArray[np.float32]
    window_s: float
    step_s: float
    n_tapers: int


def spectrogram_of(
    time_s: NDArray[np.float64],
    trace: NDArray[np.float32],
    *,
    window_s: float,
    step_s: float | None,
    time_bandwidth: float,
    highest_hz: float,
) -> Spectrogram | None:
    """Power of a trace by time and frequency.

    A straight line is taken out of each window. Bands are as wide as the tapers resolve, 2 `time_bandwidth` /
    `window_s`, or wider where there would be more bands than windows.

    Parameters
    ----------
    time_s : float64, shape (n_frames,)
    trace : float32, shape (n_frames,)
    window_s : float
    step_s : float, optional
        From one window to the next; a tenth of a window or less where not given, so that there are as many windows as
        bands.
    time_bandwidth : float
        Product of a window's length and half the resolution; 2 `time_bandwidth` - 1 tapers are used.
    highest_hz : float
        Frequencies up to this one, or to half the frame rate.

    Returns
    -------
    Spectrogram or None
        None where no stretch without a gap holds a window.

    Raises
    ------
    InputError
        A window has fewer than eight frames.
    """
    parts = stretches(time_s, trace)
    if not parts:
        return None
    rate = parts[0].rate_hz
    n_window = round(window_s * rate)
    if n_window < 8:
        raise InputError(f"windows of {window_s:g} s have {n_window} frames each, too few for a spectrum: expected 8")
    parts = tuple(part for part in parts if len(part.values) >= n_window)
    if not parts:
        return None
    highest = min(highest_hz, rate / 2)
    width = 2 * time_bandwidth * rate / n_window
    n_bands = max(1, floor(highest / width + 1e-9))
    starts = sum(len(part.values) - n_window for part in parts)
    n_step = max(1, round(step_s * rate) if step_s else min(round(n_window / 10), starts // n_bands))
    times, spectra = zip(*(_spectra(part, n_window, n_step, time_bandwidth) for part in parts), strict=True)
    time, density = np.concatenate(times), np.concatenate(spectra)
    # readers of NWB take an array with more bands than windows for one that lies on its side
    edges = np.linspace(0, highest, min(n_bands, len(time)) + 1)
    frequency = np.fft.rfftfreq(n_window, 1 / rate)
    band_of = np.clip(np.searchsorted(edges, frequency, side="right") - 1, 0, len(edges) - 2)
    inside = (frequency > 0) & (frequency <= highest)
    power = np.stack(
        [density[:, inside & (band_of == k)].mean(axis=1) for k in range(len(edges) - 1)], axis=1, dtype=np.float32
    )
    n_tapers = _n_tapers(time_bandwidth)
    return Spectrogram(time, np.stack([edges[:-1], edges[1:]], axis=1), power, n_window / rate, n_step / rate, n_tapers)


def _spectra(
    part: Stretch, n_window: int, n_step: int, time_bandwidth: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles of the windows of one stretch, and their spectra, shape (n_windows, n_window // 2 + 1)."""
    rate = part.rate_hz
    windows = np.lib.stride_tricks.sliding_window_view(part.values, n_window)[::n_step]
    middles = np.arange(len(windows)) * n_step + (n_window - 1) / 2
    time = (part.start_s + middles / rate).astype(np.float64)
    tapers = dpss(n_window, time_bandwidth, _n_tapers(time_bandwidth))
    basis = np.linalg.qr(np.vander(np.arange(n_window) - (n_window - 1) / 2, 2))[0]
    density = np.empty((len(windows), n_window // 2 + 1))
    for first in range(0, len(windows), _WINDOWS_AT_ONCE):
        some = windows[first : first + _WINDOWS_AT_ONCE]
        some = some - some @ basis @ basis.T
        spectrum = np.abs(np.fft.rfft(some[:, None] * tapers, axis=-1)) ** 2
        density[first : first + len(some)] = spectrum.mean(axis=1) * 2 / rate
    # zero and half the rate have no twin on the other side
    density[:, 0] /= 2
    if n_window % 2 == 0:
        density[:, -1] /= 2
    return time, density


def _n_tapers(time_bandwidth: float) -> int:
    return max(1, floor(2 * time_bandwidth) - 1)
