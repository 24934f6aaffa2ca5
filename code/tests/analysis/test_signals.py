"""Trends, phase and spectrum of signals that are known."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.analysis.detrend import Detrend, find_trend, slow_functions, without_trend
from miniscope_to_nwb_zarr.analysis.even_time import stretches
from miniscope_to_nwb_zarr.analysis.normalise import Normalise, relative, write_baseline
from miniscope_to_nwb_zarr.analysis.phase import phase_of
from miniscope_to_nwb_zarr.analysis.spectrogram import spectrogram_of
from miniscope_to_nwb_zarr.core.errors import InputError

RATE = 19.7
ALL = slice(None)


def stamps(n_frames, jitter=0.3, seed=0):
    """Stamps of a camera whose frames reach the computer late by up to a share of the interval."""
    late = np.random.default_rng(seed).uniform(0, jitter, n_frames)
    return -0.021 + (np.arange(n_frames) + late) / RATE


class Pictures:
    """A movie in memory."""

    def __init__(self, frames):
        self.frames = np.asarray(frames, np.float32)
        self.n_frames, self.height_px, self.width_px = self.frames.shape
        self.rate_hz = RATE

    def read(self, frames, rows=ALL, columns=ALL):
        return self.frames[frames, rows, columns].copy()


def silent(_step, _share):
    pass


# even time


def test_a_late_frame_moves_nothing():
    time = stamps(400)
    (part,) = stretches(time, np.sin(2 * np.pi * 0.7 * time).astype(np.float32))
    assert part.rate_hz == pytest.approx(RATE, rel=2e-3)
    assert np.allclose(part.values, np.sin(2 * np.pi * 0.7 * part.time_s), atol=0.02)


def test_few_missing_frames_are_bridged_and_more_of_them_cut():
    time = stamps(300, jitter=0.0)
    kept = np.r_[0:100, 103:200, 220:300]
    first, second = stretches(time[kept], np.arange(300, dtype=np.float32)[kept])
    assert (len(first.values), first.n_bridged) == (200, 3)
    assert np.allclose(first.values, np.arange(200), atol=1e-3)
    assert (second.start_s, len(second.values), second.n_bridged) == (time[220], 80, 0)


def test_stamps_that_go_back_or_are_none_are_left_out():
    time = stamps(100, jitter=0.0)
    time[[10, 50]] = np.nan, time[20]
    values = np.ones(100, np.float32)
    values[70] = np.nan
    (part,) = stretches(time, values)
    assert not np.isin([10, 50, 70], part.frames).any()
    assert len(part.frames) == 97


@pytest.mark.parametrize("time", [[], [1.0], [np.nan] * 5, [3.0, 2.0, 1.0]])
def test_what_has_no_rate_has_no_stretch(time):
    assert stretches(np.array(time), np.zeros(len(time), np.float32)) == ()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=40))
def test_no_stamps_are_too_odd(time):
    found = stretches(np.array(time, np.float64), np.zeros(len(time), np.float32))
    used = [frame for part in found for frame in part.frames]
    assert used == sorted(set(used))


# phase


def test_the_phase_is_that_of_the_rhythm_whatever_lies_under_it():
    time = stamps(1200)
    angle = 2 * np.pi * 0.5 * time
    trace = 100 + 3 * np.cos(angle) - 0.2 * time + 2 * np.cos(2 * np.pi * 5 * time)
    phase = phase_of(time, trace.astype(np.float32), low_hz=0.1, high_hz=1.5)
    inner = slice(200, -200)
    off = np.angle(np.exp(1j * (phase[inner] - angle[inner])))
    assert np.abs(off).max() < 0.15


def test_at_the_ends_the_phase_is_roughly_right_whatever_the_rhythm_begins_with():
    time = stamps(1200)
    off = []
    for start in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        angle = 2 * np.pi * 0.5 * time + start
        phase = phase_of(time, (np.cos(angle) - 0.03 * time).astype(np.float32), low_hz=0.1, high_hz=1.5)
        off.append(np.abs(np.angle(np.exp(1j * (phase - angle)))))
    mean = np.mean(off, axis=0)
    assert mean[10:-10].max() < 0.5
    assert mean[40:-40].max() < 0.15


def test_no_phase_reaches_across_a_gap():
    time = np.concatenate([stamps(600), stamps(90) + 100, stamps(600) + 200])
    phase = phase_of(time, np.cos(2 * np.pi * 0.5 * time).astype(np.float32), low_hz=0.1, high_hz=1.5)
    # 90 frames are less than the ten seconds of the slowest swing
    assert np.isnan(phase[600:690]).all()
    assert np.isfinite(phase[:600]).all()
    assert np.isfinite(phase[690:]).all()
    alone = phase_of(time[:600], np.cos(2 * np.pi * 0.5 * time[:600]).astype(np.float32), low_hz=0.1, high_hz=1.5)
    assert np.abs(np.angle(np.exp(1j * (phase[:600] - alone)))).max() < 0.02


@pytest.mark.parametrize("band", [(1.5, 0.1), (0, 1), (0.1, 10)])
def test_a_band_beyond_half_the_rate_is_refused(band):
    with pytest.raises(InputError, match="half the frame rate"):
        phase_of(stamps(400), np.zeros(400, np.float32), low_hz=band[0], high_hz=band[1])


# spectrogram


def spectrogram(time, trace, **changes):
    usual = {"window_s": 30.0, "step_s": 3.0, "time_bandwidth": 2.0, "highest_hz": 5.0}
    return spectrogram_of(time, trace.astype(np.float32), **{**usual, **changes})


def test_the_power_of_noise_is_its_variance_spread_over_all_frequencies():
    time = stamps(20_000, jitter=0.0)
    trace = np.random.default_rng(1).normal(0, 3, len(time))
    found = spectrogram(time, trace, highest_hz=50)
    # the straight line of each window takes a little of the lowest band
    assert found.power[:, 1:].mean() == pytest.approx(9 / (RATE / 2), rel=0.03)
    assert found.band_hz[-1, 1] == pytest.approx(RATE / 2)
    assert found.n_tapers == 3


def test_a_rhythm_stands_in_its_band_with_its_power():
    time = stamps(4000)
    trace = 50 + 2 * np.cos(2 * np.pi * 1.1 * time)
    found = spectrogram(time, trace)
    (band,) = np.flatnonzero((found.band_hz[:, 0] < 1.1) & (found.band_hz[:, 1] > 1.1))
    assert (found.power.argmax(axis=1) == band).all()
    width = np.diff(found.band_hz[0]).item()
    near = found.power[:, band - 1 : band + 2].sum(axis=1) * width
    assert np.allclose(near, 2**2 / 2, rtol=0.1)


def test_windows_are_at_their_middles_and_none_reaches_across_a_gap():
    time = np.concatenate([stamps(800, jitter=0.0), stamps(900, jitter=0.0) + 60])
    found = spectrogram(time, np.random.default_rng(0).normal(size=1700), window_s=10.0, step_s=1.0)
    reach = found.window_s / 2
    assert all(
        (time[0] - 0.1 <= at - reach and at + reach <= time[799] + 0.1) or (at - reach >= time[800] - 0.1)
        for at in found.time_s
    )
    assert np.allclose(np.diff(found.time_s)[:5], found.step_s)


@pytest.mark.parametrize("seconds", [20, 45, 130, 700])
@pytest.mark.parametrize("step_s", [None, 3.0])
def test_there_are_never_more_bands_than_windows(seconds, step_s):
    time = stamps(int(seconds * RATE))
    window_s = min(30.0, seconds / 4)
    trace = np.random.default_rng(0).normal(size=len(time))
    found = spectrogram(time, trace, window_s=window_s, step_s=step_s, highest_hz=15.0)
    assert found.power.shape == (len(found.time_s), len(found.band_hz))
    assert len(found.band_hz) <= len(found.time_s)
    assert np.isfinite(found.power).all()


def test_what_holds_no_window_has_no_spectrogram():
    time = stamps(100)
    assert spectrogram(time, np.zeros(100)) is None
    assert spectrogram(time[:0], np.zeros(0)) is None


def test_a_window_of_a_few_frames_is_refused():
    with pytest.raises(InputError, match="4 frames"):
        spectrogram(stamps(100), np.zeros(100), window_s=0.2)


# trends of a movie


@pytest.fixture
def bleaching():
    """Pixels that fade alike, each with a trend and a rhythm of its own, and one rhythm of all."""
    rng = np.random.default_rng(2)
    time = stamps(800, jitter=0.0)
    fade = np.exp(-time / 60)
    common = 1 + 0.05 * np.sin(2 * np.pi * 0.4 * time)
    pixels = rng.uniform(50, 150, (5, 6))
    own = rng.normal(0, 0.2, (5, 6)) * (time - time.mean())[:, None, None]
    return time, Pictures((fade * common)[:, None, None] * pixels + own), common


def taken_out(bleaching, method, tmp_path, slowest_s=30.0):
    time, movie, _ = bleaching
    trace = movie.frames.mean(axis=(1, 2))
    trend = find_trend(movie, method, trace, time, slowest_s=slowest_s, folder=tmp_path, progress=silent)
    return without_trend(movie, trend, tmp_path)


def test_without_a_method_the_movie_is_as_it_was(bleaching, tmp_path):
    assert np.array_equal(taken_out(bleaching, Detrend.NONE, tmp_path).read(ALL), bleaching[1].frames)


def test_the_slow_trend_goes_and_what_is_faster_stays(bleaching, tmp_path):
    trace = taken_out(bleaching, Detrend.SLOW, tmp_path).read(ALL).mean(axis=(1, 2))
    common = bleaching[2]
    assert np.corrcoef(trace, common)[0, 1] > 0.98
    assert np.std(trace) / trace.mean() == pytest.approx(np.std(common), rel=0.15)


def test_the_mean_of_each_frame_goes_and_with_it_what_all_pixels_do(bleaching, tmp_path):
    trace = taken_out(bleaching, Detrend.FRAME_MEAN, tmp_path).read(ALL).mean(axis=(1, 2))
    assert np.std(trace) < 1e-3


@pytest.mark.parametrize("method", [Detrend.PIXEL_SLOW, Detrend.PIXEL_LINEAR])
def test_each_pixel_loses_its_own_trend_and_keeps_its_mean(bleaching, tmp_path, method):
    time, movie, _ = bleaching
    left = taken_out(bleaching, method, tmp_path)
    values = left.read(ALL)
    slope = np.tensordot(time - time.mean(), values, axes=1)
    assert np.abs(slope).max() < 1e-2 * np.abs(np.tensordot(time - time.mean(), movie.frames, axes=1)).max()
    assert np.allclose(values.mean(axis=0), movie.frames.mean(axis=0), rtol=1e-4)
    # files and small arrays travel, not the picture of each function
    sent = dataclasses.replace(left, movie=None)
    assert len(pickle.dumps(sent)) < 40_000
    part = left.read(slice(3, 9), slice(1, 3), slice(2, 3))
    assert np.allclose(part, values[3:9, 1:3, 2:3], rtol=1e-5)


def test_slow_functions_are_slower_than_asked_for():
    time = stamps(2000)
    functions = slow_functions(time, 20.0)
    crossings = (np.diff(np.sign(functions[:, 2:]), axis=0) != 0).sum(axis=0)
    assert crossings.max() == functions.shape[1] - 2
    # each crossing is half a period
    assert np.ptp(time) / crossings.max() * 2 >= 20.0


# relative brightness


def made_relative(frames, method, tmp_path, window_s, quantile):
    write_baseline(Pictures(frames), window_s=window_s, quantile=quantile, folder=tmp_path, progress=silent)
    return relative(Pictures(frames), method, window_s, tmp_path)


@pytest.mark.parametrize(
    ("method", "expected"), [(Normalise.DF_OVER_F, lambda f0: 1 / f0), (Normalise.DF_OVER_SQRT_F, lambda f0: f0**-0.5)]
)
def test_brightness_is_relative_to_a_low_quantile(tmp_path, method, expected):
    f0 = np.random.default_rng(0).uniform(20, 200, (4, 3)).astype(np.float32)
    frames = np.tile(f0, (1000, 1, 1))
    frames[500:520] += 10
    movie = made_relative(frames, method, tmp_path, 10, 0.08)
    found = movie.read(slice(480, 530))
    assert np.allclose(found[20:40], 10 * expected(f0), rtol=1e-5)
    assert np.allclose(found[:20], 0, atol=1e-5)
    assert np.array_equal(movie.read(slice(490, 510), slice(1, 3), slice(0, 2)), found[10:30, 1:3, :2])


def test_the_baseline_follows_the_recording_without_steps(tmp_path):
    frames = (100 - np.arange(1000) / RATE)[:, None, None] * np.ones((1, 2, 2))
    inner = made_relative(frames, Normalise.DF_OVER_F, tmp_path, 5, 0.5).read(slice(100, 900))
    assert np.abs(inner).max() < 1e-3


def test_a_black_pixel_stays_finite(tmp_path):
    movie = made_relative(np.zeros((50, 2, 2)), Normalise.DF_OVER_SQRT_F, tmp_path, 1, 0.1)
    assert np.array_equal(movie.read(ALL), np.zeros((50, 2, 2)))
