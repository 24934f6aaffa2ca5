"""The movies that an NWB file holds, as far as an analysis needs to know them before it reads a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pynwb.ophys import OnePhotonSeries

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.timing import rate_hz

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pynwb import NWBFile

FEWEST_FRAMES = 50
_MARKS = frozenset({"frame damaged", "frame lost"})
"""Tags that the conversion gives the frames that are damaged in the video."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordedMovie:
    """A series of frames of one scope.

    Attributes
    ----------
    series : str
        Name in the file's acquisition.
    scope : str
        Name of the device.
    n_frames, width_px, height_px : int
    dtype : dtype
    time_s : float64, shape (n_frames,)
        Stamps from the start of the session.
    rate_hz : float
        Measured.
    damaged : tuple of int
        Frames that are damaged or lost in the video.
    """

    series: str
    scope: str
    n_frames: int
    width_px: int
    height_px: int
    dtype: np.dtype[np.generic]
    time_s: NDArray[np.float64]
    rate_hz: float
    damaged: tuple[int, ...]

    @property
    def path(self) -> str:
        """Of the array in the file."""
        return f"acquisition/{self.series}/data"

    @property
    def label(self) -> str:
        """How names of results end."""
        return self.series.removeprefix("OnePhotonSeries").strip("_ ") or self.scope

    @property
    def replaced(self) -> tuple[tuple[int, int], ...]:
        """Each damaged frame, and the nearest one with a true picture, of two the earlier."""
        bad = np.array(self.damaged, np.int64)
        good = np.setdiff1d(np.arange(self.n_frames), bad)
        if not len(good):
            return ()
        after = np.searchsorted(good, bad)
        before = good[np.clip(after - 1, 0, len(good) - 1)]
        after = good[np.clip(after, 0, len(good) - 1)]
        nearest = np.where((np.abs(bad - before) <= np.abs(after - bad)), before, after)
        return tuple(zip(bad.tolist(), nearest.tolist(), strict=True))


def find_movies(nwbfile: NWBFile, name: str) -> tuple[tuple[RecordedMovie, ...], tuple[Finding, ...]]:
    """Every one-photon movie in the acquisition of a file that can be analysed; a finding for each other.

    Parameters
    ----------
    nwbfile : NWBFile
    name : str
        What messages call it.

    Raises
    ------
    InputError
        There is none that can be analysed.
    """
    series = [one for one in nwbfile.acquisition.values() if isinstance(one, OnePhotonSeries)]
    if not series:
        raise InputError(f"{name}: holds no OnePhotonSeries in its acquisition, so there is no movie to analyse")
    found, refused = [], []
    for one in series:
        reason = _unfit(one)
        if reason:
            sentence = f"{reason}; it was left out of the analysis"
            refused.append(Finding(Code.MOVIE_LEFT_OUT, Severity.WARNING, one.name, sentence))
        else:
            found.append(_recorded(nwbfile, one))
    if not found:
        listed = "; ".join(f"{finding.where} {finding.sentence}" for finding in refused)
        raise InputError(f"{name}: no movie in it can be analysed: {listed}")
    return tuple(found), tuple(refused)


def _unfit(series: OnePhotonSeries) -> str:
    """Why a series cannot be analysed; empty where it can."""
    if series.external_file is not None or series.data is None or len(series.data.shape) != 3:
        return "has its frames in files beside the NWB file, or they are not gray"
    n_frames, width, height = series.data.shape
    if n_frames < FEWEST_FRAMES:
        return f"has {n_frames} frames; expected at least {FEWEST_FRAMES}"
    if min(width, height) < 16:
        return f"has pictures of {width} x {height} pixels; expected at least 16 x 16"
    if _rate(_stamps(series)) is None:
        return "has stamps that do not increase from frame to frame"
    return ""


def _recorded(nwbfile: NWBFile, series: OnePhotonSeries) -> RecordedMovie:
    n_frames, width, height = series.data.shape
    time_s = _stamps(series)
    device = series.imaging_plane.device
    return RecordedMovie(
        series=series.name,
        scope=series.imaging_plane.name if device is None else device.name,
        n_frames=n_frames,
        width_px=width,
        height_px=height,
        dtype=np.dtype(series.data.dtype),
        time_s=time_s,
        rate_hz=_rate(time_s) or 0.0,
        damaged=_damaged(nwbfile, series, time_s),
    )


def _stamps(series: OnePhotonSeries) -> NDArray[np.float64]:
    if series.timestamps is not None:
        return np.asarray(series.timestamps[:], np.float64)
    return np.asarray(series.starting_time + np.arange(series.data.shape[0]) / series.rate, np.float64)


def _rate(time_s: NDArray[np.float64]) -> float | None:
    return rate_hz(time_s[np.isfinite(time_s)])


def _damaged(nwbfile: NWBFile, series: OnePhotonSeries, time_s: NDArray[np.float64]) -> tuple[int, ...]:
    table = nwbfile.invalid_times
    if table is None or not {"tags", "timeseries"} <= set(table.colnames):
        return ()
    found: set[int] = set()
    for row in range(len(table)):
        is_marked = not _MARKS.isdisjoint(table["tags"][row])
        if is_marked and any(one.timeseries is series for one in table["timeseries"][row]):
            found.update(np.flatnonzero(time_s == table["start_time"][row]).tolist())
    return tuple(sorted(found))
